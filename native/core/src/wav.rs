//! The header of the RIFF/WAVE files that we write. They are read where all files are, in `offhook-media-decode`.

/// Bytes of the header that we write.
pub const HEADER: usize = 44;

const PCM: u16 = 1;

/// The header of a 16-bit PCM file with so many samples per channel.
pub fn header(channels: u16, rate: u32, samples: u64) -> [u8; HEADER] {
    let block = channels * 2;
    let data = u32::try_from(samples * u64::from(block)).unwrap_or(u32::MAX - HEADER as u32);
    let mut bytes = [0; HEADER];
    bytes[..4].copy_from_slice(b"RIFF");
    bytes[4..8].copy_from_slice(&(data + HEADER as u32 - 8).to_le_bytes());
    bytes[8..16].copy_from_slice(b"WAVEfmt ");
    bytes[16..20].copy_from_slice(&16u32.to_le_bytes());
    bytes[20..22].copy_from_slice(&PCM.to_le_bytes());
    bytes[22..24].copy_from_slice(&channels.to_le_bytes());
    bytes[24..28].copy_from_slice(&rate.to_le_bytes());
    bytes[28..32].copy_from_slice(&(rate * u32::from(block)).to_le_bytes());
    bytes[32..34].copy_from_slice(&block.to_le_bytes());
    bytes[34..36].copy_from_slice(&16u16.to_le_bytes());
    bytes[36..40].copy_from_slice(b"data");
    bytes[40..44].copy_from_slice(&data.to_le_bytes());
    bytes
}
