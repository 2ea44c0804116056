//! A prompt: audio decoded once, at the engine's rate, shared by all who play it.

use crate::resample::{resample, RateError};
use crate::RATE;

/// 16-bit samples at 8 kHz.
#[derive(Debug)]
pub struct Prompt {
    samples: Box<[i16]>,
}

impl Prompt {
    /// From samples at `rate` hertz.
    pub fn new(samples: &[i16], rate: u32) -> Result<Self, RateError> {
        Ok(Self {
            samples: resample(samples, rate, RATE)?.into(),
        })
    }

    /// The samples.
    pub fn samples(&self) -> &[i16] {
        &self.samples
    }

    /// Memory that it holds.
    pub fn bytes(&self) -> usize {
        self.samples.len() * 2
    }
}
