//! Prompts: read, decoded and resampled on a thread of their own, and kept while there is room.
//!
//! The cache is keyed by a hash of the bytes, keyed itself with a secret: nobody can make two files that meet in it. The
//! least recently played go first.

use std::collections::HashMap;
use std::fs::File;
use std::hash::Hasher;
use std::io::Read;
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::sync::atomic::Ordering::Relaxed;
use std::sync::Arc;
use std::thread::JoinHandle;

use crossbeam_channel::{bounded, Receiver, Sender, TrySendError};
use offhook_media_core::command::{Loading, Source, Tone};
use offhook_media_core::prompt::Prompt;
use offhook_media_core::wav;
use siphasher::sip128::{Hasher128, SipHasher13};

use crate::clock::Chance;
use crate::metrics::{count, SharedMetrics};

/// Bytes of one prompt, undecoded.
pub const LARGEST: u64 = 64 << 20;
const MOST_WAITING: usize = 4096;

/// Bytes that somebody else owns, for as long as they are needed.
pub type Bytes = Box<dyn AsRef<[u8]> + Send + Sync>;

/// A source as it is named from above.
pub enum SourceOrder {
    /// A path.
    WavFile(String),
    /// A WAV file in memory.
    WavData(Bytes),
    /// 16-bit little-endian mono samples and their rate.
    Pcm(Bytes, u32),
    /// Milliseconds.
    Silence(u32),
    /// Generated.
    Tone(Tone),
}

struct Request {
    sources: Vec<SourceOrder>,
    loading: Loading,
}

/// The engine's end of the loader's queue.
#[derive(Debug)]
pub struct Loader {
    queue: Sender<Request>,
}

impl Loader {
    /// Starts the thread; it ends when this is dropped. `room` is for decoded prompts, in bytes.
    pub fn start(room: usize, metrics: Arc<SharedMetrics>) -> std::io::Result<(Self, JoinHandle<()>)> {
        let (queue, requests) = bounded(MOST_WAITING);
        let cache = Cache::new(room, metrics);
        let thread = std::thread::Builder::new()
            .name("offhook-loader".into())
            .spawn(move || load_all(&requests, cache))?;
        Ok((Self { queue }, thread))
    }

    /// The sources, now or soon.
    pub fn load(&self, sources: Vec<SourceOrder>) -> Loading {
        let loading = Loading::default();
        let request = Request {
            sources,
            loading: Arc::clone(&loading),
        };
        let reason = match self.queue.try_send(request) {
            Ok(()) => return loading,
            Err(TrySendError::Full(_)) => "too many prompts wait to be read",
            Err(TrySendError::Disconnected(_)) => "the media engine is closed",
        };
        let _ = loading.set(Err(reason.into()));
        loading
    }
}

fn load_all(requests: &Receiver<Request>, mut cache: Cache) {
    for Request { sources, loading } in requests {
        // One sound that breaks the decoder must not silence all calls from then on.
        let loaded = catch_unwind(AssertUnwindSafe(|| {
            sources.into_iter().map(|source| cache.load(source)).collect()
        }));
        let loaded = loaded.unwrap_or_else(|_| Err("the sound could not be decoded".into()));
        let _ = loading.set(loaded);
    }
}

struct Cache {
    keys: (u64, u64),
    room: usize,
    used: usize,
    turn: u64,
    prompts: HashMap<u128, (u64, Arc<Prompt>)>,
    metrics: Arc<SharedMetrics>,
}

impl Cache {
    fn new(room: usize, metrics: Arc<SharedMetrics>) -> Self {
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

    fn load(&mut self, source: SourceOrder) -> Result<Source, String> {
        match source {
            SourceOrder::WavFile(path) => {
                let bytes = read(&path).map_err(|error| format!("cannot play {path}: {error}"))?;
                self.prompt(0, &bytes, decode_wav)
                    .map_err(|error| format!("cannot play {path}: {error}"))
            }
            SourceOrder::WavData(bytes) => self
                .prompt(0, (*bytes).as_ref(), decode_wav)
                .map_err(|error| format!("cannot play the audio: {error}")),
            SourceOrder::Pcm(bytes, rate) => self.prompt(rate, (*bytes).as_ref(), |bytes| decode_pcm(bytes, rate)),
            SourceOrder::Silence(ms) => Ok(Source::Silence(ms)),
            SourceOrder::Tone(tone) => Ok(Source::Tone(tone)),
        }
    }

    fn prompt(
        &mut self,
        rate: u32,
        bytes: &[u8],
        decode: impl FnOnce(&[u8]) -> Result<Prompt, String>,
    ) -> Result<Source, String> {
        let mut hasher = SipHasher13::new_with_keys(self.keys.0, self.keys.1);
        hasher.write_u32(rate);
        hasher.write(bytes);
        let key = hasher.finish128().as_u128();
        self.turn += 1;
        if let Some((turn, prompt)) = self.prompts.get_mut(&key) {
            *turn = self.turn;
            count(&self.metrics.prompt_hits);
            return Ok(Source::Prompt(Arc::clone(prompt)));
        }
        count(&self.metrics.prompt_misses);
        let prompt = Arc::new(decode(bytes)?);
        if prompt.bytes() <= self.room {
            self.used += prompt.bytes();
            self.prompts.insert(key, (self.turn, Arc::clone(&prompt)));
            self.evict();
        }
        self.metrics.prompt_bytes.store(self.used as u64, Relaxed);
        Ok(Source::Prompt(prompt))
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

fn read(path: &str) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(LARGEST + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > LARGEST {
        return Err(std::io::Error::other(format!(
            "it is larger than {} MiB",
            LARGEST >> 20
        )));
    }
    Ok(bytes)
}

fn decode_wav(bytes: &[u8]) -> Result<Prompt, String> {
    let wav = wav::read(bytes).map_err(|error| error.to_string())?;
    Prompt::new(&wav.samples, wav.rate).map_err(|error| error.to_string())
}

fn decode_pcm(bytes: &[u8], rate: u32) -> Result<Prompt, String> {
    let samples: Vec<i16> = bytes
        .chunks_exact(2)
        .map(|s| i16::from_le_bytes([s[0], s[1]]))
        .collect();
    Prompt::new(&samples, rate).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pcm(value: u8) -> SourceOrder {
        SourceOrder::Pcm(Box::new(vec![value; 3200]), 8000)
    }

    #[test]
    fn the_same_bytes_are_decoded_once_and_the_least_recent_go_first() {
        let metrics = Arc::new(SharedMetrics::default());
        let mut cache = Cache::new(6400, Arc::clone(&metrics));
        for value in [1, 2, 1, 3, 1, 2] {
            cache.load(pcm(value)).expect("audio");
        }
        assert_eq!(
            (metrics.prompt_hits.load(Relaxed), metrics.prompt_misses.load(Relaxed)),
            (2, 4)
        );
        assert_eq!(metrics.prompt_bytes.load(Relaxed), 6400);
    }

    struct Mine;

    impl AsRef<[u8]> for Mine {
        fn as_ref(&self) -> &[u8] {
            panic!("a defect")
        }
    }

    #[test]
    fn a_defect_that_one_sound_meets_does_not_silence_the_others() {
        let (loader, thread) = Loader::start(6400, Arc::default()).expect("a thread");
        let broken = loader.load(vec![SourceOrder::WavData(Box::new(Mine))]);
        let sound = loader.load(vec![pcm(1)]);
        drop(loader);
        thread.join().expect("a thread that ends");
        assert_eq!(
            broken
                .get()
                .and_then(|loaded| loaded.as_ref().err())
                .map(String::as_str),
            Some("the sound could not be decoded")
        );
        assert!(sound.get().is_some_and(Result::is_ok));
    }

    #[test]
    fn what_cannot_be_played_is_said_in_a_sentence() {
        let mut cache = Cache::new(6400, Arc::default());
        let reason = cache.load(SourceOrder::WavFile("/nowhere/x.wav".into())).err();
        assert!(reason.is_some_and(|r| r.starts_with("cannot play /nowhere/x.wav: No such file")));
        assert!(cache.load(SourceOrder::WavData(Box::new(vec![1, 2, 3]))).is_err());
        assert!(cache.load(SourceOrder::Pcm(Box::new(vec![0; 10]), 1)).is_err());
    }
}
