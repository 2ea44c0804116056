//! Single tones of any frequency: the beep of an answering machine, the answer of a fax.
//!
//! A sine is the one sound in which every sample follows from two others: x[n+d] + x[n-d] = 2 cos(dw) x[n] for every distance d.
//! What the best such prediction leaves of the power tells a sine from everything else, and the prediction tells its frequency.

use std::f32::consts::TAU;

use super::{dbm0_of_power, STEP, STEP_MS};
use crate::RATE;

/// Milliseconds after which it is a tone; a vowel does not stay at one frequency for so long.
const LEAST: u32 = 120;
/// Part of the power that may remain.
const RESIDUE: f32 = 0.1;
/// Samples; two, because each is blind to some frequencies.
const DISTANCES: [usize; 2] = [13, 16];
/// Hertz; below it vowels of a deep voice come near.
const RANGE: std::ops::RangeInclusive<f32> = 350.0..=3200.0;
/// dBm0.
const WEAKEST: f32 = -38.0;
/// Part of the frequency by which it may waver.
const WAVER: f32 = 0.02;
/// Milliseconds of something else that a tone survives: a lost packet.
const GAP: u32 = 30;

/// What a step of 10 ms told.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum ToneEvent {
    /// A tone of so many hertz, since so many milliseconds.
    Started(u32, u32),
    /// It sounded for so many milliseconds, and ended so many ago.
    Stopped(u32, u32),
}

/// Follows one tone at a time.
#[derive(Debug, Default)]
pub struct ToneDetector {
    frequency: f32,
    length: u32,
    gap: u32,
    told: bool,
}

impl ToneDetector {
    /// Takes 10 ms.
    pub fn step(&mut self, samples: &[i16; STEP]) -> Option<ToneEvent> {
        let found = sine(samples).filter(|frequency| RANGE.contains(frequency));
        let same = found.filter(|frequency| (frequency - self.frequency).abs() < WAVER * self.frequency);
        if let Some(frequency) = same {
            self.frequency += (frequency - self.frequency) / 8.0;
            self.length += std::mem::take(&mut self.gap) + STEP_MS;
            if self.told || self.length < LEAST {
                return None;
            }
            self.told = true;
            return Some(ToneEvent::Started(self.frequency.round() as u32, self.length));
        }
        self.gap += STEP_MS;
        if self.told && self.gap <= GAP {
            return None;
        }
        let stopped = self.told.then_some(ToneEvent::Stopped(self.length, self.gap));
        *self = Self {
            frequency: found.unwrap_or(0.0),
            length: if found.is_some() { STEP_MS } else { 0 },
            ..Self::default()
        };
        stopped
    }

    /// Whether a tone sounds.
    pub fn sounding(&self) -> bool {
        self.told
    }
}

/// The frequency of what is nothing but a sine.
pub fn sine(samples: &[i16; STEP]) -> Option<f32> {
    let mut x = [0f32; STEP];
    let mean = samples.iter().map(|s| f32::from(*s)).sum::<f32>() / STEP as f32;
    x.iter_mut()
        .zip(samples)
        .for_each(|(x, sample)| *x = f32::from(*sample) - mean);
    if dbm0_of_power(x.iter().map(|x| x * x).sum::<f32>() / STEP as f32) < WEAKEST {
        return None;
    }
    let (near, _) = predict(&x, 1);
    let fits = DISTANCES.map(|distance| predict(&x, distance));
    if near.abs() >= 2.0 || fits.iter().any(|(_, left)| *left > RESIDUE) {
        return None;
    }
    // The near prediction tells which turn, the far one where in it: noise moves that one less.
    let best = usize::from(fits[1].0.abs() < fits[0].0.abs());
    let (within, distance) = ((fits[best].0 / 2.0).clamp(-1.0, 1.0).acos(), DISTANCES[best] as f32);
    let rough = (near / 2.0).acos() * distance;
    let turn = |sign: f32| TAU * ((rough - sign * within) / TAU).round() + sign * within;
    let phase = [1.0, -1.0]
        .map(turn)
        .into_iter()
        .min_by(|a, b| (a - rough).abs().total_cmp(&(b - rough).abs()))?;
    Some(phase / distance * RATE as f32 / TAU)
}

/// The best `a` in x[n+d] + x[n-d] = a x[n], and the part of the power that it leaves.
fn predict(x: &[f32; STEP], distance: usize) -> (f32, f32) {
    let (mut cross, mut power, mut both) = (0f32, 0f32, 0f32);
    for n in distance..STEP - distance {
        let ends = x[n + distance] + x[n - distance];
        cross += ends * x[n];
        power += x[n] * x[n];
        both += ends * ends;
    }
    let a = cross / power.max(1.0);
    (a, (both - a * cross) / power.max(1.0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::testing::{mix, noise, sines, speech};

    fn heard(sound: &[i16]) -> Vec<ToneEvent> {
        let mut detector = ToneDetector::default();
        let steps = sound.chunks_exact(STEP).map(|step| step.try_into().expect("a step"));
        steps.filter_map(|step| detector.step(step)).collect()
    }

    fn beep(frequency: f64, level: f64, ms: u32) -> Vec<i16> {
        [sines(&[], 205), sines(&[(frequency, level)], ms), sines(&[], 300)].concat()
    }

    #[test]
    fn beeps_of_every_height_are_heard_with_their_length() {
        for frequency in [400.0, 440.0, 850.0, 1000.0, 1100.0, 1400.0, 2100.0, 3000.0] {
            for level in [-3.0, -15.0, -30.0] {
                let mut sound = beep(frequency, level, 400);
                let hiss = noise(level - 25.0, sound.len(), 3);
                mix(&mut sound, &hiss);
                let events = heard(&sound);
                let [ToneEvent::Started(hertz, _), ToneEvent::Stopped(length, _)] = events[..] else {
                    panic!("{frequency} {level}: {events:?}");
                };
                assert!(
                    f64::from(hertz).max(frequency) / f64::from(hertz).min(frequency) < 1.02,
                    "{frequency} {hertz}"
                );
                assert!((370..=420).contains(&length), "{length}");
            }
        }
    }

    #[test]
    fn what_is_short_or_of_two_tones_is_no_beep() {
        assert_eq!(heard(&beep(1000.0, -10.0, 80)), []);
        let dial = [
            sines(&[(350.0, -13.0), (440.0, -13.0)], 2000),
            sines(&[(770.0, -9.0), (1336.0, -9.0)], 500),
        ]
        .concat();
        assert_eq!(heard(&dial), []);
    }

    #[test]
    fn speech_and_noise_are_no_beeps() {
        for (name, samples) in speech() {
            assert_eq!(heard(&samples), [], "{name}");
        }
        assert_eq!(heard(&noise(-20.0, 80_000, 1)), []);
    }

    #[test]
    fn a_lost_packet_does_not_end_a_tone() {
        let mut sound = beep(2100.0, -12.0, 1000);
        sound[4000..4160].fill(0);
        assert_eq!(heard(&sound).len(), 2);
    }
}
