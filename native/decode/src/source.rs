//! Bytes as they come, the first of which can be looked at before they are read.

use std::io::{self, Read, Seek, SeekFrom};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::Arc;

use symphonia::core::io::MediaSource;

use crate::MOST_SKIPPED;

/// A reader that never goes back, and gives up after so many bytes without a sound.
pub struct Source {
    bytes: Box<dyn Read + Send + Sync>,
    front: Vec<u8>,
    at: usize,
    fuel: Fuel,
}

/// How many bytes may still be read before the next sound.
#[derive(Debug, Clone)]
pub struct Fuel(Arc<AtomicU64>);

impl Fuel {
    /// There was a sound.
    pub fn fill(&self) {
        self.0.store(MOST_SKIPPED, Relaxed);
    }

    /// Whether reading ended for want of a sound.
    pub fn empty(&self) -> bool {
        self.0.load(Relaxed) == 0
    }
}

impl Source {
    pub fn new(bytes: Box<dyn Read + Send + Sync>) -> Self {
        Self {
            bytes,
            front: Vec::new(),
            at: 0,
            fuel: Fuel(Arc::new(AtomicU64::new(MOST_SKIPPED))),
        }
    }

    pub fn fuel(&self) -> Fuel {
        self.fuel.clone()
    }

    /// The next `length` bytes, or as many as there are, which remain to be read.
    pub fn look(&mut self, length: usize) -> io::Result<&[u8]> {
        self.front.drain(..std::mem::take(&mut self.at));
        let missing = length.saturating_sub(self.front.len()) as u64;
        (&mut self.bytes).take(missing).read_to_end(&mut self.front)?;
        Ok(&self.front[..self.front.len().min(length)])
    }

    /// Leaves so many bytes out, or as many as there are.
    pub fn skip(&mut self, length: u64) -> io::Result<()> {
        io::copy(&mut self.take(length), &mut io::sink()).map(drop)
    }
}

impl Read for Source {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        let left = self.fuel.0.load(Relaxed).min(room.len() as u64) as usize;
        let room = &mut room[..left];
        let mut front = &self.front[self.at..];
        let length = if front.is_empty() {
            self.bytes.read(room)?
        } else {
            front.read(room)?
        };
        self.at = (self.at + length).min(self.front.len());
        self.fuel.0.fetch_sub(length as u64, Relaxed);
        Ok(length)
    }
}

impl Seek for Source {
    fn seek(&mut self, _: SeekFrom) -> io::Result<u64> {
        Err(io::ErrorKind::Unsupported.into())
    }
}

impl MediaSource for Source {
    fn is_seekable(&self) -> bool {
        false
    }

    fn byte_len(&self) -> Option<u64> {
        None
    }
}
