//! Voice told from silence, noise and single tones, 10 ms at a time.
//!
//! What is loud enough, stands out from the noise and has the low frequencies of a voiced sound counts towards the start of a
//! voice; what is merely loud keeps it going. The noise is the quietest moment of the last two seconds in which there was any
//! sound at all: a far end that sends nothing tells nothing of its noise.

use std::collections::VecDeque;

use super::tone::sine;
use super::{dbm0_of_power, STEP, STEP_MS};

/// What counts as voice.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct VoiceOptions {
    /// dBm0 that it has at least.
    pub level: f32,
    /// dB that it is above the noise of the line.
    pub above_noise: f32,
    /// Milliseconds of voiced sound that start it.
    pub onset: u32,
    /// Milliseconds of quiet that end it.
    pub hangover: u32,
}

/// What a step told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VoiceEvent {
    /// There is a voice, which began so many milliseconds ago.
    Started(u32),
    /// It ended so many milliseconds ago.
    Stopped(u32),
}

/// dBm0 of noise that is assumed at least: digital silence is none.
const FLOOR: f32 = -65.0;
/// dBm0 of what no line ever is that carries sound.
const NOTHING: f32 = -90.0;
/// Steps of which the quietest is kept as one, and how many of these make the memory of noise.
const BLOCK: (u32, usize) = (25, 8);
/// Of the power, what a sample has in common with the next one, in a voiced sound.
const VOICED: f32 = 0.3;

/// Recognises one voice.
#[derive(Debug)]
pub struct VoiceDetector {
    options: VoiceOptions,
    noise: Noise,
    last: f32,
    smooth: f32,
    voiced: u32,
    since: u32,
    quiet: u32,
    active: bool,
}

#[derive(Debug)]
struct Noise {
    blocks: VecDeque<f32>,
    quietest: f32,
    steps: u32,
}

impl Noise {
    fn take(&mut self, level: f32) {
        self.quietest = self.quietest.min(level);
        self.steps += 1;
        if self.steps == BLOCK.0 {
            self.blocks
                .push_back(std::mem::replace(&mut self.quietest, f32::INFINITY));
            if self.blocks.len() > BLOCK.1 {
                self.blocks.pop_front();
            }
            self.steps = 0;
        }
    }

    fn level(&self) -> f32 {
        let quietest = self.blocks.iter().copied().fold(self.quietest, f32::min);
        if quietest.is_finite() {
            quietest.max(FLOOR)
        } else {
            FLOOR
        }
    }
}

impl VoiceDetector {
    /// At the start of listening.
    pub fn new(options: VoiceOptions) -> Self {
        Self {
            options,
            noise: Noise {
                blocks: VecDeque::new(),
                quietest: f32::INFINITY,
                steps: 0,
            },
            last: 0.0,
            smooth: f32::INFINITY,
            voiced: 0,
            since: 0,
            quiet: 0,
            active: false,
        }
    }

    /// Takes 10 ms. `echo` is what an echo of our own may have in dBm0; `key` is whether a key sounds.
    pub fn step(&mut self, samples: &[i16; STEP], echo: f32, key: bool) -> Option<VoiceEvent> {
        let (level, alike) = self.measure(samples);
        let before = if self.smooth.is_finite() { self.smooth } else { level };
        self.smooth = (before + level) / 2.0;
        if level > NOTHING {
            self.noise.take(self.smooth);
        }
        let least = self
            .options
            .level
            .max(self.noise.level() + self.options.above_noise)
            .max(echo);
        let loud = level > least && !key && sine(samples).is_none();
        if self.active {
            self.keep(loud)
        } else {
            self.begin(loud, alike)
        }
    }

    /// Whether there is a voice.
    pub fn active(&self) -> bool {
        self.active
    }

    fn begin(&mut self, loud: bool, alike: f32) -> Option<VoiceEvent> {
        self.since += STEP_MS;
        if loud && alike > VOICED {
            self.voiced += STEP_MS;
        } else if !loud {
            self.voiced = self.voiced.saturating_sub(STEP_MS);
        }
        if self.voiced == 0 {
            self.since = 0;
        }
        if self.voiced < self.options.onset.max(STEP_MS) {
            return None;
        }
        (self.active, self.quiet) = (true, 0);
        Some(VoiceEvent::Started(self.since))
    }

    fn keep(&mut self, loud: bool) -> Option<VoiceEvent> {
        self.quiet = if loud { 0 } else { self.quiet + STEP_MS };
        if self.quiet < self.options.hangover.max(STEP_MS) {
            return None;
        }
        (self.active, self.voiced, self.since) = (false, 0, 0);
        Some(VoiceEvent::Stopped(self.quiet))
    }

    // The level without what lies below a voice (hum), and how alike neighbouring samples are.
    fn measure(&mut self, samples: &[i16; STEP]) -> (f32, f32) {
        let (mut power, mut common, mut before) = (0f32, 0f32, 0f32);
        let mut filtered = 0f32;
        for sample in samples {
            let sample = f32::from(*sample);
            filtered = 0.9 * (filtered + sample - std::mem::replace(&mut self.last, sample));
            power += filtered * filtered;
            common += filtered * before;
            before = filtered;
        }
        (dbm0_of_power(power / STEP as f32), common / power.max(1.0))
    }
}

#[cfg(test)]
#[path = "voice_tests.rs"]
mod tests;
