//! One shard: a thread with its sessions, their sockets and the tick.
//!
//! Two epoll sets. Bridged sessions are in the urgent one, so their packets are relayed on receipt. All others wait up
//! to 5 ms in the patient one, which is looked at when the timer fires: a thread that sleeps in between costs less than
//! one that is woken for every packet, and nobody hears the difference, as what they say is used at the next tick.

use std::collections::{HashSet, VecDeque};
use std::net::IpAddr;
use std::os::fd::OwnedFd;
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::sync::atomic::Ordering::Relaxed;
use std::sync::Arc;

use crossbeam_channel::Receiver;
use offhook_media_core::command::{CommandId, SessionId};
use offhook_media_core::event::{Event, Outcome};
use offhook_media_core::exchange::Exchange;
use offhook_media_core::session::Settings;
use offhook_media_core::webrtc::Opening;
use offhook_media_core::{Micros, TICK};
use rustix::event::epoll;
use rustix::time::{Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec};

use crate::clock::Clock;
use crate::disk::Disk;
use crate::gate::{Gate, Letter};
use crate::inbox::{Message, Moved};
use crate::metrics::{count, ShardMetrics};
use crate::outbox::{Notice, Outbox};
use crate::ports::PortRange;
use crate::sockets::{Ends, Sockets};

const WAKE: u64 = u64::MAX;
const TIMER: u64 = u64::MAX - 1;
const HARVEST_NS: i64 = 5_000_000;
/// Ticks that are made up for after the thread was stopped; more are left out.
const MOST_MADE_UP: u64 = 10;
const BATCH: usize = 256;
/// Longer datagrams are cut, and then are no audio that we know.
const LARGEST: usize = 2048;

/// What a shard is made of, and what survives when it falls over.
pub struct Post {
    /// Which one.
    pub index: usize,
    /// The other end of `Inbox`.
    pub queue: Receiver<Message>,
    /// The eventfd of `Inbox`.
    pub wake: Arc<OwnedFd>,
    /// Events go here.
    pub outbox: Arc<Outbox>,
    /// Recordings go here.
    pub disk: Disk,
    /// Sockets come from here.
    pub range: Arc<PortRange>,
    /// The port of browsers, if it could be bound.
    pub gate: Option<Arc<Gate>>,
    /// What came there for this shard.
    pub letters: Receiver<Letter>,
    /// For sessions.
    pub settings: Settings,
    /// Figures.
    pub metrics: Arc<ShardMetrics>,
    /// Shared by all.
    pub clock: Clock,
}

/// The thread's body. A panic costs the sessions of this shard, not the engine: it is told, and the shard starts anew.
pub fn run(post: &Post) {
    loop {
        match catch_unwind(AssertUnwindSafe(|| Shard::new(post).and_then(|mut shard| shard.run()))) {
            Ok(Ok(())) => return,
            Ok(Err(error)) => {
                // Without epoll or a timer it would fail again at once.
                post.outbox.push([Notice::ShardLost(post.index, error.to_string())]);
                return;
            }
            Err(panic) => {
                let text = panic.downcast_ref::<String>().map(String::as_str);
                let text = text
                    .or(panic.downcast_ref::<&str>().copied())
                    .unwrap_or("a panic without a message");
                post.metrics.sessions.store(0, Relaxed);
                if let Some(gate) = &post.gate {
                    gate.release_shard(post.index);
                }
                post.outbox.push([Notice::ShardLost(post.index, text.to_owned())]);
            }
        }
    }
}

struct Shard<'a> {
    post: &'a Post,
    exchange: Exchange,
    sockets: Sockets<'a>,
    // Everything after an `Expect` is held, in order, until the session is here. What a shard waits for was always
    // ordered before what waits for it, over all shards, so they cannot wait for each other.
    expected: Option<SessionId>,
    held: VecDeque<Message>,
    early: HashSet<SessionId>,
    timer: OwnedFd,
    next_tick: Option<Micros>,
    buffer: Box<[u8; LARGEST]>,
}

impl<'a> Shard<'a> {
    fn new(post: &'a Post) -> std::io::Result<Self> {
        let sockets = Sockets::new(post)?;
        let flags = TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC;
        let timer = rustix::time::timerfd_create(TimerfdClockId::Monotonic, flags)?;
        epoll::add(
            &sockets.urgent,
            &*post.wake,
            epoll::EventData::new_u64(WAKE),
            epoll::EventFlags::IN,
        )?;
        epoll::add(
            &sockets.urgent,
            &timer,
            epoll::EventData::new_u64(TIMER),
            epoll::EventFlags::IN,
        )?;
        Ok(Self {
            post,
            exchange: Exchange::new(post.settings),
            sockets,
            expected: None,
            held: VecDeque::new(),
            early: HashSet::new(),
            timer,
            next_tick: None,
            buffer: Box::new([0; LARGEST]),
        })
    }

    fn run(&mut self) -> std::io::Result<()> {
        let mut ready = Vec::with_capacity(BATCH);
        loop {
            ready.clear();
            match epoll::wait(&self.sockets.urgent, rustix::buffer::spare_capacity(&mut ready), None) {
                Ok(_) | Err(rustix::io::Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
            let mut due = false;
            for event in &ready {
                match event.data.u64() {
                    WAKE => {
                        let _ = rustix::io::read(&self.post.wake, &mut [0u8; 8]);
                        if self.obey() {
                            return Ok(());
                        }
                        self.open_letters();
                    }
                    TIMER => due = rustix::io::read(&self.timer, &mut [0u8; 8]).is_ok(),
                    token => self.receive(token),
                }
            }
            if due {
                // The tick first: what has arrived can wait, what is to be sent cannot.
                self.tick();
                self.harvest()?;
                self.open_letters();
            }
            self.arm()?;
            self.sockets.flush();
        }
    }

    // The timer runs only while there is a session.
    fn arm(&mut self) -> std::io::Result<()> {
        self.post.metrics.sessions.store(self.exchange.len() as u64, Relaxed);
        if self.exchange.is_empty() == self.next_tick.is_none() {
            return Ok(());
        }
        let period = if self.exchange.is_empty() { 0 } else { HARVEST_NS };
        let time = Timespec {
            tv_sec: 0,
            tv_nsec: period,
        };
        // Taken before the timer starts, so that the timer never fires just before the tick is due.
        let now = self.post.clock.now();
        rustix::time::timerfd_settime(
            &self.timer,
            TimerfdTimerFlags::empty(),
            &Itimerspec {
                it_interval: time,
                it_value: time,
            },
        )?;
        self.next_tick = (period > 0).then_some(now + TICK);
        Ok(())
    }

    fn tick(&mut self) {
        let Some(mut due) = self.next_tick else { return };
        let now = self.post.clock.now();
        if now < due {
            return;
        }
        self.post.metrics.lateness.record(now - due);
        let behind = (now - due) / TICK;
        if behind >= MOST_MADE_UP {
            self.post.metrics.skipped.fetch_add(behind, Relaxed);
            due += behind * TICK;
        }
        while due <= now {
            self.exchange.tick(now, &mut self.sockets);
            count(&self.post.metrics.ticks);
            due += TICK;
        }
        self.next_tick = Some(due);
    }

    fn harvest(&mut self) -> std::io::Result<()> {
        let mut ready = Vec::with_capacity(BATCH);
        // Bounded, so that a flood cannot keep the tick from its turn.
        for _ in 0..=self.sockets.legs.len() / (BATCH / 2) {
            ready.clear();
            let zero = Timespec { tv_sec: 0, tv_nsec: 0 };
            match epoll::wait(
                &self.sockets.patient,
                rustix::buffer::spare_capacity(&mut ready),
                Some(&zero),
            ) {
                Ok(_) | Err(rustix::io::Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
            for event in &ready {
                self.receive(event.data.u64());
            }
            if ready.len() < BATCH {
                break;
            }
        }
        Ok(())
    }

    fn open_letters(&mut self) {
        // Bounded, so that a flood cannot keep the tick from its turn; what is left over is looked at in 5 ms.
        for Letter {
            session,
            path,
            mut packet,
        } in self.post.letters.try_iter().take(16 * BATCH)
        {
            count(&self.post.metrics.received);
            let now = self.post.clock.now();
            self.exchange
                .receive_web(session, &mut packet, path, now, &mut self.sockets);
        }
    }

    fn receive(&mut self, token: u64) {
        let session = token >> 1;
        let Some(pair) = self.sockets.legs.get(&session).and_then(|leg| leg.pair()) else {
            return;
        };
        let rtcp = token & 1 == 1;
        let socket = if rtcp { &pair.rtcp } else { &pair.rtp };
        // One datagram per readiness: what else waits is reported again.
        let Ok((length, source)) = socket.recv_from(&mut self.buffer[..]) else {
            return;
        };
        count(&self.post.metrics.received);
        let now = self.post.clock.now();
        let packet = &mut self.buffer[..length];
        if rtcp {
            self.exchange
                .receive_rtcp(session, packet, source, now, &mut self.sockets);
        } else {
            self.exchange.receive(session, packet, source, now, &mut self.sockets);
        }
    }

    fn obey(&mut self) -> bool {
        while let Ok(message) = self.post.queue.try_recv() {
            match message {
                Message::Stop => return true,
                Message::Adopt(session, moved) => self.adopt(session, moved),
                message => self.held.push_back(message),
            }
            while self.expected.is_none() {
                let Some(message) = self.held.pop_front() else { break };
                self.carry_out(message);
            }
        }
        false
    }

    fn carry_out(&mut self, message: Message) {
        match message {
            Message::Open {
                command,
                session,
                host,
                port,
            } => self.open(command, session, host, port),
            Message::OpenToBrowser {
                command,
                session,
                opening,
            } => self.open_to_browser(command, session, *opening),
            Message::Order {
                session,
                command,
                order,
            } => {
                self.exchange
                    .order(session, command, *order, self.post.clock.now(), &mut self.sockets);
            }
            Message::Room { room, command, order } => {
                self.exchange.order_room(room, command, order, &mut self.sockets);
            }
            Message::Expect(session) => {
                if !self.early.remove(&session) {
                    self.expected = Some(session);
                }
            }
            Message::Move(mut handover) => {
                let session = handover.session;
                self.early.remove(&session);
                self.open_letters(); // those that came before it moves
                let moved = self.exchange.extract(session).and_then(|session| {
                    let ends = self.sockets.take(session.id)?;
                    Some(Moved { session, ends })
                });
                handover.answer(moved);
            }
            Message::Adopt(session, moved) => self.adopt(session, moved),
            Message::Stop => {}
            #[cfg(test)]
            Message::Fault => panic!("ordered to"),
        }
    }

    fn adopt(&mut self, session: SessionId, moved: Option<Moved>) {
        if let Some(Moved { session, ends }) = moved {
            if self.sockets.add(session.id, ends).is_ok() {
                self.exchange.adopt(session);
            }
        }
        if self.expected == Some(session) {
            self.expected = None;
        } else {
            self.early.insert(session);
        }
    }

    fn open_to_browser(&mut self, command: CommandId, session: SessionId, opening: Opening) {
        let Some(gate) = &self.post.gate else { return };
        let (host, port) = (String::new(), gate.port);
        // A port that is open already needs no watching, so this cannot fail.
        let _ = self.sockets.add(session, Ends::Shared);
        self.exchange
            .open_to_browser(session, opening, self.post.clock.now(), &mut self.sockets);
        let opened = Event::Finished(command, Outcome::Opened { host, port });
        self.sockets.events.push(Notice::Event(opened));
    }

    fn open(&mut self, command: CommandId, session: SessionId, host: IpAddr, port: u16) {
        let bound = self.post.range.bind(host, port).and_then(|pair| {
            let port = pair.port;
            self.sockets
                .add(session, Ends::Own(pair))
                .map(|()| port)
                .map_err(|error| format!("cannot watch a socket: {error}"))
        });
        let event = match bound {
            Ok(port) => {
                self.exchange.open(session, self.post.clock.now(), &mut self.sockets);
                Event::Finished(
                    command,
                    Outcome::Opened {
                        host: host.to_string(),
                        port,
                    },
                )
            }
            Err(reason) => Event::Failed(command, reason),
        };
        self.sockets.events.push(Notice::Event(event));
    }
}
