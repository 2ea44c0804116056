//! How fast the far end's clock is against ours: the slope of the shortest transit times.
//!
//! Packets are late by chance, never early; the fastest of each few seconds lie on a line whose slope is the difference of the clocks.

use crate::Micros;

const WINDOW: Micros = 5_000_000;
/// Windows that the slope is taken of, two minutes.
const WINDOWS: usize = 24;
/// Fewer tell nothing.
const FEWEST: usize = 4;

/// The drift of one stream.
#[derive(Debug, Default)]
pub struct Drift {
    // The sender's and our clock at the first packet, µs; the former in ticks, extended beyond their wrap.
    start: Option<(i64, i64)>,
    ticks: i64,
    last: u32,
    // (our time, transit) of the fastest packet of each window, since the start.
    fastest: [(f64, f64); WINDOWS],
    windows: usize,
    until: i64,
}

impl Drift {
    /// A packet came whose timestamps count at `clock` hertz. A jump of more than a second is another time.
    pub fn note(&mut self, timestamp: u32, clock: u32, now: Micros) {
        let step = timestamp.wrapping_sub(self.last) as i32;
        let now = now as i64;
        if self.start.is_none() {
            (self.start, self.last, self.ticks) = (Some((0, now)), timestamp, 0);
            self.until = now;
        } else {
            self.ticks += i64::from(step);
            self.last = timestamp;
        }
        let Some((_, began)) = self.start else { return };
        let since = now - began;
        let transit = since - self.ticks * 1_000_000 / i64::from(clock.max(1));
        let jumped = self.windows > 0 && (transit as f64 - self.fastest[self.windows - 1].1).abs() > 1e6;
        if jumped {
            *self = Self::default();
            return;
        }
        if now >= self.until {
            self.until = now + WINDOW as i64;
            if self.windows == WINDOWS {
                self.fastest.rotate_left(1);
                self.windows -= 1;
            }
            self.fastest[self.windows] = (since as f64, transit as f64);
            self.windows += 1;
        } else if (transit as f64) < self.fastest[self.windows - 1].1 {
            self.fastest[self.windows - 1] = (since as f64, transit as f64);
        }
    }

    /// Parts in a million by which the far end's clock is fast; `None` before there is enough to tell.
    pub fn ppm(&self) -> Option<f64> {
        let points = &self.fastest[..self.windows];
        if points.len() < FEWEST {
            return None;
        }
        let count = points.len() as f64;
        let (x, y) = points
            .iter()
            .fold((0.0, 0.0), |(x, y), p| (x + p.0 / count, y + p.1 / count));
        let (over, under) = points.iter().fold((0.0, 0.0), |(over, under), p| {
            (over + (p.0 - x) * (p.1 - y), under + (p.0 - x) * (p.0 - x))
        });
        // A clock that is fast sends ever earlier.
        Some(-over / under.max(1.0) * 1e6)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn drift(ppm: f64, clock: u32, seconds: u32, sway: impl Fn(u32) -> u64) -> Option<f64> {
        let mut drift = Drift::default();
        for n in 0..seconds * 50 {
            let sent = f64::from(n) * 20_000.0 / (1.0 + ppm / 1e6);
            let timestamp = n.wrapping_mul(clock / 50).wrapping_sub(80_000);
            drift.note(timestamp, clock, 7_000_000 + sent as u64 + sway(n));
        }
        drift.ppm()
    }

    #[test]
    fn the_difference_of_the_clocks_is_found_on_a_line_that_jitters() {
        for ppm in [-500.0, -100.0, 0.0, 50.0, 300.0] {
            for clock in [8000, 48_000] {
                let found = drift(ppm, clock, 120, |n| u64::from(n * 7919 % 97) * 400).expect("two minutes");
                assert!((found - ppm).abs() < 15.0, "{ppm} {clock}: {found}");
            }
        }
    }

    #[test]
    fn a_short_stream_tells_nothing() {
        assert_eq!(drift(100.0, 8000, 10, |_| 0), None);
    }

    proptest! {
        #[test]
        fn no_stream_makes_it_panic(packets in proptest::collection::vec((any::<u32>(), 0u64..1 << 50, 1u32..96_000), 0..60)) {
            let mut drift = Drift::default();
            for (timestamp, now, clock) in packets {
                drift.note(timestamp, clock, now);
                let _ = drift.ppm();
            }
        }
    }
}
