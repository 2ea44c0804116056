//! How loud an echo of what we play may be: so that a prompt is not taken for the voice of who hears it.
//!
//! No canceller: a bound. An echo follows what was sent within half a second, by at least so many dB less as has been seen in this
//! session; before anything was seen, by 14 dB. Who answers more quietly than his echo may be is not heard over it.

use std::collections::VecDeque;

use super::dbm0_of_power;

/// Ticks within which an echo comes back.
const MEMORY: usize = 25;
/// dB of loss that are assumed first, and the range of what may be learnt.
const LOSS: f32 = 14.0;
const LEAST_LOSS: f32 = 10.0;
const MOST_LOSS: f32 = 40.0;
/// dB by which a voice must be above the echo that was seen.
const MARGIN: f32 = 6.0;
const NOTHING: f32 = -99.0;
/// dBm0 of what is sent from which its echo can be measured.
const TELLING: f32 = -35.0;
/// Ticks of one measurement, and the dB by which it may lower the bound: the loudest moment may have been missed.
const MEASURED: u32 = 50;
const CORRECTION: f32 = 3.0;

/// The bound on the echo of one session.
#[derive(Debug)]
pub struct Echo {
    now: f32,
    sent: VecDeque<f32>,
    loss: f32,
    seen: f32,
    ticks: u32,
}

impl Default for Echo {
    fn default() -> Self {
        Self {
            now: NOTHING,
            sent: VecDeque::with_capacity(MEMORY),
            loss: LOSS,
            seen: MOST_LOSS,
            ticks: 0,
        }
    }
}

impl Echo {
    /// What is sent in this tick, of our own.
    pub fn sent(&mut self, frame: &[i16]) {
        self.now = level(frame);
    }

    /// A tick has passed. Returns the dBm0 below which what is heard now may be an echo.
    pub fn tick(&mut self) -> f32 {
        if self.sent.len() == MEMORY {
            self.sent.pop_front();
        }
        self.sent.push_back(std::mem::replace(&mut self.now, NOTHING));
        self.loudest() - self.loss
    }

    /// Learns from what was heard in this tick, in which there was no voice.
    pub fn heard(&mut self, frame: &[i16]) {
        let sent = self.loudest();
        if sent < TELLING {
            return;
        }
        self.seen = self.seen.min(sent - level(frame));
        self.ticks += 1;
        if self.ticks == MEASURED {
            let seen = std::mem::replace(&mut self.seen, MOST_LOSS) - MARGIN;
            self.loss = seen.min(self.loss + CORRECTION).clamp(LEAST_LOSS, MOST_LOSS);
            self.ticks = 0;
        }
    }

    fn loudest(&self) -> f32 {
        self.sent.iter().copied().fold(NOTHING, f32::max)
    }
}

// Of the louder half: voices are looked for 10 ms at a time.
fn level(frame: &[i16]) -> f32 {
    let power = |half: &[i16]| half.iter().map(|s| f32::from(*s) * f32::from(*s)).sum::<f32>() / half.len() as f32;
    let halves = frame.chunks_exact((frame.len() / 2).max(1)).map(power);
    dbm0_of_power(halves.fold(0.0, f32::max))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::testing::noise;

    #[test]
    fn the_bound_follows_what_was_sent_and_forgets_it_after_half_a_second() {
        let mut echo = Echo::default();
        assert!(echo.tick() < -90.0);
        echo.sent(&noise(-10.0, 160, 1));
        let bound = echo.tick();
        assert!((bound + 24.0).abs() < 1.0, "{bound}");
        assert!((1..MEMORY).all(|_| echo.tick() == bound));
        assert!(echo.tick() < -90.0);
    }

    #[test]
    fn a_line_without_echo_lowers_the_bound_and_one_with_more_raises_it() {
        let mut echo = Echo::default();
        let mut hears = |level: f64| {
            let mut bound = 0.0;
            for seed in 0..400 {
                echo.sent(&noise(-10.0, 160, seed));
                bound = echo.tick();
                echo.heard(&noise(level, 160, seed + 50));
            }
            bound
        };
        assert!(hears(-60.0) < -33.0);
        let raised = hears(-28.0);
        assert!((-24.0..-19.0).contains(&raised), "{raised}");
    }
}
