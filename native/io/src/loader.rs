//! Prompts: read, decoded and resampled on a thread of their own, and kept while there is room.
//!
//! What a file becomes is bounded in bytes and its decoding in time, and a decoder that falls over costs that one prompt.
//!
//! The cache is keyed by a hash of the bytes, keyed itself with a secret: nobody can make two files that meet in it. The
//! least recently played go first.

use std::collections::HashMap;
use std::fs::File;
use std::hash::Hasher;
use std::io::{Cursor, Read};
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::sync::atomic::Ordering::Relaxed;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crossbeam_channel::{bounded, Receiver, Sender, TrySendError};
use offhook_media_core::command::{Loading, Source, Tone};
use offhook_media_core::prompt::{Pressing, Prompt};
use offhook_media_decode::{Decoder, Piece};
use siphasher::sip128::{Hasher128, SipHasher13};

use crate::clock::Chance;
use crate::metrics::{count, SharedMetrics};

/// Bytes of one prompt, undecoded.
pub const LARGEST: u64 = 64 << 20;
/// Bytes of one prompt, decoded: over an hour for a telephone.
const MOST_DECODED: usize = 64 << 20;
/// What decoding one prompt may take; others wait meanwhile.
const MOST_TIME: Duration = Duration::from_secs(5);
const MOST_WAITING: usize = 4096;

/// Bytes that somebody else owns, for as long as they are needed.
pub type Bytes = Box<dyn AsRef<[u8]> + Send + Sync>;

/// A source as it is named from above.
pub enum SourceOrder {
    /// The path of a sound file.
    File(String),
    /// A sound file in memory.
    Data {
        /// Its bytes.
        bytes: Bytes,
        /// What it is called.
        name: String,
        /// What its sender says that it is; empty when nothing.
        stated: String,
    },
    /// 16-bit little-endian mono samples and their rate.
    Pcm(Bytes, u32),
    /// Milliseconds.
    Silence(u32),
    /// Generated.
    Tone(Tone),
}

struct Request {
    sources: Vec<SourceOrder>,
    line: u32,
    loading: Loading,
}

struct Owned(Bytes);

impl AsRef<[u8]> for Owned {
    fn as_ref(&self) -> &[u8] {
        (*self.0).as_ref()
    }
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

    /// The sources, now or soon, for a line of `line` hertz.
    pub fn load(&self, sources: Vec<SourceOrder>, line: u32) -> Loading {
        let loading = Loading::default();
        let request = Request {
            sources,
            line,
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
    for Request { sources, line, loading } in requests {
        // One sound that breaks the decoder must not silence all calls from then on.
        let loaded = catch_unwind(AssertUnwindSafe(|| {
            sources.into_iter().map(|source| cache.load(source, line)).collect()
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

    fn load(&mut self, source: SourceOrder, line: u32) -> Result<Source, String> {
        match source {
            SourceOrder::File(path) => {
                let bytes = read(&path).map_err(|error| format!("cannot play {path}: {error}"))?;
                self.file(Box::new(bytes), line, "", &path)
            }
            SourceOrder::Data { bytes, name, stated } => {
                self.file(bytes, line, &stated, if name.is_empty() { "the audio" } else { &name })
            }
            SourceOrder::Pcm(bytes, rate) => self.prompt((rate, line), Owned(bytes), |bytes, line| {
                let samples: Vec<i16> = bytes.as_ref().chunks_exact(2).map(sample).collect();
                Prompt::new(&samples, rate, line).map_err(|error| error.to_string())
            }),
            SourceOrder::Silence(ms) => Ok(Source::Silence(ms)),
            SourceOrder::Tone(tone) => Ok(Source::Tone(tone)),
        }
    }

    fn file(&mut self, bytes: Bytes, line: u32, stated: &str, name: &str) -> Result<Source, String> {
        self.prompt((0, line), Owned(bytes), |bytes, line| press(bytes, line, stated))
            .map_err(|error| format!("cannot play {name}: it {error}"))
    }

    fn prompt(
        &mut self,
        (rate, line): (u32, u32),
        bytes: Owned,
        decode: impl FnOnce(Owned, u32) -> Result<Prompt, String>,
    ) -> Result<Source, String> {
        let mut hasher = SipHasher13::new_with_keys(self.keys.0, self.keys.1);
        hasher.write_u32(rate);
        hasher.write_u32(line);
        hasher.write(bytes.as_ref());
        let key = hasher.finish128().as_u128();
        self.turn += 1;
        if let Some((turn, prompt)) = self.prompts.get_mut(&key) {
            *turn = self.turn;
            count(&self.metrics.prompt_hits);
            return Ok(Source::Prompt(Arc::clone(prompt)));
        }
        count(&self.metrics.prompt_misses);
        let prompt = Arc::new(decode(bytes, line)?);
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

fn sample(bytes: &[u8]) -> i16 {
    i16::from_le_bytes([bytes[0], bytes[1]])
}

/// A sound file as a prompt, or a phrase that follows its name.
fn press(bytes: Owned, line: u32, stated: &str) -> Result<Prompt, String> {
    let begun = Instant::now();
    let mut decoder = Decoder::open(Cursor::new(bytes), stated).map_err(|refused| refused.0)?;
    let (mut pressing, mut piece) = (Pressing::new(line), Piece::default());
    while decoder.next(&mut piece).map_err(|refused| refused.0)? {
        let pushed = pressing.push(&piece.samples, piece.rate);
        pushed.map_err(|error| error.to_string())?;
        if pressing.bytes() > MOST_DECODED {
            return Err(format!("is larger than {} MiB when decoded", MOST_DECODED >> 20));
        }
        if begun.elapsed() > MOST_TIME {
            return Err(format!("takes more than {} s to decode", MOST_TIME.as_secs()));
        }
    }
    Ok(pressing.finish())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pcm(value: u8) -> SourceOrder {
        SourceOrder::Pcm(Box::new(vec![value; 3200]), 8000)
    }

    fn data(bytes: impl AsRef<[u8]> + Send + Sync + 'static) -> SourceOrder {
        SourceOrder::Data {
            bytes: Box::new(bytes),
            name: "a.mp3".into(),
            stated: "audio/mpeg".into(),
        }
    }

    #[test]
    fn the_same_bytes_are_decoded_once_and_the_least_recent_go_first() {
        let metrics = Arc::new(SharedMetrics::default());
        let mut cache = Cache::new(6400, Arc::clone(&metrics));
        for value in [1, 2, 1, 3, 1, 2] {
            cache.load(pcm(value), 8000).expect("audio");
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
        let broken = loader.load(vec![data(Mine)], 8000);
        let sound = loader.load(vec![pcm(1)], 8000);
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
        let reason = cache.load(SourceOrder::File("/nowhere/x.wav".into()), 8000).err();
        assert!(reason.is_some_and(|r| r.starts_with("cannot play /nowhere/x.wav: No such file")));
        let page = data(b"<html>".to_vec());
        let reason = cache.load(page, 8000).err();
        assert!(reason
            .is_some_and(|r| r.starts_with("cannot play a.mp3: it is a web page or XML (stated to be audio/mpeg);")));
        assert!(cache.load(SourceOrder::Pcm(Box::new(vec![0; 10]), 1), 8000).is_err());
    }
}
