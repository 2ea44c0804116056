//! Audio on its way into one file: blocks of a quarter of a second go to `World::write`.
//!
//! When the disk cannot follow, a block is dropped and silence of its length is ordered in its place, so that the file
//! keeps its time. Whoever has samples can fill one: a session, or the mix of many.

use std::sync::Arc;

use crate::command::CommandId;
use crate::world::{FileWrite, World, Written};

/// Blocks in a second.
const BLOCKS: u32 = 4;

/// How a file is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// RIFF/WAVE of 16-bit PCM.
    Wav,
    /// Ogg/Opus.
    Opus,
}

/// What is in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Form {
    /// How it is written.
    pub format: Format,
    /// 1 or 2.
    pub channels: u16,
    /// Hertz; for Opus one of its own.
    pub rate: u32,
}

/// A file while it is filled.
#[derive(Debug)]
pub struct Tape {
    command: CommandId,
    channels: usize,
    capacity: usize,
    block: Vec<i16>,
    missing: usize,
    length: u64,
    written: Written,
}

impl Tape {
    /// Orders the file to be created, or with `goes_on` to be gone on with.
    pub fn start(command: CommandId, path: &str, form: Form, goes_on: bool, world: &mut dyn World) -> Self {
        let written = Written::default();
        let open = FileWrite::Open {
            file: command,
            path: path.into(),
            form,
            goes_on,
            written: Arc::clone(&written),
        };
        world.write(open);
        let channels = usize::from(form.channels);
        Self {
            command,
            channels,
            capacity: (form.rate / BLOCKS) as usize * channels,
            block: Vec::new(),
            missing: 0,
            length: 0,
            written,
        }
    }

    /// Whether the file can be written no more.
    pub fn broken(&self) -> bool {
        self.written.get().is_some()
    }

    /// Samples per channel so far.
    pub fn length(&self) -> u64 {
        self.length
    }

    /// Appends (interleaved) samples.
    pub fn append(&mut self, samples: impl IntoIterator<Item = i16>, world: &mut dyn World) {
        if self.block.capacity() == 0 {
            self.block.reserve_exact(self.capacity);
        }
        let before = self.block.len();
        self.block.extend(samples);
        self.length += ((self.block.len() - before) / self.channels) as u64;
        if self.block.len() >= self.capacity {
            self.flush(world);
        }
    }

    fn flush(&mut self, world: &mut dyn World) {
        let samples = std::mem::take(&mut self.block);
        if samples.is_empty() && self.missing == 0 {
            return;
        }
        let length = samples.len();
        if world.write(FileWrite::Append {
            file: self.command,
            samples,
            missing: self.missing,
        }) {
            self.missing = 0;
        } else {
            self.missing += length;
        }
    }

    /// Completes the file with the first `keep` samples per channel.
    pub fn finish(mut self, keep: u64, world: &mut dyn World) -> Written {
        self.flush(world);
        world.write(FileWrite::Finish {
            file: self.command,
            keep: keep.min(self.length),
        });
        self.written
    }
}
