//! A tap: what is heard, what the far end hears, or both, as chunks of samples at the rate that its owner asked for.

use crate::command::CommandId;
use crate::event::Event;
use crate::resample::{RateError, Resampler};
use crate::world::World;
use crate::RATE;

/// A `Tap` command at work.
#[derive(Debug)]
pub struct Tap {
    /// The command.
    pub command: CommandId,
    inbound: Option<Cutter>,
    outbound: Option<Cutter>,
    /// Chunks that may wait, of all tracks together.
    backlog: u32,
}

// One track on its way into chunks.
#[derive(Debug)]
struct Cutter {
    rate: u32,
    from: u32,
    resampler: Resampler,
    waiting: Vec<i16>,
    chunk: usize,
}

impl Cutter {
    fn new(rate: u32, chunk: u32) -> Result<Self, RateError> {
        Ok(Self {
            rate,
            from: RATE,
            resampler: Resampler::new(RATE, rate)?,
            waiting: Vec::new(),
            chunk: (rate as usize * chunk as usize / 1000).max(1),
        })
    }

    fn take(&mut self, frame: &[i16], from: u32, mut hand_out: impl FnMut(Vec<u8>)) {
        if self.from != from {
            if let Ok(resampler) = Resampler::new(from, self.rate) {
                (self.from, self.resampler) = (from, resampler);
            }
        }
        self.resampler.process(frame, &mut self.waiting);
        while self.waiting.len() >= self.chunk {
            hand_out(self.waiting.drain(..self.chunk).flat_map(i16::to_le_bytes).collect());
        }
    }
}

impl Tap {
    /// `chunk` in milliseconds; `tracks` are what is heard and what the far end hears; `backlog` counts chunks of each.
    pub fn new(
        command: CommandId,
        (inbound, outbound): (bool, bool),
        rate: u32,
        chunk: u32,
        backlog: u32,
    ) -> Result<Self, RateError> {
        let cutter = |wanted: bool| wanted.then(|| Cutter::new(rate, chunk)).transpose();
        Ok(Self {
            command,
            inbound: cutter(inbound)?,
            outbound: cutter(outbound)?,
            backlog: backlog.saturating_mul(u32::from(inbound) + u32::from(outbound)),
        })
    }

    /// Whether it wants what is heard, and what the far end hears.
    pub fn tracks(&self) -> (bool, bool) {
        (self.inbound.is_some(), self.outbound.is_some())
    }

    /// Takes 20 ms of what is heard, or of what the far end hears, at `from` hertz, and hands out what is full.
    pub fn hear(&mut self, frame: &[i16], from: u32, outbound: bool, world: &mut dyn World) {
        let track = if outbound {
            &mut self.outbound
        } else {
            &mut self.inbound
        };
        let (command, backlog) = (self.command, self.backlog);
        if let Some(cutter) = track {
            cutter.take(frame, from, |data| {
                world.emit(Event::Chunk {
                    command,
                    outbound,
                    data,
                    backlog,
                });
            });
        }
    }
}
