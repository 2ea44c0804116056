//! Sounds on their way to who plays them: kept decoded, decoded at once, or decoded while they are played.
//!
//! What is short becomes a prompt before it is played. What is long begins at once, on a thread of its own, and becomes a prompt
//! beside that for who plays it next. A decoder that falls over costs that one sound.

use std::fs::File;
use std::io::{BufReader, Cursor, Read};
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::sync::Arc;
use std::thread::JoinHandle;

use crossbeam_channel::{bounded, Receiver, Sender, TrySendError};
use offhook_media_core::command::{Loading, Source, Tone};
use offhook_media_core::prompt::Prompt;
use parking_lot::Mutex;

use crate::cache::{press, Cache, Key, Shared};
use crate::metrics::SharedMetrics;
use crate::streams::{Sound, Streams};
use crate::supply::{Reader, Supply};

/// Bytes of one prompt, undecoded; larger files are decoded while they are played.
const LARGEST: u64 = 64 << 20;
/// Bytes that are decoded faster than anybody notices.
const SHORT: usize = 256 << 10;
const MOST_WAITING: usize = 4096;
/// Long files that wait to become prompts; others become one the next time.
const MOST_LONG: usize = 16;

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
    /// A sound whose bytes are supplied as they come.
    Supplied {
        /// Their way.
        supply: Arc<Supply>,
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

/// What sounds are loaded for.
#[derive(Debug, Clone, Copy)]
pub struct Purpose {
    /// Hertz of the line.
    pub line: u32,
    /// Whether they are played more than once.
    pub repeats: bool,
}

struct Request {
    sources: Vec<SourceOrder>,
    purpose: Purpose,
    loading: Loading,
}

struct Long {
    key: Key,
    bytes: Shared,
    line: u32,
    stated: String,
}

/// The engine's end of the loader's queue.
#[derive(Debug)]
pub struct Loader {
    queue: Sender<Request>,
}

struct Shelf {
    cache: Arc<Mutex<Cache>>,
    streams: Streams,
    long: Sender<Long>,
}

impl Loader {
    /// Starts the threads; they end when this is dropped. `room` is for decoded prompts, in bytes.
    pub fn start(
        room: usize,
        streams: Streams,
        metrics: Arc<SharedMetrics>,
    ) -> std::io::Result<(Self, [JoinHandle<()>; 2])> {
        let (queue, requests) = bounded(MOST_WAITING);
        let (long, waiting) = bounded(MOST_LONG);
        let cache = Arc::new(Mutex::new(Cache::new(room, metrics)));
        let shelf = Shelf {
            cache: Arc::clone(&cache),
            streams,
            long,
        };
        let named = |name: &str| std::thread::Builder::new().name(name.into());
        let loading = named("offhook-loader").spawn(move || load_all(&requests, &shelf))?;
        let pressing = named("offhook-presser").spawn(move || press_all(&waiting, &cache))?;
        Ok((Self { queue }, [loading, pressing]))
    }

    /// The sources, now or soon.
    pub fn load(&self, sources: Vec<SourceOrder>, purpose: Purpose) -> Loading {
        let loading = Loading::default();
        let request = Request {
            sources,
            purpose,
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

fn load_all(requests: &Receiver<Request>, shelf: &Shelf) {
    for Request {
        sources,
        purpose,
        loading,
    } in requests
    {
        // One sound that breaks the decoder must not silence all calls from then on.
        let loaded = catch_unwind(AssertUnwindSafe(|| {
            sources.into_iter().map(|source| shelf.load(source, purpose)).collect()
        }));
        let loaded = loaded.unwrap_or_else(|_| Err("the sound could not be decoded".into()));
        let _ = loading.set(loaded);
    }
}

fn press_all(waiting: &Receiver<Long>, cache: &Mutex<Cache>) {
    for Long {
        key,
        bytes,
        line,
        stated,
    } in waiting
    {
        // Who plays it hears what is wrong with it.
        if let Ok(Ok(prompt)) = catch_unwind(AssertUnwindSafe(|| press(bytes, line, &stated))) {
            cache.lock().keep(key, Arc::new(prompt));
        }
    }
}

impl Shelf {
    fn load(&self, source: SourceOrder, purpose: Purpose) -> Result<Source, String> {
        match source {
            SourceOrder::File(path) => self.file(path, purpose),
            SourceOrder::Data { bytes, name, stated } => self.data(bytes, stated, name, purpose),
            SourceOrder::Supplied { .. } if purpose.repeats => {
                Err("what is supplied as it comes cannot be repeated".into())
            }
            SourceOrder::Supplied { supply, name, stated } => {
                Ok(self.streamed(Box::new(Reader(supply)), stated, named(name), purpose))
            }
            SourceOrder::Pcm(bytes, rate) => self.pcm(bytes, rate, purpose.line),
            SourceOrder::Silence(ms) => Ok(Source::Silence(ms)),
            SourceOrder::Tone(tone) => Ok(Source::Tone(tone)),
        }
    }

    fn file(&self, path: String, purpose: Purpose) -> Result<Source, String> {
        let broken = |error: std::io::Error| format!("cannot play {path}: {error}");
        let file = File::open(&path).map_err(broken)?;
        if file.metadata().map_err(broken)?.len() <= LARGEST {
            let mut bytes = Vec::new();
            file.take(LARGEST).read_to_end(&mut bytes).map_err(broken)?;
            return self.data(Box::new(bytes), String::new(), path, purpose);
        }
        if purpose.repeats {
            return Err(format!("cannot repeat {path}: it is larger than {} MiB", LARGEST >> 20));
        }
        Ok(self.streamed(Box::new(BufReader::new(file)), String::new(), path, purpose))
    }

    fn data(&self, bytes: Bytes, stated: String, name: String, purpose: Purpose) -> Result<Source, String> {
        let bytes = Shared(Arc::new(bytes));
        let key = self.cache.lock().key(0, purpose.line, bytes.as_ref());
        if let Some(prompt) = self.cache.lock().find(key) {
            return Ok(Source::Prompt(prompt));
        }
        if bytes.as_ref().len() > SHORT && !purpose.repeats {
            // Full means that others are being made; this one will be, another time.
            let _ = self.long.try_send(Long {
                key,
                bytes: bytes.clone(),
                line: purpose.line,
                stated: stated.clone(),
            });
            return Ok(self.streamed(Box::new(Cursor::new(bytes)), stated, named(name), purpose));
        }
        let pressed = press(bytes, purpose.line, &stated);
        let prompt = pressed.map_err(|reason| format!("cannot play {}: it {reason}", named(name)))?;
        Ok(self.kept(key, prompt))
    }

    fn pcm(&self, bytes: Bytes, rate: u32, line: u32) -> Result<Source, String> {
        let key = self.cache.lock().key(rate, line, (*bytes).as_ref());
        if let Some(prompt) = self.cache.lock().find(key) {
            return Ok(Source::Prompt(prompt));
        }
        let samples = (*bytes).as_ref().chunks_exact(2);
        let samples: Vec<i16> = samples.map(|s| i16::from_le_bytes([s[0], s[1]])).collect();
        let prompt = Prompt::new(&samples, rate, line).map_err(|error| error.to_string())?;
        Ok(self.kept(key, prompt))
    }

    fn kept(&self, key: Key, prompt: Prompt) -> Source {
        let prompt = Arc::new(prompt);
        self.cache.lock().keep(key, Arc::clone(&prompt));
        Source::Prompt(prompt)
    }

    fn streamed(&self, bytes: Box<dyn Read + Send + Sync>, stated: String, name: String, purpose: Purpose) -> Source {
        let line = purpose.line;
        Source::Flow(self.streams.start(Sound {
            bytes,
            name,
            stated,
            line,
        }))
    }
}

fn named(name: String) -> String {
    if name.is_empty() {
        "the audio".into()
    } else {
        name
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::{Duration, Instant};

    const ONCE: Purpose = Purpose {
        line: 8000,
        repeats: false,
    };
    const AGAIN: Purpose = Purpose {
        line: 8000,
        repeats: true,
    };

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

    fn loader() -> Loader {
        let (loader, _threads) = Loader::start(1 << 20, Streams::new(4), Arc::default()).expect("threads");
        loader
    }

    fn loaded(loader: &Loader, source: SourceOrder, purpose: Purpose) -> Result<Source, String> {
        let loading = loader.load(vec![source], purpose);
        let sources = loading.wait().clone()?;
        Ok(sources.into_iter().next().expect("a source"))
    }

    struct Mine;

    impl AsRef<[u8]> for Mine {
        fn as_ref(&self) -> &[u8] {
            panic!("a defect")
        }
    }

    #[test]
    fn a_defect_that_one_sound_meets_does_not_silence_the_others() {
        let loader = loader();
        let broken = loaded(&loader, data(Mine), ONCE).map(drop);
        assert_eq!(broken, Err("the sound could not be decoded".into()));
        assert!(loaded(&loader, pcm(1), ONCE).is_ok());
    }

    #[test]
    fn what_cannot_be_played_is_said_in_a_sentence() {
        let loader = loader();
        let refused = |source| loaded(&loader, source, AGAIN).map(drop).expect_err("a reason");
        let reason = refused(SourceOrder::File("/nowhere/x.wav".into()));
        assert!(reason.starts_with("cannot play /nowhere/x.wav: No such file"));
        let reason = refused(data(b"<html>".to_vec()));
        assert!(reason.starts_with("cannot play a.mp3: it is a web page or XML (stated to be audio/mpeg);"));
        assert!(refused(SourceOrder::Pcm(Box::new(vec![0; 10]), 1)).contains("sample rate of 1 Hz"));
    }

    fn long() -> Vec<u8> {
        let mut bytes =
            b"RIFF\0\0\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0\x40\x1f\0\0\0\0\0\0\x02\0\x10\0data\0\0\0\0".to_vec();
        bytes.resize(SHORT + 1000, 1);
        bytes
    }

    #[test]
    fn what_is_long_is_heard_at_once_and_kept_for_the_next_time() {
        let loader = loader();
        assert!(matches!(loaded(&loader, data(long()), ONCE), Ok(Source::Flow(_))));
        let end = Instant::now() + Duration::from_secs(10);
        while !matches!(loaded(&loader, data(long()), ONCE), Ok(Source::Prompt(_))) {
            assert!(Instant::now() < end);
        }
    }

    #[test]
    fn what_is_long_and_repeated_is_decoded_first() {
        assert!(matches!(loaded(&loader(), data(long()), AGAIN), Ok(Source::Prompt(_))));
    }
}
