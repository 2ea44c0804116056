//! Ogg pages (RFC 3533): written one after the other, and the last one changed when a stream ends earlier than it was written.
//!
//! Packets are never spread over pages; whoever fills a page asks whether there is room.

/// Bytes of a page before its segment table.
pub const HEADER: usize = 27;
/// The first page of a stream.
pub const FIRST: u8 = 2;
/// The last page of a stream.
pub const LAST: u8 = 4;

const MOST_SEGMENTS: usize = 255;
const SEGMENT: usize = 255;

/// What of a stream has not been written yet.
#[derive(Debug)]
pub struct Page {
    serial: u32,
    sequence: u32,
    lacing: Vec<u8>,
    body: Vec<u8>,
    packets: usize,
}

impl Page {
    /// The first of a stream that `serial` names within its file.
    pub fn new(serial: u32) -> Self {
        Self {
            serial,
            sequence: 0,
            lacing: Vec::new(),
            body: Vec::new(),
            packets: 0,
        }
    }

    /// Packets in it.
    pub fn packets(&self) -> usize {
        self.packets
    }

    /// Whether a packet of so many bytes finds room.
    pub fn has_room(&self, length: usize) -> bool {
        self.lacing.len() + length / SEGMENT < MOST_SEGMENTS
    }

    /// Puts a packet in; it must find room.
    pub fn add(&mut self, packet: &[u8]) {
        self.lacing
            .extend(std::iter::repeat_n(SEGMENT as u8, packet.len() / SEGMENT));
        self.lacing.push((packet.len() % SEGMENT) as u8);
        self.body.extend_from_slice(packet);
        self.packets += 1;
    }

    /// Appends it to `out` and begins the next one. `granule` is the position at its end, in the units of the codec.
    pub fn write(&mut self, granule: u64, flags: u8, out: &mut Vec<u8>) {
        let start = out.len();
        out.extend_from_slice(b"OggS\0");
        out.push(flags);
        out.extend_from_slice(&granule.to_le_bytes());
        out.extend_from_slice(&self.serial.to_le_bytes());
        out.extend_from_slice(&self.sequence.to_le_bytes());
        out.extend_from_slice(&[0; 4]);
        out.push(self.lacing.len() as u8);
        out.append(&mut self.lacing);
        out.append(&mut self.body);
        seal(&mut out[start..]);
        self.sequence += 1;
        self.packets = 0;
    }
}

/// Where a page ends, in bytes from its start and in the units of its codec.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct End {
    /// Bytes.
    pub length: usize,
    /// Granule position.
    pub granule: u64,
    /// Whether it is the first of its stream.
    pub first: bool,
}

/// Where the page ends whose header and segment table `bytes` begin with; `None` when they are none, or cut off.
pub fn end(bytes: &[u8]) -> Option<End> {
    if bytes.get(..5)? != b"OggS\0" {
        return None;
    }
    let segments = usize::from(*bytes.get(26)?);
    let lacing = bytes.get(HEADER..HEADER + segments)?;
    let body: usize = lacing.iter().map(|length| usize::from(*length)).sum();
    Some(End {
        length: HEADER + segments + body,
        granule: u64::from_le_bytes(bytes.get(6..14)?.try_into().ok()?),
        first: bytes.get(5)? & FIRST != 0,
    })
}

/// Makes a whole page the last one of its stream, which then ends at `granule`.
pub fn make_last(page: &mut [u8], granule: u64) {
    page[5] |= LAST;
    page[6..14].copy_from_slice(&granule.to_le_bytes());
    seal(page);
}

fn seal(page: &mut [u8]) {
    page[22..26].fill(0);
    let sum = checksum(page);
    page[22..26].copy_from_slice(&sum.to_le_bytes());
}

/// The generator polynomial 0x04C11DB7, neither reflected nor inverted.
fn checksum(bytes: &[u8]) -> u32 {
    const TABLE: [u32; 256] = table();
    let step = |sum: u32, byte: &u8| sum << 8 ^ TABLE[((sum >> 24) as u8 ^ byte) as usize];
    bytes.iter().fold(0, step)
}

const fn table() -> [u32; 256] {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        let mut sum = (byte as u32) << 24;
        let mut bit = 0;
        while bit < 8 {
            sum = sum << 1 ^ if sum >> 31 == 1 { 0x04C1_1DB7 } else { 0 };
            bit += 1;
        }
        table[byte] = sum;
        byte += 1;
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_checksum_is_that_of_the_standard() {
        assert_eq!(checksum(b"123456789"), 0x89A1_897F);
    }

    #[test]
    fn a_page_holds_packets_of_any_length_and_says_where_it_ends() {
        let mut page = Page::new(7);
        let mut out = Vec::new();
        for length in [0, 1, 254, 255, 256, 1275] {
            assert!(page.has_room(length));
            page.add(&vec![9; length]);
        }
        assert!(!page.has_room(255 * 255));
        page.write(960, FIRST, &mut out);
        assert_eq!(
            end(&out),
            Some(End {
                length: out.len(),
                granule: 960,
                first: true
            })
        );
        assert_eq!(out[27..37], [0, 1, 254, 255, 0, 255, 1, 255, 255, 255]);
        page.add(&[1]);
        page.write(1920, 0, &mut out);
        let first = end(&out).expect("a page").length;
        assert_eq!(out[first + 18..first + 22], 1u32.to_le_bytes());
    }

    #[test]
    fn a_page_can_be_made_the_last_one() {
        let mut page = Page::new(7);
        let (mut ended, mut written) = (Vec::new(), Vec::new());
        page.add(&[1, 2, 3]);
        page.write(960, 0, &mut ended);
        make_last(&mut ended, 500);
        let mut page = Page::new(7);
        page.add(&[1, 2, 3]);
        page.write(500, LAST, &mut written);
        assert_eq!(ended, written);
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
            let _ = end(&bytes);
            let _ = end(&[b"OggS\0".as_slice(), &bytes].concat());
        }
    }
}
