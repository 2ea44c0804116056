//! The one port that all browser legs share, for datagrams and for connections: a thread reads it and hands each packet
//! to the shard of its session.
//!
//! Whose a packet is: a connectivity check names it (RFC 8445 section 7.2.2); anything else belongs to whose checks came
//! from the same source before, and were genuine. What belongs to nobody is dropped unanswered. Shards send on the
//! socket themselves.

use std::collections::{HashMap, VecDeque};
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, UdpSocket};
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Instant;

use crossbeam_channel::{bounded, Receiver, Sender};
use offhook_media_core::command::SessionId;
use offhook_media_core::webrtc::demux::{kind, named, Kind};
use offhook_media_core::webrtc::dtls::Identity;
use offhook_media_core::webrtc::path::{Path, Protocol};
use parking_lot::Mutex;
use rustix::event::{epoll, eventfd, EventfdFlags, Timespec};

use crate::connections::{Connections, Readers, FIRST_TOKEN};

/// Packets that may wait for one shard; the newest are dropped.
const MOST_WAITING: usize = 4096;
/// Sources of one session that are known; past that the oldest is forgotten.
const MOST_PATHS: usize = 256;
/// Datagrams that are read before the thread looks at anything else.
const BATCH: usize = 256;
/// Longer datagrams are cut, and then are nothing that we know.
const LARGEST: usize = 2048;
const SOCKET: u64 = 0;
const STOP: u64 = 1;
const LISTENER: u64 = 2;
/// How often connections are looked at that have not proved whose they are.
const SWEEP: Timespec = Timespec { tv_sec: 5, tv_nsec: 0 };
/// Ports that are tried where any would do: the same one must be free for both.
const TRIES: usize = 20;

/// A packet on its way to a shard.
pub struct Letter {
    /// Whose it is.
    pub session: SessionId,
    /// From where.
    pub path: Path,
    /// The packet.
    pub packet: Vec<u8>,
}

/// How a shard gets its letters.
pub struct Desk {
    letters: Sender<Letter>,
    wake: Arc<OwnedFd>,
}

/// A shard's side of its desk: what it sleeps on, and where its letters arrive.
pub type Drawer = (Arc<OwnedFd>, Receiver<Letter>);

impl Desk {
    /// One for each shard, and the shard's side of it.
    pub fn of(shards: usize) -> io::Result<(Vec<Self>, Vec<Drawer>)> {
        let made = (0..shards).map(|_| {
            let wake = Arc::new(eventfd(0, EventfdFlags::NONBLOCK | EventfdFlags::CLOEXEC)?);
            let (letters, received) = bounded(MOST_WAITING);
            let desk = Self {
                letters,
                wake: Arc::clone(&wake),
            };
            Ok((desk, (wake, received)))
        });
        made.collect()
    }
}

/// Where the port is, and who we are there.
#[derive(Debug, Clone)]
pub struct GateSettings {
    /// Address to bind; `None` is all addresses of both families.
    pub host: Option<IpAddr>,
    /// UDP and TCP port; 0 takes a free one.
    pub port: u16,
    /// Certificate for DTLS, DER.
    pub certificate: Vec<u8>,
    /// Its key, PKCS#8 DER.
    pub private_key: Vec<u8>,
    /// Microseconds without a sign of a browser after which its path is lost.
    pub patience: u64,
}

/// The port.
pub struct Gate {
    socket: UdpSocket,
    /// Its number.
    pub port: u16,
    /// Who we are.
    pub identity: Arc<Identity>,
    /// See `GateSettings`.
    pub patience: u64,
    desks: Vec<Desk>,
    tables: Mutex<Tables>,
    connections: Connections,
    set: OwnedFd,
    stop: OwnedFd,
}

#[derive(Default)]
struct Tables {
    names: HashMap<String, SessionId>,
    paths: HashMap<Path, SessionId>,
    places: HashMap<SessionId, Place>,
}

#[derive(Default)]
struct Place {
    shard: usize,
    urgent: bool,
    name: String,
    paths: VecDeque<Path>,
}

impl Gate {
    /// Binds the port and starts the thread. The error is a sentence.
    pub fn open(settings: GateSettings, desks: Vec<Desk>) -> Result<(Arc<Self>, JoinHandle<()>), String> {
        let identity = Arc::new(Identity::new(settings.certificate, settings.private_key)?);
        let trouble = |error: io::Error| format!("cannot bind port {} for browsers: {error}", settings.port);
        let (socket, listener) = bind_both(settings.host, settings.port).map_err(trouble)?;
        let port = socket.local_addr().map_err(trouble)?.port();
        let stop = eventfd(0, EventfdFlags::NONBLOCK | EventfdFlags::CLOEXEC).map_err(|e| trouble(e.into()))?;
        let set = epoll::create(epoll::CreateFlags::CLOEXEC).map_err(|e| trouble(e.into()))?;
        let gate = Arc::new(Self {
            socket,
            port,
            connections: Connections::default(),
            set,
            identity,
            patience: settings.patience,
            desks,
            tables: Mutex::default(),
            stop,
        });
        let reader = Arc::clone(&gate);
        let thread = std::thread::Builder::new()
            .name("offhook-browsers".into())
            .spawn(move || reader.read_all(Readers::new(listener)))
            .map_err(trouble)?;
        Ok((gate, thread))
    }

    /// Ends the thread.
    pub fn stop(&self) {
        let _ = rustix::io::write(&self.stop, &1u64.to_ne_bytes());
    }

    /// A session is in this shard from now on.
    pub fn place(&self, session: SessionId, shard: usize) {
        self.tables.lock().places.entry(session).or_default().shard = shard;
    }

    /// Whether packets of a session are worth waking its shard.
    pub fn urgent(&self, session: SessionId, urgent: bool) {
        if let Some(place) = self.tables.lock().places.get_mut(&session) {
            place.urgent = urgent;
        }
    }

    /// Checks that name `ufrag` are the session's, and no longer those that name what it was called before.
    pub fn named(&self, session: SessionId, ufrag: &str) {
        let mut tables = self.tables.lock();
        let Some(place) = tables.places.get_mut(&session) else {
            return;
        };
        let before = std::mem::replace(&mut place.name, ufrag.to_owned());
        tables.names.remove(&before);
        tables.names.insert(ufrag.to_owned(), session);
    }

    /// What comes by `path` answers the session, unless it is another's: anybody may name anybody's address.
    pub fn asked(&self, session: SessionId, path: Path) {
        let mut tables = self.tables.lock();
        if !tables.paths.contains_key(&path) {
            self.learn(&mut tables, session, path);
        }
    }

    /// What comes by `path` is the session's.
    pub fn reached(&self, session: SessionId, path: Path) {
        let mut tables = self.tables.lock();
        if tables.paths.get(&path) != Some(&session) {
            self.learn(&mut tables, session, path);
        }
    }

    fn learn(&self, tables: &mut Tables, session: SessionId, path: Path) {
        let Some(place) = tables.places.get_mut(&session) else {
            return;
        };
        place.paths.push_back(path);
        let oldest = (place.paths.len() > MOST_PATHS).then(|| place.paths.pop_front());
        if let Some(oldest) = oldest.flatten() {
            self.unlearn(tables, session, oldest);
        }
        tables.paths.insert(path, session);
    }

    fn unlearn(&self, tables: &mut Tables, session: SessionId, path: Path) {
        // It may have become another's meanwhile.
        if tables.paths.get(&path) == Some(&session) {
            tables.paths.remove(&path);
            if path.protocol == Protocol::Tcp {
                self.connections.close(path.address);
            }
        }
    }

    /// A session is over.
    pub fn release(&self, session: SessionId) {
        let mut tables = self.tables.lock();
        let Some(place) = tables.places.remove(&session) else {
            return;
        };
        tables.names.remove(&place.name);
        for path in place.paths {
            self.unlearn(&mut tables, session, path);
        }
    }

    /// A shard fell over, and its sessions with it.
    pub fn release_shard(&self, shard: usize) {
        let there = |(session, place): (&SessionId, &Place)| (place.shard == shard).then_some(*session);
        let gone: Vec<SessionId> = self.tables.lock().places.iter().filter_map(there).collect();
        gone.into_iter().for_each(|session| self.release(session));
    }

    /// Entries of all tables.
    pub fn len(&self) -> usize {
        let tables = self.tables.lock();
        tables.names.len() + tables.paths.len() + tables.places.len() + self.connections.count()
    }

    /// Whether no session is known.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Sends a packet; false when it cannot be sent now, or ever.
    pub fn send(&self, to: Path, packet: &[u8]) -> bool {
        match to.protocol {
            Protocol::Udp => self.socket.send_to(packet, self.outer(to.address)).is_ok(),
            Protocol::Tcp => self.connections.send(&self.set, to.address, packet),
        }
    }

    fn outer(&self, address: SocketAddr) -> SocketAddr {
        match (address.ip(), self.socket.local_addr()) {
            (IpAddr::V4(ip), Ok(SocketAddr::V6(_))) => (ip.to_ipv6_mapped(), address.port()).into(),
            _ => address,
        }
    }

    fn read_all(&self, mut readers: Readers) {
        let flags = epoll::EventFlags::IN;
        let watched = epoll::add(&self.set, &self.socket, epoll::EventData::new_u64(SOCKET), flags)
            .and_then(|()| epoll::add(&self.set, &self.stop, epoll::EventData::new_u64(STOP), flags))
            .and_then(|()| {
                epoll::add(
                    &self.set,
                    readers.listener(),
                    epoll::EventData::new_u64(LISTENER),
                    flags,
                )
            });
        if watched.is_err() {
            return;
        }
        let (mut ready, mut buffer) = (Vec::with_capacity(BATCH), vec![0; LARGEST]);
        let mut swept = Instant::now();
        loop {
            ready.clear();
            let patience = readers.busy().then_some(&SWEEP);
            match epoll::wait(&self.set, rustix::buffer::spare_capacity(&mut ready), patience) {
                Ok(_) | Err(rustix::io::Errno::INTR) => {}
                Err(_) => return,
            }
            for event in &ready {
                match event.data.u64() {
                    SOCKET => self.read(&mut buffer),
                    LISTENER => readers.accept(&self.set, &self.connections),
                    token @ FIRST_TOKEN.. => readers.serve(token, &self.set, &self.connections, |packet, address| {
                        let protocol = Protocol::Tcp;
                        self.deliver(packet, Path { protocol, address });
                    }),
                    _ => return,
                }
            }
            if swept.elapsed().as_secs() >= SWEEP.tv_sec as u64 {
                swept = Instant::now();
                let tables = self.tables.lock();
                let protocol = Protocol::Tcp;
                readers.sweep(&self.connections, |address| {
                    tables.paths.contains_key(&Path { protocol, address })
                });
            }
        }
    }

    fn read(&self, buffer: &mut [u8]) {
        for _ in 0..BATCH {
            // An error here is an earlier packet of ours that nobody took (ICMP), or that nothing waits.
            let Ok((length, source)) = self.socket.recv_from(buffer) else {
                return;
            };
            let address = SocketAddr::new(source.ip().to_canonical(), source.port());
            let path = Path {
                protocol: Protocol::Udp,
                address,
            };
            self.deliver(&buffer[..length], path);
        }
    }

    fn deliver(&self, packet: &[u8], path: Path) {
        let kind = kind(packet);
        let name = if kind == Kind::Stun { named(packet) } else { None };
        let tables = self.tables.lock();
        let by_name = name.and_then(|ufrag| tables.names.get(&ufrag));
        let session = by_name.or_else(|| tables.paths.get(&path));
        let Some((session, place)) = session.and_then(|session| Some((*session, tables.places.get(session)?))) else {
            return;
        };
        let Some(desk) = self.desks.get(place.shard) else {
            return;
        };
        let packet = packet.to_vec();
        let taken = desk.letters.try_send(Letter { session, path, packet }).is_ok();
        if taken && (place.urgent || kind != Kind::Rtp) {
            let _ = rustix::io::write(&desk.wake, &1u64.to_ne_bytes());
        }
    }
}

/// The same port for both; where any will do, one that both can have.
fn bind_both(host: Option<IpAddr>, port: u16) -> io::Result<(UdpSocket, TcpListener)> {
    let mut last = io::Error::from(io::ErrorKind::AddrInUse);
    for _ in 0..if port == 0 { TRIES } else { 1 } {
        let socket = bind(host, port)?;
        match TcpListener::bind(socket.local_addr()?) {
            Ok(listener) => {
                socket.set_nonblocking(true)?;
                listener.set_nonblocking(true)?;
                return Ok((socket, listener));
            }
            Err(error) => last = error,
        }
    }
    Err(last)
}

fn bind(host: Option<IpAddr>, port: u16) -> io::Result<UdpSocket> {
    match host {
        Some(host) => UdpSocket::bind((host, port)),
        // One socket for both families; without IPv6 in this system, for the other.
        None => UdpSocket::bind((Ipv6Addr::UNSPECIFIED, port)).or_else(|error| match error.kind() {
            io::ErrorKind::AddrInUse => Err(error),
            _ => UdpSocket::bind((Ipv4Addr::UNSPECIFIED, port)),
        }),
    }
}

#[cfg(test)]
#[path = "gate_tests.rs"]
mod tests;
