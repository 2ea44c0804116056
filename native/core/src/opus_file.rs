//! An Ogg/Opus file while it is made (RFC 7845): samples in, pages out.
//!
//! Channels are coded apart from each other, as streams of their own in each packet (RFC 7845 section 5.1.1.2): what the
//! one side of a call says is not to be heard faintly on the other, which joint stereo would bring about.

use opusic_c::{Application, Bitrate, Channels, Encoder, SampleRate};

use crate::ogg_page::{Page, FIRST, LAST};

/// Units of positions in the file per second.
pub const UNITS: u32 = 48_000;
/// Packets of 20 ms in a page: what a crash can lose, half a second.
const PACKETS: usize = 25;
const LONGEST_PACKET: usize = 1276;
const COMPLEXITY: u8 = 5;

/// Samples on their way into a file.
pub struct OpusFile {
    encoders: Vec<Encoder>,
    frame: usize,
    units: u64,
    lead: u64,
    waiting: Vec<i16>,
    taken: u64,
    coded: u64,
    page: Page,
}

impl std::fmt::Debug for OpusFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("OpusFile")
    }
}

impl OpusFile {
    /// An encoder, and the bytes that the file begins with. `rate` is one of Opus: 8000, 12,000, 16,000, 24,000 or 48,000.
    /// `None` when it is another, or there is no memory.
    pub fn new(channels: u16, rate: u32, serial: u32) -> Option<(Self, Vec<u8>)> {
        let (hertz, bitrate) = match rate {
            8000 => (SampleRate::Hz8000, 16_000),
            12_000 => (SampleRate::Hz12000, 20_000),
            16_000 => (SampleRate::Hz16000, 24_000),
            24_000 => (SampleRate::Hz24000, 28_000),
            48_000 => (SampleRate::Hz48000, 32_000),
            _ => return None,
        };
        let mut encoders = Vec::new();
        for _ in 0..channels {
            let mut encoder = Encoder::new(Channels::Mono, hertz, Application::Voip).ok()?;
            encoder.set_bitrate(Bitrate::Value(bitrate)).ok()?;
            encoder.set_complexity(COMPLEXITY).ok()?;
            encoders.push(encoder);
        }
        let units = u64::from(UNITS / rate);
        let lead = u64::from(encoders.first_mut()?.get_look_ahead().ok()?) * units;
        let mut file = Self {
            encoders,
            frame: rate as usize / 50,
            units,
            lead,
            waiting: Vec::new(),
            taken: 0,
            coded: 0,
            page: Page::new(serial),
        };
        let mut head = Vec::new();
        file.page.add(&identification(channels as u8, lead as u16, rate));
        file.page.write(0, FIRST, &mut head);
        file.page.add(b"OpusTags\x07\0\0\0offhook\0\0\0\0");
        file.page.write(0, 0, &mut head);
        Some((file, head))
    }

    /// Position in the file after so many samples of each channel.
    pub fn position(&self, samples: u64) -> u64 {
        self.lead + samples * self.units
    }

    /// Takes samples (interleaved), and appends the pages that are full to `out`.
    pub fn append(&mut self, samples: &[i16], out: &mut Vec<u8>) {
        let channels = self.encoders.len();
        self.taken += (samples.len() / channels) as u64;
        self.waiting.extend_from_slice(samples);
        let whole = self.frame * channels;
        let waiting = std::mem::take(&mut self.waiting);
        let mut frames = waiting.chunks_exact(whole);
        for frame in &mut frames {
            self.code(frame, out);
        }
        self.waiting = frames.remainder().to_vec();
    }

    /// Nothing follows: appends what there is to `out`.
    pub fn finish(&mut self, out: &mut Vec<u8>) {
        let end = self.position(self.taken);
        let whole = self.frame * self.encoders.len();
        // What the encoder still holds comes out with the silence that follows.
        while self.coded * self.units < end {
            let mut frame = std::mem::take(&mut self.waiting);
            frame.resize(whole, 0);
            self.code(&frame, out);
        }
        self.page.write(end, LAST, out);
    }

    fn code(&mut self, frame: &[i16], out: &mut Vec<u8>) {
        let channels = self.encoders.len();
        let mut packet = Vec::new();
        for (channel, encoder) in self.encoders.iter_mut().enumerate() {
            let samples: Vec<u16> = frame
                .iter()
                .skip(channel)
                .step_by(channels)
                .map(|s| *s as u16)
                .collect();
            let mut room = [0; LONGEST_PACKET];
            let length = encoder.encode_to_slice(&samples, &mut room).unwrap_or(0);
            let last = channel + 1 == channels;
            join(&mut packet, &room[..length], last);
        }
        // A full page is kept until there is more, so that there is always one to be the last.
        if self.page.packets() >= PACKETS || !self.page.has_room(packet.len()) {
            self.page.write(self.coded * self.units, 0, out);
        }
        self.page.add(&packet);
        self.coded += self.frame as u64;
    }
}

/// "OpusHead" (RFC 7845 section 5.1).
fn identification(channels: u8, lead: u16, rate: u32) -> Vec<u8> {
    let mut head = b"OpusHead\x01".to_vec();
    head.push(channels);
    head.extend_from_slice(&lead.to_le_bytes());
    head.extend_from_slice(&rate.to_le_bytes());
    head.extend_from_slice(&[0, 0]);
    if channels == 1 {
        head.push(0);
    } else {
        head.extend_from_slice(&[1, channels, 0]);
        head.extend(0..channels);
    }
    head
}

/// Appends a channel's packet; all but the last say how long they are (RFC 6716 appendix B).
fn join(whole: &mut Vec<u8>, packet: &[u8], last: bool) {
    /// Two bits of the first byte: how many frames there are; 0 is one.
    const FRAMES: u8 = 3;
    // What could not be encoded is a frame of nothing, which decoders conceal.
    let packet = if packet.first().is_some_and(|toc| toc & FRAMES == 0) {
        packet
    } else {
        &[0x08]
    };
    let (toc, frame) = (packet[0], &packet[1..]);
    whole.push(toc);
    if !last {
        match frame.len() {
            short @ ..252 => whole.push(short as u8),
            long => {
                let low = 252 + (long & 3);
                whole.extend_from_slice(&[low as u8, ((long - low) / 4) as u8]);
            }
        }
    }
    whole.extend_from_slice(frame);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ogg_page;
    use opusic_c::Decoder;

    fn tone(hertz: f64, rate: u32, samples: usize) -> Vec<i16> {
        let step = hertz * std::f64::consts::TAU / f64::from(rate);
        (0..samples)
            .map(|at| (8000.0 * (step * at as f64).sin()) as i16)
            .collect()
    }

    fn level(samples: &[i16], hertz: f64) -> f64 {
        let step = hertz * std::f64::consts::TAU / f64::from(UNITS);
        let (sin, cos) = samples.iter().enumerate().fold((0.0, 0.0), |(sin, cos), (at, sample)| {
            let angle = step * at as f64;
            (
                sin + f64::from(*sample) * angle.sin(),
                cos + f64::from(*sample) * angle.cos(),
            )
        });
        2.0 * f64::hypot(sin, cos) / samples.len() as f64
    }

    /// The packets of a file of one or two channels, each channel apart; and where it ends.
    fn packets(bytes: &[u8], channels: usize) -> (Vec<Vec<Vec<u8>>>, u64) {
        let (mut at, mut found, mut granule) = (0, vec![Vec::new(); channels], 0);
        let mut number = 0;
        while let Some(end) = ogg_page::end(&bytes[at..]) {
            let segments = usize::from(bytes[at + 26]);
            let mut body = at + ogg_page::HEADER + segments;
            let mut length = 0;
            for lacing in &bytes[at + ogg_page::HEADER..at + ogg_page::HEADER + segments] {
                length += usize::from(*lacing);
                if *lacing < 255 {
                    let packet = &bytes[body..body + length];
                    if number > 1 {
                        split(packet, &mut found);
                    }
                    number += 1;
                    body += length;
                    length = 0;
                }
            }
            (at, granule) = (at + end.length, end.granule);
        }
        assert_eq!(at, bytes.len());
        (found, granule)
    }

    fn split(packet: &[u8], found: &mut [Vec<Vec<u8>>]) {
        if found.len() == 1 {
            found[0].push(packet.to_vec());
            return;
        }
        let (length, head) = match packet[1] {
            short @ ..252 => (usize::from(short), 2),
            long => (usize::from(long) + 4 * usize::from(packet[2]), 3),
        };
        let mut first = vec![packet[0]];
        first.extend_from_slice(&packet[head..head + length]);
        found[0].push(first);
        found[1].push(packet[head + length..].to_vec());
    }

    fn decoded(packets: &[Vec<u8>]) -> Vec<i16> {
        let mut decoder = Decoder::new(Channels::Mono, SampleRate::Hz48000).expect("memory");
        let mut all = Vec::new();
        for packet in packets {
            let mut room = [0u16; 960];
            let made = decoder.decode_to_slice(packet, &mut room, false).expect("a packet");
            assert_eq!(made, 960);
            all.extend(room.iter().map(|s| *s as i16));
        }
        all
    }

    #[test]
    fn both_channels_come_back_without_a_trace_of_each_other() {
        for rate in [8000, 16_000, 48_000] {
            let (mut file, mut bytes) = OpusFile::new(2, rate, 1).expect("memory");
            let seconds = 2 * rate as usize;
            let (left, right) = (tone(600.0, rate, seconds), tone(1000.0, rate, seconds));
            let both: Vec<i16> = left.iter().zip(&right).flat_map(|(l, r)| [*l, *r]).collect();
            both.chunks(1234).for_each(|part| file.append(part, &mut bytes));
            file.finish(&mut bytes);
            let (channels, end) = packets(&bytes, 2);
            assert_eq!(end, file.position(seconds as u64));
            for (packets, own, other) in [(&channels[0], 600.0, 1000.0), (&channels[1], 1000.0, 600.0)] {
                let heard = decoded(packets);
                assert!(heard.len() as u64 >= end);
                let middle = &heard[24_000..72_000];
                assert!(level(middle, own) > 6000.0, "{}", level(middle, own));
                assert!(level(middle, other) < 80.0, "{}", level(middle, other));
            }
        }
    }

    #[test]
    fn every_half_second_is_written_as_it_comes() {
        let (mut file, mut bytes) = OpusFile::new(1, 8000, 1).expect("memory");
        let mut written = 0;
        for second in 1..=4 {
            file.append(&tone(600.0, 8000, 8000), &mut bytes);
            let (channels, end) = packets(&bytes, 1);
            written = channels[0].len();
            assert!(
                written as u64 >= second * 50 - 25 && end == written as u64 * 960,
                "{written}"
            );
        }
        file.finish(&mut bytes);
        let (channels, end) = packets(&bytes, 1);
        assert_eq!(end, file.position(32_000));
        assert!(channels[0].len() > written);
    }

    #[test]
    fn a_file_of_nothing_is_a_file() {
        let (mut file, mut bytes) = OpusFile::new(1, 8000, 1).expect("memory");
        file.finish(&mut bytes);
        assert_eq!(packets(&bytes, 1).1, file.position(0));
    }

    #[test]
    fn a_packet_that_says_its_length_does_so_in_one_or_two_bytes() {
        for length in [0usize, 1, 251, 252, 253, 255, 1000, 1274] {
            let mut packet = vec![0x08];
            packet.extend(vec![7; length]);
            let mut whole = Vec::new();
            join(&mut whole, &packet, false);
            join(&mut whole, &[0x10, 1], true);
            let mut found = vec![Vec::new(); 2];
            split(&whole, &mut found);
            assert_eq!(found, [[packet], [vec![0x10, 1]]]);
        }
    }

    #[test]
    fn other_rates_are_refused() {
        assert!(OpusFile::new(1, 44_100, 1).is_none());
    }
}
