//! A recording while it is made: when it starts, what of it is kept, and why it ends.
//!
//! Writes nothing itself; blocks of a quarter of a second go to `World::write`. When the disk cannot follow, a block
//! is dropped and silence of its length is ordered in its place, so that the file keeps its time.

use std::sync::Arc;

use crate::command::{CommandId, RecordOrder};
use crate::event::{Outcome, RecordEnd};
use crate::world::{FileWrite, World, Written};
use crate::{FRAME, RATE};

/// Samples per channel that are written at once.
pub const BLOCK: usize = RATE as usize / 4;

/// Root mean square below which 20 ms count as silence: about -45 dB of full scale.
const SILENT: i64 = 184;
const FRAME_MS: u64 = 20;

/// Audio on its way into one file.
#[derive(Debug)]
pub struct Tape {
    command: CommandId,
    channels: u16,
    block: Vec<i16>,
    missing: usize,
    length: u64,
    written: Written,
}

impl Tape {
    /// Orders the file to be created, or to be opened again where it `goes_on`.
    pub fn start(command: CommandId, path: &str, channels: u16, goes_on: bool, world: &mut dyn World) -> Self {
        let written = Written::default();
        let open = FileWrite::Open {
            file: command,
            path: path.into(),
            channels,
            goes_on,
            written: Arc::clone(&written),
        };
        world.write(open);
        Self {
            command,
            channels,
            block: Vec::new(),
            missing: 0,
            length: 0,
            written,
        }
    }

    /// Why the file cannot be written, if so.
    pub fn failure(&self) -> Option<&str> {
        self.written.get().and_then(|w| w.as_ref().err()).map(String::as_str)
    }

    /// Appends (interleaved) samples.
    pub fn append(&mut self, samples: impl IntoIterator<Item = i16>, world: &mut dyn World) {
        if self.block.capacity() == 0 {
            self.block.reserve_exact(BLOCK * usize::from(self.channels));
        }
        let before = self.block.len();
        self.block.extend(samples);
        self.length += ((self.block.len() - before) / usize::from(self.channels)) as u64;
        if self.block.len() >= BLOCK * usize::from(self.channels) {
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

/// A command whose file is being completed.
#[derive(Debug)]
pub struct Finishing {
    /// The command.
    pub command: CommandId,
    path: String,
    end: RecordEnd,
    key: Option<char>,
    written: Written,
}

impl Finishing {
    /// A file that has been ordered to be completed.
    pub fn new(command: CommandId, path: String, end: RecordEnd, key: Option<char>, written: Written) -> Self {
        Self {
            command,
            path,
            end,
            key,
            written,
        }
    }

    /// Whether it ended because somebody wanted it to.
    pub fn cancelled(&self) -> bool {
        self.end == RecordEnd::Cancelled
    }

    /// What came of it, once the file is complete.
    pub fn outcome(&self) -> Option<Result<Outcome, String>> {
        let written = self.written.get()?;
        Some(written.clone().map(|samples| Outcome::Recorded {
            path: self.path.clone(),
            duration: samples * 1000 / u64::from(RATE),
            end: self.end,
            key: self.key,
        }))
    }
}

/// A `Record` command at work.
#[derive(Debug)]
pub struct Recorder {
    /// The command.
    pub command: CommandId,
    order: RecordOrder,
    tape: Option<Tape>,
    elapsed: u64,
    silent: u64,
    voiced: u64,
}

impl Recorder {
    /// Waits for its beep, or starts at once.
    pub fn new(command: CommandId, order: RecordOrder, world: &mut dyn World) -> Self {
        let mut recorder = Self {
            command,
            order,
            tape: None,
            elapsed: 0,
            silent: 0,
            voiced: 0,
        };
        if !recorder.order.beep {
            recorder.start(world);
        }
        recorder
    }

    /// The beep is over.
    pub fn start(&mut self, world: &mut dyn World) {
        if self.tape.is_none() {
            self.tape = Some(Tape::start(self.command, &self.order.path, 1, false, world));
        }
    }

    /// Whether this key ends it.
    pub fn ends_on(&self, key: char) -> bool {
        self.order.finish_on.contains(key)
    }

    /// Why the file cannot be written, if so.
    pub fn failure(&self) -> Option<&str> {
        self.tape.as_ref().and_then(Tape::failure)
    }

    /// Takes 20 ms; says when it is enough.
    pub fn hear(&mut self, frame: &[i16; FRAME], world: &mut dyn World) -> Option<RecordEnd> {
        let tape = self.tape.as_mut()?;
        let energy: i64 = frame.iter().map(|s| i64::from(*s) * i64::from(*s)).sum();
        let silent = energy < SILENT * SILENT * FRAME as i64;
        self.silent = if silent { self.silent + FRAME_MS } else { 0 };
        let room = (self.order.max_length - self.elapsed.min(self.order.max_length)).min(FRAME_MS);
        self.elapsed += FRAME_MS;
        if !(self.order.trim && silent && tape.length == 0) {
            tape.append(frame[..room as usize * 8].iter().copied(), world);
        }
        if !silent {
            self.voiced = tape.length;
        }
        if self.elapsed >= self.order.max_length {
            return Some(RecordEnd::MaxLength);
        }
        (self.order.silence > 0 && self.silent >= self.order.silence).then_some(RecordEnd::Silence)
    }

    /// Completes the file. A recording that never started is an empty one.
    pub fn finish(mut self, end: RecordEnd, key: Option<char>, world: &mut dyn World) -> Finishing {
        self.start(world);
        let keep = if self.order.trim { self.voiced } else { u64::MAX };
        let written = self.tape.map(|tape| tape.finish(keep, world)).unwrap_or_default();
        Finishing::new(self.command, self.order.path, end, key, written)
    }
}
