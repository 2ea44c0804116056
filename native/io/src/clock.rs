//! Time and chance, as the machine wants them.

use std::hash::{BuildHasher, RandomState};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use offhook_media_core::Micros;

/// Seconds between 1900 (NTP) and 1970 (Unix).
const NTP_EPOCH: u64 = 2_208_988_800;

/// A monotonic clock in microseconds, and the wall clock in NTP's format.
#[derive(Debug, Clone, Copy)]
pub struct Clock {
    start: Instant,
}

impl Clock {
    /// Starts at zero.
    pub fn new() -> Self {
        Self { start: Instant::now() }
    }

    /// What `now` counts from.
    pub fn epoch(&self) -> Instant {
        self.start
    }

    /// Microseconds since the start.
    pub fn now(&self) -> Micros {
        self.start.elapsed().as_micros() as Micros
    }

    /// Wall clock, 32.32 fixed point seconds since 1900.
    pub fn ntp(&self) -> u64 {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let fraction = (u64::from(since.subsec_nanos()) << 32) / 1_000_000_000;
        ((since.as_secs() + NTP_EPOCH) << 32) | fraction
    }
}

impl Default for Clock {
    fn default() -> Self {
        Self::new()
    }
}

/// Numbers that nobody can guess: a keyed hash of a counter, keyed by the operating system.
#[derive(Debug, Default)]
pub struct Chance {
    key: RandomState,
    count: u64,
}

impl Chance {
    /// The next number.
    pub fn number(&mut self) -> u64 {
        self.count += 1;
        self.key.hash_one(self.count)
    }
}
