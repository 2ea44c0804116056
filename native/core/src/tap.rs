//! A tap: what is heard, as chunks of samples at the rate that its owner asked for.

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
    rate: u32,
    from: u32,
    resampler: Resampler,
    waiting: Vec<i16>,
    chunk: usize,
    backlog: u32,
}

impl Tap {
    /// `chunk` in milliseconds.
    pub fn new(command: CommandId, rate: u32, chunk: u32, backlog: u32) -> Result<Self, RateError> {
        let chunk = (rate as usize * chunk as usize / 1000).max(1);
        Ok(Self {
            command,
            rate,
            from: RATE,
            resampler: Resampler::new(RATE, rate)?,
            waiting: Vec::new(),
            chunk,
            backlog,
        })
    }

    /// Takes 20 ms at `from` hertz and hands out what is full.
    pub fn hear(&mut self, frame: &[i16], from: u32, world: &mut dyn World) {
        if self.from != from {
            if let Ok(resampler) = Resampler::new(from, self.rate) {
                (self.from, self.resampler) = (from, resampler);
            }
        }
        self.resampler.process(frame, &mut self.waiting);
        while self.waiting.len() >= self.chunk {
            let data = self.waiting.drain(..self.chunk).flat_map(i16::to_le_bytes).collect();
            world.emit(Event::Chunk {
                command: self.command,
                data,
                backlog: self.backlog,
            });
        }
    }
}
