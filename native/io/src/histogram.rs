//! A histogram of durations: 1 µs to a minute in steps of an eighth, written by one thread and read by others.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

const BUCKETS: usize = 16 + 23 * 8;

/// Counts of durations in microseconds.
#[derive(Debug)]
pub struct Histogram {
    buckets: [AtomicU64; BUCKETS],
    most: AtomicU64,
}

impl Default for Histogram {
    fn default() -> Self {
        Self {
            buckets: std::array::from_fn(|_| AtomicU64::new(0)),
            most: AtomicU64::new(0),
        }
    }
}

fn bucket(micros: u64) -> usize {
    if micros < 16 {
        return micros as usize;
    }
    let exponent = 63 - micros.leading_zeros() as usize;
    let within = (micros >> (exponent - 3)) as usize & 7;
    (16 + (exponent - 4) * 8 + within).min(BUCKETS - 1)
}

fn upper(bucket: usize) -> u64 {
    if bucket < 16 {
        return bucket as u64;
    }
    let (exponent, within) = ((bucket - 16) / 8 + 4, (bucket - 16) % 8);
    (1 << exponent) + ((within as u64 + 1) << (exponent - 3)) - 1
}

impl Histogram {
    /// Counts one.
    pub fn record(&self, micros: u64) {
        self.buckets[bucket(micros)].fetch_add(1, Relaxed);
        self.most.fetch_max(micros, Relaxed);
    }

    /// Forgets everything.
    pub fn reset(&self) {
        self.buckets.iter().for_each(|b| b.store(0, Relaxed));
        self.most.store(0, Relaxed);
    }

    /// The greatest of several.
    pub fn most<'a>(all: impl Iterator<Item = &'a Self>) -> u64 {
        all.map(|h| h.most.load(Relaxed)).max().unwrap_or(0)
    }

    /// The value that a share (0..1) of all counts does not exceed, over several histograms.
    pub fn quantile<'a>(all: impl Iterator<Item = &'a Self> + Clone, share: f64) -> u64 {
        let count = |at: usize| -> u64 { all.clone().map(|h| h.buckets[at].load(Relaxed)).sum() };
        let total: u64 = (0..BUCKETS).map(count).sum();
        let wanted = (total as f64 * share).ceil() as u64;
        let mut seen = 0;
        for at in 0..BUCKETS {
            seen += count(at);
            if seen >= wanted && seen > 0 {
                return upper(at).min(Self::most(all));
            }
        }
        0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_within_an_eighth() {
        let histogram = Histogram::default();
        (1..=1000).for_each(|n| histogram.record(n));
        for (share, exact) in [(0.5, 500.0), (0.99, 990.0)] {
            let found = Histogram::quantile([&histogram].into_iter(), share) as f64;
            assert!((found / exact - 1.0).abs() < 0.125, "{share}: {found}");
        }
        assert_eq!(Histogram::most([&histogram].into_iter()), 1000);
    }

    #[test]
    fn every_duration_has_a_bucket() {
        for micros in [0, 1, 15, 16, 17, 1 << 20, u64::MAX] {
            histogram_holds(micros);
        }
    }

    fn histogram_holds(micros: u64) {
        let histogram = Histogram::default();
        histogram.record(micros);
        assert_eq!(Histogram::most([&histogram].into_iter()), micros);
    }
}
