//! Tones: sums of sines, on and off (call progress, beeps, DTMF as ITU-T Q.23).

use std::f64::consts::TAU;

use crate::command::Tone;
use crate::FRAME;

/// Full scale of G.711 is +3.14 dBm0 (ITU-T G.711); a sine at 0 dBm0 has this peak.
const PEAK_AT_0_DBM0: f64 = 32_767.0 * 0.696_6;

/// Makes the samples of a tone, one after the other.
#[derive(Debug, Clone)]
pub struct ToneGenerator {
    steps: Vec<f64>,
    amplitude: f64,
    on: u64,
    cycle: u64,
    total: Option<u64>,
    position: u64,
}

impl ToneGenerator {
    /// Starts at the tone's first sample; `rate` in hertz.
    pub fn new(tone: &Tone, rate: u32) -> Self {
        let samples = |ms: u32| u64::from(ms) * u64::from(rate) / 1000;
        let cycle = samples(tone.on) + samples(tone.off);
        Self {
            steps: tone.frequencies.iter().map(|f| f * TAU / f64::from(rate)).collect(),
            amplitude: PEAK_AT_0_DBM0 * 10f64.powf(tone.level / 20.0),
            on: samples(tone.on),
            cycle,
            total: (tone.repeat > 0 || cycle == 0).then(|| cycle * u64::from(tone.repeat)),
            position: 0,
        }
    }

    /// The two tones of a key (ITU-T Q.23), or `None` when it is no key.
    pub fn key(key: char, on: u32, rate: u32) -> Option<Self> {
        const ROWS: [f64; 4] = [697.0, 770.0, 852.0, 941.0];
        const COLUMNS: [f64; 4] = [1209.0, 1336.0, 1477.0, 1633.0];
        let at = "123A456B789C*0#D".chars().position(|k| k == key)?;
        let frequencies = vec![ROWS[at / 4], COLUMNS[at % 4]];
        let tone = Tone {
            frequencies,
            on,
            off: 0,
            repeat: 1,
            level: -9.0,
        };
        Some(Self::new(&tone, rate))
    }

    /// Fills as much of `frame` as the tone still has; returns how much.
    pub fn fill(&mut self, frame: &mut [i16]) -> usize {
        let left = self.total.map_or(u64::MAX, |total| total - self.position);
        let length = frame.len().min(usize::try_from(left).unwrap_or(usize::MAX));
        let mut done = 0;
        while done < length {
            let within = self.position % self.cycle;
            let (sounds, until) = if within < self.on {
                (true, self.on)
            } else {
                (false, self.cycle)
            };
            let part = &mut frame[done..length.min(done + (until - within) as usize)];
            if sounds {
                self.sound(within, part);
            } else {
                part.fill(0);
            }
            done += part.len();
            self.position += part.len() as u64;
        }
        length
    }

    // A sine obeys x[n+1] = 2 cos(w) x[n] - x[n-1]; begun anew with each piece, it cannot drift.
    fn sound(&self, within: u64, part: &mut [i16]) {
        let mut sums = [0.0; FRAME];
        for (n, piece) in part.chunks_mut(FRAME).enumerate() {
            let start = within + (n * FRAME) as u64;
            sums.fill(0.0);
            for step in &self.steps {
                let turn = 2.0 * step.cos();
                let (mut now, mut before) = ((step * start as f64).sin(), (step * (start as f64 - 1.0)).sin());
                for sum in &mut sums[..piece.len()] {
                    *sum += now;
                    (now, before) = (turn * now - before, now);
                }
            }
            for (sample, sum) in piece.iter_mut().zip(&sums) {
                *sample = (sum * self.amplitude).clamp(-32_768.0, 32_767.0) as i16;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tone_is_as_long_as_its_cycles_and_silent_in_between() {
        let tone = Tone {
            frequencies: vec![425.0],
            on: 10,
            off: 10,
            repeat: 2,
            level: -10.0,
        };
        let mut generator = ToneGenerator::new(&tone, 8000);
        let mut frame = [99; 400];
        assert_eq!(generator.fill(&mut frame), 320);
        assert!(frame[..80].iter().any(|s| s.abs() > 3000));
        assert!(frame[80..160].iter().all(|s| *s == 0));
        assert!(frame[160..240].iter().any(|s| s.abs() > 3000));
        assert_eq!(generator.fill(&mut frame), 0);
    }

    #[test]
    fn a_tone_of_no_length_ends_even_when_it_should_repeat_for_ever() {
        let tone = Tone {
            frequencies: vec![425.0],
            on: 0,
            off: 0,
            repeat: 0,
            level: -10.0,
        };
        assert_eq!(ToneGenerator::new(&tone, 8000).fill(&mut [0; 160]), 0);
    }

    #[test]
    fn only_keys_have_key_tones() {
        assert!(ToneGenerator::key('5', 100, 8000).is_some());
        assert!(ToneGenerator::key('x', 100, 8000).is_none());
    }
}
