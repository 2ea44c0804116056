//! SRTP and SRTCP (RFC 3711) under keys that signalling agreed on: what leaves is sealed, what arrives is opened or dropped.
//!
//! One master key for each direction, and no others: no MKI, no re-keying by rate, no suite without encryption or
//! authentication. A key that signalling names again goes on where it was; a new one starts afresh.

mod derive;
mod suite;
mod transform;
mod window;

pub use suite::{MasterKey, Security, Suite};

use crate::rtp;
use transform::{Transform, MOST_ADDED, RTCP_CLEAR};
use window::Window;

/// Streams of one far end under one key whose indices are remembered; for a new one, the least recent is forgotten. Only
/// who holds the key can make them.
const MOST_STREAMS: usize = 16;
/// The largest packet that is sealed.
const LARGEST: usize = crate::sender::LARGEST;

#[derive(Debug, Default, Clone, Copy)]
struct Stream {
    ssrc: u32,
    rtp: Window,
    rtcp: Window,
}

/// Seals our packets.
#[derive(Debug)]
pub struct Outbound {
    key: MasterKey,
    rtp: Transform,
    rtcp: Transform,
    sent: Window,
    reports: u32,
    buffer: Box<[u8; LARGEST + MOST_ADDED]>,
}

impl Outbound {
    /// At the start of a stream.
    pub fn new(key: MasterKey) -> Self {
        Self {
            rtp: Transform::new(&key, false),
            rtcp: Transform::new(&key, true),
            key,
            sent: Window::default(),
            reports: 0,
            buffer: Box::new([0; LARGEST + MOST_ADDED]),
        }
    }

    /// Whether it seals under this key.
    pub fn uses(&self, key: &MasterKey) -> bool {
        self.key == *key
    }

    /// Seals an RTP packet of our one stream. `None` when its index was used: two packets under one key stream would give
    /// away both.
    pub fn rtp(&mut self, packet: &[u8]) -> Option<&[u8]> {
        let (ssrc, sequence, start) = rtp::outline(packet)?;
        let index = self.sent.guess(sequence);
        if packet.len() > LARGEST || !self.sent.fresh(index) {
            return None;
        }
        self.sent.mark(index);
        self.buffer[..packet.len()].copy_from_slice(packet);
        let length = self
            .rtp
            .seal_rtp(&mut self.buffer[..], start, packet.len(), ssrc, index);
        Some(&self.buffer[..length])
    }

    /// Seals a compound RTCP packet; `None` after 2^31 of them.
    pub fn rtcp(&mut self, packet: &[u8]) -> Option<&[u8]> {
        let ssrc = rtcp_ssrc(packet)?;
        if packet.len() > LARGEST || self.reports >> 31 != 0 {
            return None;
        }
        let index = self.reports;
        self.reports += 1;
        self.buffer[..packet.len()].copy_from_slice(packet);
        let length = self.rtcp.seal_rtcp(&mut self.buffer[..], packet.len(), ssrc, index);
        Some(&self.buffer[..length])
    }
}

/// Opens their packets.
#[derive(Debug)]
pub struct Inbound {
    key: MasterKey,
    rtp: Transform,
    rtcp: Transform,
    streams: Vec<Stream>,
}

impl Inbound {
    /// Before the first packet.
    pub fn new(key: MasterKey) -> Self {
        Self {
            rtp: Transform::new(&key, false),
            rtcp: Transform::new(&key, true),
            key,
            streams: Vec::new(),
        }
    }

    /// Whether it opens under this key.
    pub fn uses(&self, key: &MasterKey) -> bool {
        self.key == *key
    }

    /// Opens an RTP packet in place. `None` when it is not genuine, or was heard before.
    pub fn rtp<'a>(&mut self, packet: &'a mut [u8]) -> Option<&'a [u8]> {
        let (ssrc, sequence, start) = rtp::outline(packet)?;
        let mut stream = self.stream(ssrc);
        let index = stream.rtp.guess(sequence);
        if !stream.rtp.fresh(index) {
            return None;
        }
        let length = self.rtp.open_rtp(packet, start, ssrc, index)?;
        stream.rtp.mark(index);
        self.remember(stream);
        Some(&packet[..length])
    }

    /// Opens an RTCP packet in place, likewise.
    pub fn rtcp<'a>(&mut self, packet: &'a mut [u8]) -> Option<&'a [u8]> {
        let ssrc = rtcp_ssrc(packet)?;
        let index = self.rtcp.rtcp_index(packet)?;
        let mut stream = self.stream(ssrc);
        if !stream.rtcp.fresh(u64::from(index)) {
            return None;
        }
        let length = self.rtcp.open_rtcp(packet, ssrc, index)?;
        stream.rtcp.mark(u64::from(index));
        self.remember(stream);
        Some(&packet[..length])
    }

    fn stream(&self, ssrc: u32) -> Stream {
        let known = self.streams.iter().find(|stream| stream.ssrc == ssrc);
        known.copied().unwrap_or(Stream {
            ssrc,
            ..Stream::default()
        })
    }

    // The most recent is the first.
    fn remember(&mut self, stream: Stream) {
        let at = self.streams.iter().position(|known| known.ssrc == stream.ssrc);
        if at.is_none() {
            self.streams.truncate(MOST_STREAMS - 1);
            self.streams.push(stream);
        }
        let at = at.unwrap_or(self.streams.len() - 1);
        self.streams[at] = stream;
        self.streams[..=at].rotate_right(1);
    }
}

fn rtcp_ssrc(packet: &[u8]) -> Option<u32> {
    let head = packet.get(..RTCP_CLEAR).filter(|head| head[0] >> 6 == 2)?;
    Some(u32::from_be_bytes(head[4..].try_into().ok()?))
}

#[cfg(test)]
pub(crate) fn unhex(text: &str) -> Vec<u8> {
    let digits: Vec<u32> = text.chars().filter_map(|c| c.to_digit(16)).collect();
    digits.chunks(2).map(|pair| (pair[0] << 4 | pair[1]) as u8).collect()
}

#[cfg(test)]
mod tests;
