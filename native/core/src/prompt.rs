//! A prompt: audio decoded once, at the rates of telephones, shared by all who play it.

use crate::resample::{resample, RateError};
use crate::RATE;

/// Hertz of what is kept beside 8 kHz where there is more to hear: all of a voice.
pub const WIDE: u32 = 16_000;

/// 16-bit samples.
#[derive(Debug)]
pub struct Prompt {
    narrow: Box<[i16]>,
    wide: Option<Box<[i16]>>,
}

impl Prompt {
    /// From samples at `rate` hertz.
    pub fn new(samples: &[i16], rate: u32) -> Result<Self, RateError> {
        let wide = (rate > RATE).then(|| resample(samples, rate, WIDE)).transpose()?;
        Ok(Self {
            narrow: resample(samples, rate, RATE)?.into(),
            wide: wide.map(Into::into),
        })
    }

    /// The samples that serve a line of `rate` hertz best, and their rate.
    pub fn samples(&self, rate: u32) -> (&[i16], u32) {
        match &self.wide {
            Some(wide) if rate > RATE => (wide, WIDE),
            _ => (&self.narrow, RATE),
        }
    }

    /// Memory that it holds.
    pub fn bytes(&self) -> usize {
        (self.narrow.len() + self.wide.as_ref().map_or(0, |wide| wide.len())) * 2
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wideband_line_gets_more_of_a_prompt_that_has_more() {
        let plain = Prompt::new(&[1; 800], 8000).expect("a rate");
        assert_eq!(plain.samples(16_000).1, 8000);
        let rich = Prompt::new(&[1; 2205], 22_050).expect("a rate");
        let lengths = [8000, 16_000, 48_000].map(|rate| (rich.samples(rate).0.len(), rich.samples(rate).1));
        assert_eq!(lengths, [(800, 8000), (1600, 16_000), (1600, 16_000)]);
        assert_eq!(rich.bytes(), 4800);
    }
}
