//! A prompt: audio decoded once, at a rate of telephones, shared by all who play it.

use crate::resample::{RateError, Resampler};
use crate::RATE;

/// Hertz that prompts are kept at: a telephone's, all of a voice, all of music.
const KEPT: [u32; 3] = [RATE, 16_000, 48_000];

/// 16-bit samples.
#[derive(Debug)]
pub struct Prompt {
    samples: Box<[i16]>,
    rate: u32,
}

impl Prompt {
    /// From samples at `rate` hertz, for a line of `line` hertz.
    pub fn new(samples: &[i16], rate: u32, line: u32) -> Result<Self, RateError> {
        let mut pressing = Pressing::new(line);
        pressing.push(samples, rate)?;
        Ok(pressing.finish())
    }

    /// All of them.
    pub fn samples(&self) -> &[i16] {
        &self.samples
    }

    /// Hertz.
    pub fn rate(&self) -> u32 {
        self.rate
    }

    /// Memory that it holds.
    pub fn bytes(&self) -> usize {
        self.samples.len() * 2
    }
}

/// A prompt in the making: pieces in, at whatever rate each has.
#[derive(Debug)]
pub struct Pressing {
    line: u32,
    rate: u32,
    samples: Vec<i16>,
    resampler: Option<(u32, Resampler)>,
    /// Samples that came at the present rate.
    came: u64,
    /// Samples that are due for what came at former rates.
    due: u64,
    /// Samples that were taken out.
    out: u64,
}

impl Pressing {
    /// For a line of `line` hertz.
    pub fn new(line: u32) -> Self {
        Self {
            line,
            rate: RATE,
            samples: Vec::new(),
            resampler: None,
            came: 0,
            due: 0,
            out: 0,
        }
    }

    /// Appends samples at `rate` hertz. The first piece decides what is kept: no more than there is, and than the line carries.
    pub fn push(&mut self, samples: &[i16], rate: u32) -> Result<(), RateError> {
        if self.resampler.as_ref().is_none_or(|(from, _)| *from != rate) {
            self.settle();
            if self.due == 0 {
                self.rate = kept(rate, self.line);
            }
            self.resampler = Some((rate, Resampler::new(rate, self.rate)?));
        }
        if let Some((_, resampler)) = &mut self.resampler {
            self.came += samples.len() as u64;
            resampler.process(samples, &mut self.samples);
        }
        Ok(())
    }

    /// Hertz of what comes out.
    pub fn rate(&self) -> u32 {
        self.rate
    }

    /// Bytes so far.
    pub fn bytes(&self) -> usize {
        self.samples.len() * 2
    }

    /// Takes out what there is so far.
    pub fn take(&mut self) -> Vec<i16> {
        self.out += self.samples.len() as u64;
        std::mem::take(&mut self.samples)
    }

    /// Nothing follows at the present rate: what the filter holds comes out, and the length is right to the sample.
    fn settle(&mut self) {
        if let Some((from, mut resampler)) = self.resampler.take() {
            resampler.flush(&mut self.samples);
            self.due += (std::mem::take(&mut self.came) * u64::from(self.rate)).div_ceil(u64::from(from));
            self.samples.resize(self.due.saturating_sub(self.out) as usize, 0);
        }
    }

    /// The end.
    pub fn finish(mut self) -> Prompt {
        self.settle();
        Prompt {
            samples: self.samples.into(),
            rate: self.rate,
        }
    }
}

fn kept(rate: u32, line: u32) -> u32 {
    let enough = |kept: &u32| *kept >= rate.min(line);
    KEPT.into_iter().find(enough).unwrap_or(KEPT[2])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prompt_is_kept_at_what_the_line_carries_and_the_file_has() {
        for (rate, line, kept) in [
            (8000, 48_000, 8000),
            (22_050, 8000, 8000),
            (22_050, 16_000, 16_000),
            (16_000, 48_000, 16_000),
            (44_100, 48_000, 48_000),
            (96_000, 48_000, 48_000),
            (11_025, 48_000, 16_000),
        ] {
            let prompt = Prompt::new(&vec![1; rate as usize / 10], rate, line).expect("a rate");
            assert_eq!(prompt.rate(), kept, "{rate} for {line}");
            assert!(prompt.samples().len().abs_diff(kept as usize / 10) <= 1);
            assert_eq!(prompt.bytes(), prompt.samples().len() * 2);
        }
    }

    #[test]
    fn pieces_of_other_rates_follow_in_time() {
        let mut pressing = Pressing::new(8000);
        for (rate, length) in [(8000, 800), (44_100, 4410), (44_100, 4410), (16_000, 1600)] {
            pressing.push(&vec![100; length], rate).expect("a rate");
        }
        assert_eq!(pressing.finish().samples().len(), 3200);
    }

    #[test]
    fn what_is_taken_out_early_is_all_of_it() {
        let (mut pressing, mut taken) = (Pressing::new(48_000), Vec::new());
        for _ in 0..10 {
            pressing.push(&[100; 4410], 44_100).expect("a rate");
            taken.extend(pressing.take());
        }
        taken.extend(pressing.finish().samples());
        assert!(taken.len().abs_diff(48_000) <= 1, "{}", taken.len());
    }
}
