//! Sounds that are decoded while they are played, each on a thread of its own that keeps a few seconds ahead.
//!
//! For what is long or has no end. A thread ends when its sound does, or when nobody hears it any more; there are never more
//! than `most` of them.

use std::io::Read;
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::Arc;

use crossbeam_channel::{bounded, Sender};
use offhook_media_core::flow::{Flow, FlowPiece, Opening};
use offhook_media_core::prompt::Pressing;
use offhook_media_decode::{Decoder, Piece};

/// Pieces ahead, and how many of them make a second.
const AHEAD: usize = 20;
const PER_SECOND: usize = 10;
const STACK: usize = 1 << 20;

/// Starts the threads and counts them.
#[derive(Debug, Clone)]
pub struct Streams {
    alive: Arc<AtomicUsize>,
    most: usize,
}

/// A sound to be decoded.
pub struct Sound {
    /// Its bytes.
    pub bytes: Box<dyn Read + Send + Sync>,
    /// What it is called.
    pub name: String,
    /// What its sender says that it is.
    pub stated: String,
    /// Hertz of the line that hears it.
    pub line: u32,
}

struct Alive(Arc<AtomicUsize>);

impl Drop for Alive {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Relaxed);
    }
}

impl Streams {
    /// None yet.
    pub fn new(most: usize) -> Self {
        Self {
            alive: Arc::default(),
            most,
        }
    }

    /// Threads at work.
    pub fn alive(&self) -> usize {
        self.alive.load(Relaxed)
    }

    /// Begins to decode.
    pub fn start(&self, sound: Sound) -> Opening {
        let opening = Opening::default();
        let alive = Alive(Arc::clone(&self.alive));
        if self.alive.fetch_add(1, Relaxed) >= self.most {
            let _ = opening.set(Err(format!(
                "cannot play {}: {} sounds are streamed already",
                sound.name, self.most
            )));
            return opening;
        }
        let shared = Arc::clone(&opening);
        let thread = std::thread::Builder::new()
            .name("offhook-stream".into())
            .stack_size(STACK);
        let started = thread.spawn(move || {
            run(sound, shared);
            drop(alive);
        });
        if let Err(error) = started {
            let _ = opening.set(Err(format!("cannot play: {error}")));
        }
        opening
    }
}

fn run(sound: Sound, opening: Opening) {
    let name = sound.name.clone();
    // Whoever plays it holds the only receiver: this thread may keep none.
    let mut outlet = Outlet::Opening(opening);
    let decoded = catch_unwind(AssertUnwindSafe(|| decode(sound, &mut outlet)));
    let reason = match decoded {
        Ok(Ok(())) => return,
        Ok(Err(reason)) => format!("cannot play {name}: it {reason}"),
        Err(_) => format!("cannot play {name}: it breaks the decoder"),
    };
    outlet.fail(reason);
}

enum Outlet {
    Opening(Opening),
    Open(Sender<FlowPiece>),
}

impl Outlet {
    /// Hands samples over when there is room; `false` when nobody wants them.
    fn send(&mut self, samples: Vec<i16>, rate: u32) -> bool {
        if let Self::Opening(opening) = self {
            let (sender, pieces) = bounded(AHEAD);
            let _ = opening.set(Ok(Flow { rate, pieces }));
            *self = Self::Open(sender);
        }
        match self {
            Self::Open(sender) => sender.send(Ok(samples)).is_ok(),
            Self::Opening(_) => false,
        }
    }

    fn fail(self, reason: String) {
        match self {
            Self::Opening(opening) => drop(opening.set(Err(reason))),
            Self::Open(sender) => drop(sender.send(Err(reason))),
        }
    }
}

fn decode(sound: Sound, outlet: &mut Outlet) -> Result<(), String> {
    let mut decoder = Decoder::open(sound.bytes, &sound.stated).map_err(|refused| refused.0)?;
    let (mut pressing, mut piece) = (Pressing::new(sound.line), Piece::default());
    let mut enough = 1; // the first is heard at once
    while decoder.next(&mut piece).map_err(|refused| refused.0)? {
        pressing
            .push(&piece.samples, piece.rate)
            .map_err(|error| error.to_string())?;
        if pressing.bytes() >= enough {
            let rate = pressing.rate();
            enough = rate as usize / PER_SECOND * 2;
            for part in pressing.take().chunks(rate as usize / PER_SECOND) {
                if !outlet.send(part.to_vec(), rate) {
                    return Ok(());
                }
            }
        }
    }
    let rate = pressing.rate();
    let rest = pressing.finish();
    outlet.send(rest.samples().to_vec(), rate);
    Ok(())
}
