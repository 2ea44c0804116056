//! Bytes of a sound on their way to its decoder: supplied by the engine's owner as they come, never more than there is room for.

use std::collections::VecDeque;
use std::io::{self, Read};
use std::sync::Arc;
use std::time::Duration;

use offhook_media_core::command::CommandId;
use parking_lot::{Condvar, Mutex};

use crate::loader::Bytes;
use crate::outbox::{Notice, Outbox};

/// Names a supply; chosen by the owner, never used twice.
pub type StreamId = u64;

/// Bytes that may wait. So much may be supplied unasked.
pub const ROOM: usize = 256 << 10;
/// Room is told of in such steps.
const STEP: usize = ROOM / 4;
/// How long a decoder waits for the next byte. Whoever fetches them gives up earlier, and says why.
const PATIENCE: Duration = Duration::from_secs(120);

#[derive(Default)]
struct Inner {
    pieces: VecDeque<Bytes>,
    /// Bytes of the first piece that were read.
    at: usize,
    waiting: usize,
    freed: usize,
    last: bool,
    refused: bool,
    gone: bool,
}

/// What both ends share.
pub struct Supply {
    command: CommandId,
    id: StreamId,
    inner: Mutex<Inner>,
    news: Condvar,
    outbox: Arc<Outbox>,
}

impl Supply {
    /// Empty, with all of its room.
    pub fn new(command: CommandId, id: StreamId, outbox: Arc<Outbox>) -> Arc<Self> {
        Arc::new(Self {
            command,
            id,
            inner: Mutex::default(),
            news: Condvar::new(),
            outbox,
        })
    }

    /// Takes more bytes; `last` says that none follow. More than there is room for is a defect of the owner, and ends it.
    pub fn put(&self, bytes: Bytes, last: bool) {
        let length = (*bytes).as_ref().len();
        let mut inner = self.inner.lock();
        if inner.gone || inner.last {
            return;
        }
        inner.last = last;
        if inner.waiting + length > ROOM {
            inner.refused = true;
        } else if length > 0 {
            inner.waiting += length;
            inner.pieces.push_back(bytes);
        }
        self.news.notify_all();
    }

    /// Nobody will hear it.
    pub fn close(&self) {
        let mut inner = self.inner.lock();
        inner.gone = true;
        inner.pieces.clear();
        self.news.notify_all();
    }
}

/// The decoder's end; when it is dropped, the owner is told that nothing more is wanted.
pub struct Reader(pub Arc<Supply>);

impl Read for Reader {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        let mut inner = self.0.inner.lock();
        let empty = |inner: &mut Inner| inner.pieces.is_empty() && !(inner.last || inner.gone || inner.refused);
        let result = self.0.news.wait_while_for(&mut inner, empty, PATIENCE);
        if inner.refused {
            return Err(io::Error::other("more was supplied than there is room for"));
        }
        if inner.gone {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        let Some(piece) = inner.pieces.front() else {
            if result.timed_out() {
                return Err(io::Error::new(io::ErrorKind::TimedOut, "nothing came for too long"));
            }
            return Ok(0);
        };
        let rest = &(**piece).as_ref()[inner.at..];
        let (length, over) = (rest.len().min(room.len()), rest.len() <= room.len());
        room[..length].copy_from_slice(&rest[..length]);
        inner.at += length;
        if over {
            inner.pieces.pop_front();
            inner.at = 0;
        }
        inner.waiting -= length;
        inner.freed += length;
        if inner.freed >= STEP && !inner.last {
            let freed = std::mem::take(&mut inner.freed);
            drop(inner);
            self.0
                .outbox
                .push([Notice::Wanted(self.0.command, self.0.id, freed as u64)]);
        }
        Ok(length)
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        self.0.close();
        self.0.outbox.push([Notice::Wanted(self.0.command, self.0.id, 0)]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn supply() -> (Arc<Supply>, Arc<Outbox>) {
        let outbox = Arc::new(Outbox::new(Arc::default()).expect("an eventfd"));
        (Supply::new(3, 7, Arc::clone(&outbox)), outbox)
    }

    #[test]
    fn what_is_read_makes_room_and_the_owner_is_told_in_steps() {
        let (supply, outbox) = supply();
        supply.put(Box::new(vec![1; STEP]), false);
        supply.put(Box::new(vec![2; ROOM - STEP]), false);
        let mut reader = Reader(Arc::clone(&supply));
        let mut room = vec![0; STEP - 1];
        reader.read_exact(&mut room).expect("bytes");
        assert!(outbox.drain().is_empty());
        reader.read_exact(&mut room[..2]).expect("bytes");
        assert_eq!(outbox.drain(), [Notice::Wanted(3, 7, STEP as u64)]);
        supply.put(Box::new(vec![3; STEP]), true);
        let mut rest = Vec::new();
        reader.read_to_end(&mut rest).expect("the end");
        assert_eq!(rest.len(), ROOM - 1);
        drop(reader);
        assert_eq!(outbox.drain(), [Notice::Wanted(3, 7, 0)]);
    }

    #[test]
    fn more_than_there_is_room_for_ends_it() {
        let (supply, _) = supply();
        supply.put(Box::new(vec![1; ROOM]), false);
        supply.put(Box::new(vec![1]), false);
        assert!(Reader(supply).read(&mut [0; 10]).is_err());
    }

    #[test]
    fn a_reader_of_what_nobody_hears_is_let_go() {
        let (supply, _) = supply();
        let reading = Arc::clone(&supply);
        let thread = std::thread::spawn(move || Reader(reading).read(&mut [0; 10]).map_err(|error| error.kind()));
        supply.close();
        assert_eq!(thread.join().expect("no panic"), Err(io::ErrorKind::BrokenPipe));
    }
}
