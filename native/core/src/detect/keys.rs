//! Keys as tones (ITU-T Q.23), told from speech: by level, twist, purity, harmonics, duration and pause (ITU-T Q.24).
//!
//! Works at 8 kHz in windows of 16 ms, one every 10 ms. Three windows with the same key make a key, which a tone of 40 ms
//! always has and one of 23 ms never; four without it end it, which a pause of 40 ms has and a lost packet has not.

use std::f32::consts::TAU;

use super::power_of_dbm0;
use crate::RATE;

const ROWS: [f32; 4] = [697.0, 770.0, 852.0, 941.0];
const COLUMNS: [f32; 4] = [1209.0, 1336.0, 1477.0, 1633.0];
const KEYS: [[char; 4]; 4] = [
    ['1', '2', '3', 'A'],
    ['4', '5', '6', 'B'],
    ['7', '8', '9', 'C'],
    ['*', '0', '#', 'D'],
];

const WINDOW: usize = 128;
const HOP: usize = 80;
/// Windows that make a key.
const HITS: u32 = 3;
/// Windows without it that end it.
const MISSES: u32 = 4;
/// dBm0 of the weaker tone, at least.
const WEAKEST: f32 = -38.0;
/// dB by which the column may be above the row, and below it.
const TWIST: (f32, f32) = (8.0, 10.0);
/// dB between a tone and the next best of its group.
const APART: f32 = 5.0;
/// Part of all power that both tones have.
const PURITY: f32 = 0.63;
/// dB between the column and what is at twice its frequency. (Twice the row lies among the columns.)
const HARMONIC: f32 = 12.0;
/// Part of a frequency by which a tone may be off and still be met in full.
const DEVIATION: f32 = 0.012;

/// Recognises keys in what is heard.
#[derive(Debug)]
pub struct KeyDetector {
    window: Vec<f32>,
    key: Option<char>,
    hits: u32,
    misses: u32,
    told: bool,
}

impl Default for KeyDetector {
    fn default() -> Self {
        Self {
            window: Vec::with_capacity(WINDOW + HOP),
            key: None,
            hits: 0,
            misses: 0,
            told: false,
        }
    }
}

impl KeyDetector {
    /// Takes samples at 8 kHz; returns the key when it is recognised, once.
    pub fn hear(&mut self, samples: &[i16]) -> Option<char> {
        let mut heard = None;
        for piece in samples.chunks(HOP) {
            self.window.extend(piece.iter().map(|s| f32::from(*s)));
            if self.window.len() < WINDOW {
                continue;
            }
            let surplus = self.window.len() - WINDOW;
            self.window.drain(..surplus);
            let found = key_of(&self.window);
            heard = self.step(found).or(heard);
            self.window.drain(..HOP.min(WINDOW));
        }
        heard
    }

    /// Whether what sounds is likely a key.
    pub fn suspects(&self) -> bool {
        self.key.is_some()
    }

    /// Whether a key sounds that has been told.
    pub fn sounding(&self) -> bool {
        self.told
    }

    fn step(&mut self, found: Option<char>) -> Option<char> {
        if found.is_some() && found == self.key {
            self.hits += 1;
            self.misses = 0;
        } else {
            self.misses += 1;
            if self.misses >= MISSES || !self.told && found.is_some() {
                *self = Self {
                    window: std::mem::take(&mut self.window),
                    key: found,
                    hits: u32::from(found.is_some()),
                    misses: 0,
                    told: false,
                };
            }
        }
        if self.hits < HITS || self.told {
            return None;
        }
        self.told = true;
        self.key
    }
}

fn key_of(window: &[f32]) -> Option<char> {
    let total: f32 = window.iter().map(|s| s * s).sum::<f32>() / WINDOW as f32;
    let weakest = power_of_dbm0(WEAKEST);
    if total < 2.0 * weakest {
        return None;
    }
    let (row, low) = strongest(window, &ROWS)?;
    let (column, high) = strongest(window, &COLUMNS)?;
    if low < weakest || high < weakest || low + high < PURITY * total {
        return None;
    }
    if high > low * ratio(TWIST.0) || low > high * ratio(TWIST.1) {
        return None;
    }
    let harmonic = power(window, 2.0 * COLUMNS[column]) * ratio(HARMONIC);
    (harmonic < high).then_some(KEYS[row][column])
}

/// The strongest of a group that stands apart from the others, and its power where its frequency really is.
fn strongest(window: &[f32], group: &[f32; 4]) -> Option<(usize, f32)> {
    let powers = group.map(|frequency| power(window, frequency));
    let best = (0..4).max_by(|a, b| powers[*a].total_cmp(&powers[*b]))?;
    let others = (0..4).filter(|other| *other != best).map(|other| powers[other]);
    if others.fold(0.0, f32::max) * ratio(APART) > powers[best] {
        return None;
    }
    let near = [1.0 - DEVIATION, 1.0 + DEVIATION].map(|part| power(window, part * group[best]));
    Some((best, near.into_iter().fold(powers[best], f32::max)))
}

/// Mean square of the sine at `frequency` in the window (Goertzel's algorithm).
fn power(window: &[f32], frequency: f32) -> f32 {
    let turn = 2.0 * (frequency * TAU / RATE as f32).cos();
    let (mut before, mut last) = (0.0_f32, 0.0_f32);
    for sample in window {
        (before, last) = (last, sample + turn * last - before);
    }
    let square = last * last + before * before - turn * last * before;
    2.0 * square / (window.len() * window.len()) as f32
}

fn ratio(db: f32) -> f32 {
    10f32.powf(db / 10.0)
}

#[cfg(test)]
#[path = "keys_tests.rs"]
mod tests;
