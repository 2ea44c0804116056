//! The engine as its owner sees it: commands in, notices out, both without waiting.
//!
//! Knows which shard has which session, and which commands are at work, so that every command ends exactly once even
//! when a shard falls over. Which session moves when two meet: the one that hears nobody yet. Who comes into a room moves to
//! where the room is: the shard of the first who came.

mod opening;

use std::collections::{HashMap, HashSet};
use std::io;
use std::os::fd::{AsRawFd, RawFd};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crossbeam_channel::bounded;
use offhook_media_core::command::{CommandId, Membership, Order, RoomId, RoomOrder, SessionId};
use offhook_media_core::event::Event;
use offhook_media_core::session::Settings;

use crate::clock::Clock;
use crate::disk::Disk;
use crate::gate::{Desk, Gate, GateSettings};
use crate::inbox::{Handover, Inbox, Message};
use crate::loader::Loader;
use crate::metrics::{Figures, ShardMetrics, SharedMetrics};
use crate::outbox::{Notice, Outbox};
use crate::ports::PortRange;
use crate::shard::{run, Post};
use crate::streams::Streams;
use crate::supply::{StreamId, Supply};

/// Commands that may wait for one shard; past them a command fails at once.
const MOST_WAITING: usize = 65_536;

mod playing;

pub use playing::{Play, PlaySource};

/// How an engine is set up.
#[derive(Debug, Clone, Copy)]
pub struct EngineSettings {
    /// First port for RTP.
    pub port_low: u16,
    /// Last port for RTCP.
    pub port_high: u16,
    /// Threads with sessions; 0 is one per core but one.
    pub shards: usize,
    /// Bytes of decoded prompts that are kept.
    pub prompt_cache: usize,
    /// Sounds that may be decoded while they are played.
    pub streams: usize,
    /// For sessions.
    pub sessions: Settings,
}

/// Why a command was not taken: its sender broke the contract.
#[derive(Debug, PartialEq, Eq)]
pub enum Misuse {
    /// Such a command is at work already.
    CommandInUse(CommandId),
    /// Such a session is open already.
    SessionInUse(SessionId),
}

impl std::fmt::Display for Misuse {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::CommandInUse(id) => write!(f, "command {id} is at work already"),
            Self::SessionInUse(id) => write!(f, "session {id} is open already"),
        }
    }
}

/// Whose a command is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Owner {
    Session(SessionId),
    Room(RoomId),
}

/// The engine.
pub struct Engine {
    inboxes: Vec<Inbox>,
    threads: Vec<JoinHandle<()>>,
    loader: Option<Loader>,
    streams: Streams,
    /// Of each command that plays some.
    supplies: HashMap<CommandId, Vec<(StreamId, Arc<Supply>)>>,
    outbox: Arc<Outbox>,
    shared: Arc<SharedMetrics>,
    metrics: Vec<Arc<ShardMetrics>>,
    sessions: HashMap<SessionId, usize>,
    commands: HashMap<CommandId, Owner>,
    openings: HashSet<CommandId>,
    bridges: HashMap<CommandId, [SessionId; 2]>,
    joins: HashMap<CommandId, (SessionId, RoomId)>,
    /// The shard of each, and how many are in it.
    rooms: HashMap<RoomId, (usize, usize)>,
    /// Hertz of what is sent to each, so that prompts are made for it.
    rates: HashMap<SessionId, u32>,
    gate: Result<Arc<Gate>, String>,
    clock: Clock,
}

impl Engine {
    /// Starts the threads. Without `browsers`, or where their port cannot be bound, sessions of browsers fail to open.
    pub fn start(settings: EngineSettings, browsers: Option<GateSettings>) -> io::Result<Self> {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let shards = if settings.shards == 0 {
            cores.saturating_sub(1).max(1)
        } else {
            settings.shards
        };
        let shared = Arc::new(SharedMetrics::default());
        let outbox = Arc::new(Outbox::new(Arc::clone(&shared))?);
        let (disk, writers) = Disk::start(Arc::clone(&shared))?;
        let streams = Streams::new(settings.streams);
        let (loader, readers) = Loader::start(settings.prompt_cache, streams.clone(), Arc::clone(&shared))?;
        let range = Arc::new(PortRange::new(settings.port_low, settings.port_high));
        let clock = Clock::new();
        let (mut inboxes, mut metrics, mut threads) = (Vec::new(), Vec::new(), Vec::new());
        let (desks, wakes) = Desk::of(shards)?;
        let none = || Err("there is no port for browsers".to_owned());
        let gate = browsers.map_or_else(none, |settings| Gate::open(settings, desks));
        let gate = gate.map(|(gate, thread)| {
            threads.push(thread);
            gate
        });
        for (index, (wake, letters)) in wakes.into_iter().enumerate() {
            let (queue, orders) = bounded(MOST_WAITING);
            let post = Post {
                index,
                queue: orders,
                wake: Arc::clone(&wake),
                outbox: Arc::clone(&outbox),
                disk: disk.clone(),
                range: Arc::clone(&range),
                gate: gate.as_ref().ok().map(Arc::clone),
                letters,
                settings: settings.sessions,
                metrics: Arc::default(),
                clock,
            };
            metrics.push(Arc::clone(&post.metrics));
            inboxes.push(Inbox::new(queue, wake));
            let name = format!("offhook-media-{index}");
            threads.push(std::thread::Builder::new().name(name).spawn(move || run(&post))?);
        }
        threads.extend(readers);
        threads.extend(writers);
        Ok(Self {
            inboxes,
            threads,
            loader: Some(loader),
            streams,
            supplies: HashMap::new(),
            outbox,
            shared,
            metrics,
            sessions: HashMap::new(),
            commands: HashMap::new(),
            openings: HashSet::new(),
            bridges: HashMap::new(),
            joins: HashMap::new(),
            rooms: HashMap::new(),
            rates: HashMap::new(),
            gate,
            clock,
        })
    }

    fn begin(&mut self, command: CommandId, owner: Owner) -> Result<(), Misuse> {
        match self.commands.entry(command) {
            std::collections::hash_map::Entry::Occupied(_) => Err(Misuse::CommandInUse(command)),
            std::collections::hash_map::Entry::Vacant(entry) => {
                entry.insert(owner);
                Ok(())
            }
        }
    }

    fn fail(&self, command: CommandId, reason: impl Into<String>) {
        self.outbox.push([Notice::Event(Event::Failed(command, reason.into()))]);
    }

    fn tell(&self, shard: usize, message: Message) -> bool {
        self.inboxes.get(shard).is_some_and(|inbox| inbox.send(message).is_ok())
    }

    /// Sends a command to its session.
    pub fn order(&mut self, session: SessionId, command: CommandId, order: Order) -> Result<(), Misuse> {
        self.begin(command, Owner::Session(session))?;
        let closes = matches!(order, Order::Close);
        let rate = match &order {
            Order::Connect(connect) => Some(connect.codec.rate()),
            _ => None,
        };
        let Some(shard) = self.sessions.get(&session).copied() else {
            self.fail(command, format!("there is no media session {session}"));
            return Ok(());
        };
        self.rates.extend(rate.map(|rate| (session, rate)));
        if !self.tell(
            shard,
            Message::Order {
                session,
                command,
                order: Box::new(order),
            },
        ) {
            self.fail(command, OVERLOADED);
        } else if closes {
            self.bridges.retain(|_, both| !both.contains(&session));
        }
        Ok(())
    }

    /// Brings two sessions into one shard and lets them hear each other.
    pub fn bridge(&mut self, command: CommandId, a: SessionId, b: SessionId) -> Result<(), Misuse> {
        if let (Some(at), Some(from)) = (self.sessions.get(&a).copied(), self.sessions.get(&b).copied()) {
            if at != from {
                let (moved, to) = if self.engaged(b) { (a, from) } else { (b, at) };
                if let Err(reason) = self.bring(moved, to) {
                    self.begin(command, Owner::Session(a))?;
                    self.fail(command, reason);
                    return Ok(());
                }
            }
        }
        self.order(a, command, Order::Bridge { with: b })?;
        self.bridges.insert(command, [a, b]);
        Ok(())
    }

    /// Brings a session into a room, and into the shard that the room is in.
    pub fn join_room(
        &mut self,
        command: CommandId,
        session: SessionId,
        room: RoomId,
        membership: Membership,
    ) -> Result<(), Misuse> {
        if let Some((shard, _)) = self.rooms.get(&room).copied() {
            if let Err(reason) = self.bring(session, shard) {
                self.begin(command, Owner::Session(session))?;
                self.fail(command, reason);
                return Ok(());
            }
        }
        self.order(session, command, Order::Join { room, membership })?;
        if let Some(shard) = self.sessions.get(&session) {
            self.joins.insert(command, (session, room));
            self.rooms.entry(room).or_insert((*shard, 0)).1 += 1;
        }
        Ok(())
    }

    /// Sends a command to its room.
    pub fn order_room(&mut self, room: RoomId, command: CommandId, order: RoomOrder) -> Result<(), Misuse> {
        self.begin(command, Owner::Room(room))?;
        match self.rooms.get(&room).copied() {
            None => self.fail(command, format!("nobody is in room {room}")),
            Some((shard, _)) => {
                if !self.tell(shard, Message::Room { room, command, order }) {
                    self.fail(command, OVERLOADED);
                }
            }
        }
        Ok(())
    }

    fn engaged(&self, session: SessionId) -> bool {
        let bridged = self.bridges.values().any(|both| both.contains(&session));
        bridged || self.joins.values().any(|(joined, _)| *joined == session)
    }

    // Has a session moved to a shard, unless it is there or is none.
    fn bring(&mut self, session: SessionId, to: usize) -> Result<(), String> {
        let Some(from) = self.sessions.get(&session).copied().filter(|from| *from != to) else {
            return Ok(());
        };
        if self.engaged(session) {
            return Err(format!("media session {session} is bridged or in a room already"));
        }
        // In this order a queue that is full leaves nobody waiting.
        let handover = Handover::new(session, self.inboxes[to].clone());
        if !self.tell(from, Message::Move(handover)) || !self.tell(to, Message::Expect(session)) {
            return Err(OVERLOADED.to_owned());
        }
        self.sessions.insert(session, to);
        Ok(())
    }

    fn left(&mut self, join: CommandId) {
        let Some((_, room)) = self.joins.remove(&join) else {
            return;
        };
        if let Some((_, members)) = self.rooms.get_mut(&room) {
            *members -= 1;
            if *members == 0 {
                self.rooms.remove(&room);
            }
        }
    }

    /// Feeds a stream, marks or clears it, or pauses a recording; without effect when it has ended.
    pub fn inject(&mut self, stream: CommandId, order: Order) {
        let Some((Owner::Session(session), shard)) = self.place(stream) else {
            return;
        };
        let told = self.tell(
            shard,
            Message::Order {
                session,
                command: stream,
                order: Box::new(order),
            },
        );
        if !told {
            self.fail(stream, OVERLOADED);
        }
    }

    /// Ends a command; without effect when it has ended.
    pub fn cancel(&mut self, target: CommandId) {
        let Some((owner, shard)) = self.place(target) else {
            return;
        };
        self.bridges.remove(&target);
        self.left(target);
        let command = target;
        let message = match owner {
            Owner::Session(session) => Message::Order {
                session,
                command,
                order: Box::new(Order::Cancel),
            },
            Owner::Room(room) => Message::Room {
                room,
                command,
                order: RoomOrder::Cancel,
            },
        };
        if !self.tell(shard, message) {
            self.fail(target, OVERLOADED);
        }
    }

    fn place(&self, command: CommandId) -> Option<(Owner, usize)> {
        let owner = *self.commands.get(&command)?;
        let shard = match owner {
            Owner::Session(session) => *self.sessions.get(&session)?,
            Owner::Room(room) => self.rooms.get(&room)?.0,
        };
        Some((owner, shard))
    }

    /// Everything that happened, in order; each command ends once.
    pub fn drain(&mut self) -> Vec<Notice> {
        let mut told = Vec::new();
        for notice in self.outbox.drain() {
            match &notice {
                Notice::ShardLost(shard, reason) => {
                    let reason = format!("the media thread failed: {reason}");
                    let shard = *shard;
                    told.push(notice);
                    self.bury(shard, &reason, &mut told);
                    continue;
                }
                Notice::Event(Event::Finished(id, outcome)) => {
                    let closed = matches!(outcome, offhook_media_core::event::Outcome::Closed(_));
                    if !self.end(*id, closed) {
                        continue;
                    }
                }
                Notice::Event(Event::Failed(id, _)) => {
                    let unopened = self.openings.contains(id);
                    if !self.end(*id, unopened) {
                        continue;
                    }
                }
                Notice::Event(Event::Cancelled(id, _)) => {
                    if !self.end(*id, false) {
                        continue;
                    }
                }
                Notice::Event(_) | Notice::Chunk(..) | Notice::Wanted(..) => {}
            }
            told.push(notice);
        }
        told
    }

    fn end(&mut self, command: CommandId, gone: bool) -> bool {
        self.openings.remove(&command);
        self.bridges.remove(&command);
        self.left(command);
        let Some(owner) = self.commands.remove(&command) else {
            return false;
        };
        for (_, supply) in self.supplies.remove(&command).unwrap_or_default() {
            supply.close();
        }
        if let (Owner::Session(session), true) = (owner, gone) {
            self.sessions.remove(&session);
            self.rates.remove(&session);
        }
        true
    }

    fn bury(&mut self, shard: usize, reason: &str, told: &mut Vec<Notice>) {
        let mut commands: Vec<CommandId> = self
            .commands
            .keys()
            .copied()
            .filter(|command| self.place(*command).is_some_and(|(_, at)| at == shard))
            .collect();
        commands.sort_unstable();
        for command in commands {
            self.end(command, false);
            told.push(Notice::Event(Event::Failed(command, reason.to_owned())));
        }
        // The sessions stay known, so that closing them fails with a reason instead of being a surprise.
    }

    /// Readable while there is something to drain.
    pub fn fd(&self) -> RawFd {
        self.outbox.fd().as_raw_fd()
    }

    /// Commands that have not ended.
    pub fn pending(&self) -> usize {
        self.commands.len()
    }

    /// Figures now.
    pub fn figures(&self) -> Figures {
        Figures::of(&self.metrics, &self.shared)
    }

    /// Begins a new count of lateness, for a measurement.
    pub fn reset_lateness(&self) {
        self.metrics.iter().for_each(|m| m.lateness.reset());
    }

    /// Tells all threads to end; they do so after what they have been told before.
    pub fn stop(&mut self) {
        self.outbox.shut();
        self.loader = None;
        self.supplies
            .drain()
            .flat_map(|(_, each)| each)
            .for_each(|(_, supply)| supply.close());
        if let Ok(gate) = std::mem::replace(&mut self.gate, Err("the media engine is closed".to_owned())) {
            gate.stop();
        }
        for inbox in self.inboxes.drain(..) {
            // A full queue means that the thread is stuck; `join` gives up on it in time.
            let _ = inbox.send(Message::Stop);
        }
    }

    /// Waits for the threads, at most so long; says whether all have ended.
    pub fn join(&mut self, most: Duration) -> bool {
        let deadline = Instant::now() + most;
        while self.streams.alive() > 0 || self.threads.iter().any(|t| !t.is_finished()) {
            if Instant::now() >= deadline {
                return false;
            }
            std::thread::sleep(Duration::from_millis(2));
        }
        self.threads.drain(..).for_each(|t| {
            // Shards catch their panics; the file threads have none to give.
            let _ = t.join();
        });
        true
    }

    /// Makes a shard fall over.
    #[cfg(test)]
    fn fault(&self, shard: usize) {
        assert!(self.tell(shard, Message::Fault));
    }
}

const OVERLOADED: &str = "the media engine is overloaded";

impl Drop for Engine {
    fn drop(&mut self) {
        self.stop();
    }
}

#[cfg(test)]
#[path = "engine_tests.rs"]
mod tests;
