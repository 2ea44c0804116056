//! The one port that all browser legs share: a thread reads it and hands each packet to the shard of its session.
//!
//! Whose a packet is: a connectivity check names it (RFC 8445 section 7.2.2); anything else belongs to whose checks came
//! from the same source before, and were genuine. What belongs to nobody is dropped unanswered. Shards send on the
//! socket themselves.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::thread::JoinHandle;

use crossbeam_channel::{bounded, Receiver, Sender};
use offhook_media_core::command::SessionId;
use offhook_media_core::webrtc::demux::{kind, named, Kind};
use offhook_media_core::webrtc::dtls::Identity;
use offhook_media_core::webrtc::path::{Path, Protocol};
use parking_lot::Mutex;
use rustix::event::{epoll, eventfd, EventfdFlags};

/// Packets that may wait for one shard; the newest are dropped.
const MOST_WAITING: usize = 4096;
/// Datagrams that are read before the thread looks at anything else.
const BATCH: usize = 256;
/// Longer datagrams are cut, and then are nothing that we know.
const LARGEST: usize = 2048;
const SOCKET: u64 = 0;
const STOP: u64 = 1;

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

impl Desk {
    /// One for each shard; and for the shard, what it sleeps on and where its letters arrive.
    pub fn of(shards: usize) -> io::Result<(Vec<Self>, Vec<(Arc<OwnedFd>, Receiver<Letter>)>)> {
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
    /// UDP port; 0 takes a free one.
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
    stop: OwnedFd,
}

#[derive(Default)]
struct Tables {
    names: HashMap<String, SessionId>,
    paths: HashMap<Path, SessionId>,
    places: HashMap<SessionId, Place>,
}

struct Place {
    shard: usize,
    urgent: bool,
}

impl Gate {
    /// Binds the port and starts the thread. The error is a sentence.
    pub fn open(settings: GateSettings, desks: Vec<Desk>) -> Result<(Arc<Self>, JoinHandle<()>), String> {
        let identity = Arc::new(Identity::new(settings.certificate, settings.private_key)?);
        let trouble = |error: io::Error| format!("cannot bind UDP port {} for browsers: {error}", settings.port);
        let socket = bind(settings.host, settings.port).map_err(trouble)?;
        socket.set_nonblocking(true).map_err(trouble)?;
        let port = socket.local_addr().map_err(trouble)?.port();
        let stop = eventfd(0, EventfdFlags::NONBLOCK | EventfdFlags::CLOEXEC).map_err(|e| trouble(e.into()))?;
        let gate = Arc::new(Self {
            socket,
            port,
            identity,
            patience: settings.patience,
            desks,
            tables: Mutex::default(),
            stop,
        });
        let reader = Arc::clone(&gate);
        let thread = std::thread::Builder::new()
            .name("offhook-browsers".into())
            .spawn(move || reader.read_all())
            .map_err(trouble)?;
        Ok((gate, thread))
    }

    /// Ends the thread.
    pub fn stop(&self) {
        let _ = rustix::io::write(&self.stop, &1u64.to_ne_bytes());
    }

    /// A session is in this shard from now on.
    pub fn place(&self, session: SessionId, shard: usize) {
        let mut tables = self.tables.lock();
        let place = tables.places.entry(session).or_insert(Place { shard, urgent: false });
        place.shard = shard;
    }

    /// Whether packets of a session are worth waking its shard.
    pub fn urgent(&self, session: SessionId, urgent: bool) {
        if let Some(place) = self.tables.lock().places.get_mut(&session) {
            place.urgent = urgent;
        }
    }

    /// Checks that name `ufrag` are the session's.
    pub fn named(&self, session: SessionId, ufrag: &str) {
        self.tables.lock().names.insert(ufrag.to_owned(), session);
    }

    /// What comes by `path` answers the session, unless it is another's: anybody may name anybody's address.
    pub fn asked(&self, session: SessionId, path: Path) {
        self.tables.lock().paths.entry(path).or_insert(session);
    }

    /// What comes by `path` is the session's.
    pub fn reached(&self, session: SessionId, path: Path) {
        self.tables.lock().paths.insert(path, session);
    }

    /// A session is over.
    pub fn release(&self, session: SessionId) {
        self.tables.lock().release(|gone| gone == session);
    }

    /// A shard fell over, and its sessions with it.
    pub fn release_shard(&self, shard: usize) {
        let mut tables = self.tables.lock();
        let mut gone: Vec<SessionId> = tables
            .places
            .iter()
            .filter(|(_, p)| p.shard == shard)
            .map(|(s, _)| *s)
            .collect();
        gone.sort_unstable();
        tables.release(|session| gone.binary_search(&session).is_ok());
    }

    /// Entries of all tables.
    pub fn len(&self) -> usize {
        let tables = self.tables.lock();
        tables.names.len() + tables.paths.len() + tables.places.len()
    }

    /// Whether no session is known.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Sends a packet; false when it cannot be sent now, or ever.
    pub fn send(&self, to: Path, packet: &[u8]) -> bool {
        self.socket.send_to(packet, self.outer(to.address)).is_ok()
    }

    fn outer(&self, address: SocketAddr) -> SocketAddr {
        match (address.ip(), self.socket.local_addr()) {
            (IpAddr::V4(ip), Ok(SocketAddr::V6(_))) => (ip.to_ipv6_mapped(), address.port()).into(),
            _ => address,
        }
    }

    fn read_all(&self) {
        let Ok(set) = epoll::create(epoll::CreateFlags::CLOEXEC) else {
            return;
        };
        let (socket, stop) = (epoll::EventData::new_u64(SOCKET), epoll::EventData::new_u64(STOP));
        let flags = epoll::EventFlags::IN;
        if epoll::add(&set, &self.socket, socket, flags).is_err() || epoll::add(&set, &self.stop, stop, flags).is_err()
        {
            return;
        }
        let (mut ready, mut buffer) = (Vec::with_capacity(8), vec![0; LARGEST]);
        loop {
            ready.clear();
            match epoll::wait(&set, rustix::buffer::spare_capacity(&mut ready), None) {
                Ok(_) | Err(rustix::io::Errno::INTR) => {}
                Err(_) => return,
            }
            for event in &ready {
                match event.data.u64() {
                    SOCKET => self.read(&mut buffer),
                    _ => return,
                }
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
        let tables = self.tables.lock();
        let by_name = || named(packet).and_then(|ufrag| tables.names.get(&ufrag));
        let session = match kind {
            Kind::Stun => by_name().or_else(|| tables.paths.get(&path)),
            _ => tables.paths.get(&path),
        };
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

impl Tables {
    fn release(&mut self, gone: impl Fn(SessionId) -> bool) {
        self.names.retain(|_, session| !gone(*session));
        self.paths.retain(|_, session| !gone(*session));
        self.places.retain(|session, _| !gone(*session));
    }
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
