//! Events on their way up: a queue with an eventfd, one wake-up per batch.
//!
//! What ends a command always gets through. Keys, losses of RTP and what detectors find are dropped (the newest) past `MOST_TOLD` waiting
//! ones; chunks of a tap past its backlog (the oldest), and the next chunk says how many.

use std::collections::{HashMap, VecDeque};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::atomic::Ordering::Relaxed;
use std::sync::Arc;

use offhook_media_core::command::CommandId;
use offhook_media_core::event::Event;
use parking_lot::Mutex;
use rustix::event::{eventfd, EventfdFlags};

use crate::metrics::{count, SharedMetrics};
use crate::supply::StreamId;

const MOST_TOLD: usize = 65_536;

/// What the engine's owner reads.
#[derive(Debug, PartialEq)]
pub enum Notice {
    /// As the machine said it.
    Event(Event),
    /// Audio of a tap; chunks lost before it; whether it is what the far end hears.
    Chunk(CommandId, Vec<u8>, u64, bool),
    /// A supply of a command has room for so many bytes more; 0: it wants no more.
    Wanted(CommandId, StreamId, u64),
    /// A shard's thread fell over; all its sessions are gone.
    ShardLost(usize, String),
}

#[derive(Debug, Default)]
struct Inner {
    queue: VecDeque<Entry>,
    told: usize,
    taps: HashMap<CommandId, TapQueue>,
    shut: bool,
}

#[derive(Debug)]
enum Entry {
    Notice(Notice),
    Tap(CommandId),
}

#[derive(Debug, Default)]
struct TapQueue {
    chunks: VecDeque<(Vec<u8>, bool)>,
    dropped: u64,
}

/// Whether nobody waits for it.
fn told(event: &Event) -> bool {
    matches!(
        event,
        Event::Digit(..) | Event::RtpLost(..) | Event::Detected { .. } | Event::Mark { .. }
    )
}

/// The queue.
#[derive(Debug)]
pub struct Outbox {
    inner: Mutex<Inner>,
    wake: OwnedFd,
    metrics: Arc<SharedMetrics>,
}

impl Outbox {
    /// Empty.
    pub fn new(metrics: Arc<SharedMetrics>) -> std::io::Result<Self> {
        let wake = eventfd(0, EventfdFlags::NONBLOCK | EventfdFlags::CLOEXEC)?;
        Ok(Self {
            inner: Mutex::default(),
            wake,
            metrics,
        })
    }

    /// Readable while there is something to drain.
    pub fn fd(&self) -> BorrowedFd<'_> {
        self.wake.as_fd()
    }

    /// Adds a batch, in order.
    pub fn push(&self, notices: impl IntoIterator<Item = Notice>) {
        let mut inner = self.inner.lock();
        let empty = inner.queue.is_empty();
        for notice in notices {
            self.add(&mut inner, notice);
        }
        if empty && !inner.queue.is_empty() && !inner.shut {
            drop(inner);
            // Only a full counter can refuse, and then the reader is awake anyway.
            let _ = rustix::io::write(&self.wake, &1u64.to_ne_bytes());
        }
    }

    fn add(&self, inner: &mut Inner, notice: Notice) {
        match notice {
            Notice::Event(Event::Chunk {
                command,
                outbound,
                data,
                backlog,
            }) => {
                let tap = inner.taps.entry(command).or_default();
                if tap.chunks.is_empty() {
                    inner.queue.push_back(Entry::Tap(command));
                } else if tap.chunks.len() >= backlog.max(1) as usize {
                    tap.chunks.pop_front();
                    tap.dropped += 1;
                    count(&self.metrics.chunks_dropped);
                }
                tap.chunks.push_back((data, outbound));
            }
            Notice::Event(ref event) if told(event) && inner.told >= MOST_TOLD => {
                count(&self.metrics.events_dropped);
            }
            notice => {
                inner.told += usize::from(matches!(&notice, Notice::Event(event) if told(event)));
                inner.queue.push_back(Entry::Notice(notice));
            }
        }
    }

    /// Everything that waits, in order.
    pub fn drain(&self) -> Vec<Notice> {
        let mut inner = self.inner.lock();
        let _ = rustix::io::read(&self.wake, &mut [0u8; 8]);
        let inner = &mut *inner;
        inner.told = 0;
        let mut notices = Vec::with_capacity(inner.queue.len());
        for entry in inner.queue.drain(..) {
            match entry {
                Entry::Notice(notice) => notices.push(notice),
                Entry::Tap(command) => {
                    let Some(tap) = inner.taps.remove(&command) else {
                        continue;
                    };
                    let mut dropped = tap.dropped;
                    let chunk = |(data, outbound)| Notice::Chunk(command, data, std::mem::take(&mut dropped), outbound);
                    notices.extend(tap.chunks.into_iter().map(chunk));
                }
            }
        }
        notices
    }

    /// Nobody reads any more.
    pub fn shut(&self) {
        self.inner.lock().shut = true;
    }

    /// Chunks that were dropped so far.
    pub fn chunks_dropped(&self) -> u64 {
        self.metrics.chunks_dropped.load(Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chunk(n: u8) -> Notice {
        Notice::Event(Event::Chunk {
            outbound: false,
            command: 1,
            data: vec![n],
            backlog: 2,
        })
    }

    #[test]
    fn the_oldest_chunks_are_dropped_and_counted() {
        let outbox = Outbox::new(Arc::default()).expect("an eventfd");
        outbox.push((0..5).map(chunk));
        assert_eq!(
            outbox.drain(),
            [Notice::Chunk(1, vec![3], 3, false), Notice::Chunk(1, vec![4], 0, false)]
        );
        assert_eq!(outbox.chunks_dropped(), 3);
    }

    #[test]
    fn one_batch_makes_one_wake_up() {
        let outbox = Outbox::new(Arc::default()).expect("an eventfd");
        outbox.push((0..3).map(|n| Notice::Event(Event::Digit(n, '1'))));
        outbox.push([Notice::Event(Event::Digit(3, '1'))]);
        let mut counter = [0; 8];
        rustix::io::read(outbox.fd(), &mut counter).expect("a wake-up");
        assert_eq!(u64::from_ne_bytes(counter), 1);
        assert_eq!(outbox.drain().len(), 4);
    }
}
