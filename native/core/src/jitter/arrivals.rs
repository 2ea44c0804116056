//! How long packets take on their way, apart from what all of them take: what the jitter buffer's delay follows.
//!
//! Kept for windows of two seconds: how long the fastest packet took, and by how much others were slower. A single straggler in a
//! window does not count. Clocks that drift move all packets of a window alike, so they need no measure of their own here.

use crate::Micros;

const WINDOW: Micros = 2_000_000;
/// Windows that the spread is taken of: it is believed for so long after it was last seen.
const REMEMBERED: usize = 5;

/// One window.
#[derive(Debug, Clone, Copy)]
struct Window {
    fastest: i64,
    // Of the slowest and of the one before it.
    slow: [i64; 2],
}

const EMPTY: Window = Window {
    fastest: i64::MAX,
    slow: [i64::MIN; 2],
};

/// The arrivals of one stream.
#[derive(Debug)]
pub struct Arrivals {
    rate: u32,
    // A position and the moment that its audio would have been sent at, by the clock of arrival.
    anchor: Option<(u32, i64)>,
    began: Option<Micros>,
    windows: [Window; REMEMBERED],
}

impl Arrivals {
    /// Of a stream whose positions count samples at `rate` hertz.
    pub fn new(rate: u32) -> Self {
        Self {
            rate,
            anchor: None,
            began: None,
            windows: [EMPTY; REMEMBERED],
        }
    }

    /// Another stream begins.
    pub fn restart(&mut self) {
        *self = Self::new(self.rate);
    }

    fn sent(&self, position: u32, anchor: (u32, i64)) -> i64 {
        let samples = i64::from(position.wrapping_sub(anchor.0) as i32);
        anchor.1 + samples * 1_000_000 / i64::from(self.rate)
    }

    /// A packet arrived.
    pub fn note(&mut self, position: u32, now: Micros) {
        let mut anchor = *self.anchor.get_or_insert((position, now as i64));
        if now.saturating_sub(*self.began.get_or_insert(now)) >= WINDOW {
            self.windows.rotate_right(1);
            self.windows[0] = EMPTY;
            self.began = Some(now);
        }
        // Moved along by whole seconds, so that positions never are half of all away and nothing is rounded.
        let seconds = position.wrapping_sub(anchor.0) as i32 / self.rate as i32;
        anchor.0 = anchor.0.wrapping_add((seconds * self.rate as i32) as u32);
        anchor.1 += i64::from(seconds) * 1_000_000;
        self.anchor = Some(anchor);
        let transit = now as i64 - self.sent(position, anchor);
        let window = &mut self.windows[0];
        window.fastest = window.fastest.min(transit);
        if transit > window.slow[0] {
            window.slow = [transit, window.slow[0]];
        } else if transit > window.slow[1] {
            window.slow[1] = transit;
        }
    }

    fn fastest(&self) -> Option<i64> {
        let fastest = self.windows[..2].iter().map(|window| window.fastest).min()?;
        (fastest != i64::MAX).then_some(fastest)
    }

    /// Microseconds by which packets were slower than the fastest, but for single stragglers.
    pub fn spread(&self) -> i64 {
        let spread = |window: &Window| (window.slow[1] != i64::MIN).then(|| window.slow[1] - window.fastest);
        self.windows.iter().filter_map(spread).max().unwrap_or(0)
    }

    /// Microseconds that the fastest packet would wait if `position` were used now.
    pub fn delay(&self, position: u32, now: Micros) -> Option<i64> {
        let anchor = self.anchor?;
        Some(now as i64 - self.sent(position, anchor) - self.fastest()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: u64 = 1_000_000_000;

    fn arrivals(seconds: u64, late: impl Fn(u64) -> i64) -> Arrivals {
        let mut arrivals = Arrivals::new(8000);
        for n in 0..seconds * 50 {
            let position = (n as u32).wrapping_mul(160).wrapping_sub(1000);
            arrivals.note(position, (START as i64 + n as i64 * 20_000 + late(n)) as u64);
        }
        arrivals
    }

    #[test]
    fn an_even_stream_has_no_spread_and_a_known_delay() {
        let arrivals = arrivals(60, |_| 70_000);
        assert_eq!(arrivals.spread(), 0);
        let (position, at) = (2999 * 160 - 1000, START + 2999 * 20_000 + 70_000);
        assert_eq!(arrivals.delay(position, at + 40_000), Some(40_000));
    }

    #[test]
    fn the_spread_is_that_of_all_but_single_stragglers() {
        assert_eq!(arrivals(10, |n| if n == 450 { 300_000 } else { 0 }).spread(), 0);
        let spread = arrivals(10, |n| (n % 7) as i64 * 10_000).spread();
        assert_eq!(spread, 60_000);
    }

    #[test]
    fn a_spread_is_forgotten_after_ten_seconds() {
        let bad_at_first = |seconds| arrivals(seconds, |n| if n < 50 { (n % 7) as i64 * 10_000 } else { 0 }).spread();
        assert_eq!((bad_at_first(9), bad_at_first(14)), (60_000, 0));
    }

    #[test]
    fn drift_is_no_spread() {
        let spread = arrivals(3600, |n| n as i64 * 10).spread();
        assert!(spread <= 1000, "{spread}");
    }
}
