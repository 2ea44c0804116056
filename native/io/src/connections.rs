//! Connections of browsers that no datagram reaches (RFC 6544): packets in frames, each behind its length (RFC 4571).
//!
//! They open connections to the port that all share; we open none. Read by the gate's thread; shards send on them
//! themselves, and what does not fit is queued up to a bound, and dropped past it: late audio is worth nothing.

use std::collections::HashMap;
use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use rustix::event::epoll;

/// Connections at a time; further ones are closed at once.
const MOST_CONNECTIONS: usize = 4096;
/// Bytes that may wait to be sent on one of them.
const MOST_QUEUED: usize = 65_536;
/// A frame that is longer is no packet of a browser.
const LARGEST: usize = 2048;
/// In which a connection must prove by a genuine check whose it is.
const PROVE_WITHIN: Duration = Duration::from_secs(10);
/// Tokens of connections begin here; the gate has those before.
pub const FIRST_TOKEN: u64 = 16;

/// What a connection is sent by.
pub struct Connection {
    stream: TcpStream,
    token: u64,
    queue: Mutex<Vec<u8>>,
}

struct Reader {
    connection: Arc<Connection>,
    address: SocketAddr,
    pending: Vec<u8>,
    begun: Instant,
}

/// The sending half, for everybody.
#[derive(Default)]
pub struct Connections {
    open: Mutex<HashMap<SocketAddr, Arc<Connection>>>,
}

/// The receiving half, for the one thread that reads.
pub struct Readers {
    listener: TcpListener,
    readers: HashMap<u64, Reader>,
    next: u64,
}

impl Connections {
    /// Sends a packet; false when there is no such connection, or it is stuck.
    pub fn send(&self, set: &OwnedFd, to: SocketAddr, packet: &[u8]) -> bool {
        let connection = self.open.lock().get(&to).map(Arc::clone);
        connection.is_some_and(|connection| connection.send(set, packet))
    }

    /// Closes a connection.
    pub fn close(&self, address: SocketAddr) {
        if let Some(connection) = self.open.lock().remove(&address) {
            // Its reader sees the end, and lets go of it.
            let _ = connection.stream.shutdown(Shutdown::Both);
        }
    }

    /// Connections that are open.
    pub fn count(&self) -> usize {
        self.open.lock().len()
    }
}

impl Connection {
    fn send(&self, set: &OwnedFd, packet: &[u8]) -> bool {
        let mut queue = self.queue.lock();
        if queue.len() + packet.len() > MOST_QUEUED {
            return false;
        }
        let empty = queue.is_empty();
        queue.extend((packet.len() as u16).to_be_bytes());
        queue.extend_from_slice(packet);
        !empty || self.write(&mut queue) && (queue.is_empty() || self.watch(set, true))
    }

    fn write(&self, queue: &mut Vec<u8>) -> bool {
        while !queue.is_empty() {
            match (&self.stream).write(queue) {
                Ok(0) => return false,
                Ok(written) => drop(queue.drain(..written)),
                Err(error) => return error.kind() == ErrorKind::WouldBlock,
            }
        }
        true
    }

    fn watch(&self, set: &OwnedFd, writable: bool) -> bool {
        let mut flags = epoll::EventFlags::IN;
        flags.set(epoll::EventFlags::OUT, writable);
        epoll::modify(set, &self.stream, epoll::EventData::new_u64(self.token), flags).is_ok()
    }

    /// Sends on what was queued.
    fn flush(&self, set: &OwnedFd) {
        let mut queue = self.queue.lock();
        if self.write(&mut queue) && queue.is_empty() {
            self.watch(set, false);
        }
    }
}

impl Readers {
    /// Of connections to this listener, which does not block.
    pub fn new(listener: TcpListener) -> Self {
        Self {
            listener,
            readers: HashMap::new(),
            next: FIRST_TOKEN,
        }
    }

    /// Takes the connections that wait.
    pub fn accept(&mut self, set: &OwnedFd, connections: &Connections) {
        while let Ok((stream, source)) = self.listener.accept() {
            if self.readers.len() >= MOST_CONNECTIONS || stream.set_nonblocking(true).is_err() {
                continue;
            }
            // A packet of audio must not wait for the next.
            let _ = stream.set_nodelay(true);
            let (token, address) = (self.next, SocketAddr::new(source.ip().to_canonical(), source.port()));
            self.next += 1;
            let data = epoll::EventData::new_u64(token);
            if epoll::add(set, &stream, data, epoll::EventFlags::IN).is_err() {
                continue;
            }
            let connection = Arc::new(Connection {
                stream,
                token,
                queue: Mutex::default(),
            });
            connections.open.lock().insert(address, Arc::clone(&connection));
            let reader = Reader {
                connection,
                address,
                pending: Vec::new(),
                begun: Instant::now(),
            };
            self.readers.insert(token, reader);
        }
    }

    /// Reads from a connection, or sends on what waits for it.
    pub fn serve(&mut self, token: u64, set: &OwnedFd, connections: &Connections, deliver: impl Fn(&[u8], SocketAddr)) {
        let Some(reader) = self.readers.get_mut(&token) else {
            return;
        };
        reader.connection.flush(set);
        if !reader.read(deliver) {
            self.drop_reader(token, connections);
        }
    }

    /// Closes connections that have not proved whose they are.
    pub fn sweep(&mut self, connections: &Connections, known: impl Fn(SocketAddr) -> bool) {
        let late = |reader: &Reader| reader.begun.elapsed() >= PROVE_WITHIN && !known(reader.address);
        let tokens: Vec<u64> = self
            .readers
            .iter()
            .filter(|(_, r)| late(r))
            .map(|(token, _)| *token)
            .collect();
        tokens
            .into_iter()
            .for_each(|token| self.drop_reader(token, connections));
    }

    /// What new connections are heard by.
    pub fn listener(&self) -> &TcpListener {
        &self.listener
    }

    /// Whether any is open.
    pub fn busy(&self) -> bool {
        !self.readers.is_empty()
    }

    fn drop_reader(&mut self, token: u64, connections: &Connections) {
        let Some(reader) = self.readers.remove(&token) else {
            return;
        };
        let mut open = connections.open.lock();
        if open.get(&reader.address).is_some_and(|c| c.token == token) {
            open.remove(&reader.address);
        }
    }
}

impl Reader {
    fn read(&mut self, deliver: impl Fn(&[u8], SocketAddr)) -> bool {
        let mut buffer = [0; 4096];
        // Once: what else waits is reported again, and others have their turn.
        match (&self.connection.stream).read(&mut buffer) {
            Ok(0) => return false,
            Ok(length) => self.pending.extend_from_slice(&buffer[..length]),
            Err(error) => return error.kind() == ErrorKind::WouldBlock,
        }
        let address = self.address;
        frames(&mut self.pending, |packet| deliver(packet, address))
    }
}

/// Takes whole frames off the front; false when one is too long.
fn frames(pending: &mut Vec<u8>, mut deliver: impl FnMut(&[u8])) -> bool {
    let mut at = 0;
    while let Some([high, low]) = pending.get(at..at + 2) {
        let length = usize::from(u16::from_be_bytes([*high, *low]));
        if length > LARGEST {
            return false;
        }
        let Some(packet) = pending.get(at + 2..at + 2 + length) else {
            break;
        };
        deliver(packet);
        at += 2 + length;
    }
    pending.drain(..at);
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_found_however_they_arrive() {
        let stream = [&[0, 3, 1, 2, 3][..], &[0, 0], &[0, 1, 9], &[0, 5, 1]].concat();
        for size in 1..stream.len() {
            let (mut pending, mut found) = (Vec::new(), Vec::new());
            for piece in stream.chunks(size) {
                pending.extend_from_slice(piece);
                assert!(frames(&mut pending, |packet| found.push(packet.to_vec())));
            }
            assert_eq!(found, [vec![1, 2, 3], vec![], vec![9]]);
            assert_eq!(pending, [0, 5, 1]);
        }
    }

    #[test]
    fn a_frame_that_is_too_long_ends_it() {
        let mut pending = vec![8, 1];
        assert!(!frames(&mut pending, |_| panic!("not a packet")));
    }
}
