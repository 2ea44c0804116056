//! Prompts that are kept decoded while there is room; the least recently played go first.
//!
//! Keyed by a hash of the bytes, keyed itself with a secret: nobody can make two files that meet in it. What a file becomes is
//! bounded in bytes and its decoding in time.

use std::collections::HashMap;
use std::hash::Hasher;
use std::io::Cursor;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::Arc;
use std::time::Duration;

use offhook_media_core::prompt::{Pressing, Prompt};
use offhook_media_decode::{Decoder, Piece};
use rustix::time::{clock_gettime, ClockId};
use siphasher::sip128::{Hasher128, SipHasher13};

use crate::clock::Chance;
use crate::loader::Bytes;
use crate::metrics::{count, SharedMetrics};

/// Bytes of one prompt, decoded: over an hour for a telephone.
const MOST_DECODED: usize = 64 << 20;
/// What decoding one prompt may cost; others wait meanwhile.
const MOST_TIME: Duration = Duration::from_secs(5);

/// Names what bytes become for a line.
pub type Key = u128;

/// The bytes of a file, shared by who decodes them.
#[derive(Clone)]
pub struct Shared(pub Arc<Bytes>);

impl AsRef<[u8]> for Shared {
    fn as_ref(&self) -> &[u8] {
        (**self.0).as_ref()
    }
}

/// The prompts.
pub struct Cache {
    keys: (u64, u64),
    room: usize,
    used: usize,
    turn: u64,
    prompts: HashMap<Key, (u64, Arc<Prompt>)>,
    metrics: Arc<SharedMetrics>,
}

impl Cache {
    /// Empty; `room` is for decoded prompts, in bytes.
    pub fn new(room: usize, metrics: Arc<SharedMetrics>) -> Self {
        let mut chance = Chance::default();
        Self {
            keys: (chance.number(), chance.number()),
            room,
            used: 0,
            turn: 0,
            prompts: HashMap::new(),
            metrics,
        }
    }

    /// What `bytes` are called here; `rate` is that of bare samples, 0 for a file.
    pub fn key(&self, rate: u32, line: u32, bytes: &[u8]) -> Key {
        let mut hasher = SipHasher13::new_with_keys(self.keys.0, self.keys.1);
        hasher.write_u32(rate);
        hasher.write_u32(line);
        hasher.write(bytes);
        hasher.finish128().as_u128()
    }

    /// A prompt that is kept.
    pub fn find(&mut self, key: Key) -> Option<Arc<Prompt>> {
        self.turn += 1;
        let Some((turn, prompt)) = self.prompts.get_mut(&key) else {
            count(&self.metrics.prompt_misses);
            return None;
        };
        *turn = self.turn;
        count(&self.metrics.prompt_hits);
        Some(Arc::clone(prompt))
    }

    /// Keeps a prompt, unless it is larger than all of the room.
    pub fn keep(&mut self, key: Key, prompt: Arc<Prompt>) {
        if prompt.bytes() <= self.room {
            self.used += prompt.bytes();
            if let Some((_, other)) = self.prompts.insert(key, (self.turn, prompt)) {
                self.used -= other.bytes();
            }
            self.evict();
        }
        self.metrics.prompt_bytes.store(self.used as u64, Relaxed);
    }

    fn evict(&mut self) {
        while self.used > self.room {
            let Some(oldest) = self
                .prompts
                .iter()
                .min_by_key(|(_, (turn, _))| *turn)
                .map(|(key, _)| *key)
            else {
                return;
            };
            if let Some((_, prompt)) = self.prompts.remove(&oldest) {
                self.used -= prompt.bytes();
            }
        }
    }
}

/// A sound file as a prompt, or a phrase that follows its name.
pub fn press(bytes: Shared, line: u32, stated: &str) -> Result<Prompt, String> {
    let begun = worked();
    let mut decoder = Decoder::open(Cursor::new(bytes), stated).map_err(|refused| refused.0)?;
    let (mut pressing, mut piece) = (Pressing::new(line), Piece::default());
    while decoder.next(&mut piece).map_err(|refused| refused.0)? {
        let pushed = pressing.push(&piece.samples, piece.rate);
        pushed.map_err(|error| error.to_string())?;
        if pressing.bytes() > MOST_DECODED {
            return Err(format!("is larger than {} MiB when decoded", MOST_DECODED >> 20));
        }
        if worked().saturating_sub(begun) > MOST_TIME {
            return Err(format!("takes more than {} s to decode", MOST_TIME.as_secs()));
        }
    }
    Ok(pressing.finish())
}

/// What this thread has cost so far: a machine that does other things makes no file hostile.
fn worked() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), time.tv_nsec as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_least_recent_go_first() {
        let metrics = Arc::new(SharedMetrics::default());
        let mut cache = Cache::new(6400, Arc::clone(&metrics));
        for value in [1, 2, 1, 3, 1, 2] {
            let key = cache.key(0, 8000, &[value]);
            if cache.find(key).is_none() {
                let prompt = Prompt::new(&[value.into(); 1600], 8000, 8000).expect("a rate");
                cache.keep(key, Arc::new(prompt));
            }
        }
        assert_eq!(
            (metrics.prompt_hits.load(Relaxed), metrics.prompt_misses.load(Relaxed)),
            (2, 4)
        );
        assert_eq!(metrics.prompt_bytes.load(Relaxed), 6400);
    }
}
