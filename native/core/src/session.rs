//! One media session: what a far end sends, what it hears, and the commands that are at work on either.
//!
//! Composed of the machines beside it. Knows nothing of other sessions; `exchange` passes packets between them.

use std::collections::VecDeque;
use std::net::SocketAddr;

use crate::command::{Codec, CommandId, Connect, Direction, Order, SessionId};
use crate::dtmf::DigitReceiver;
use crate::ear::Ear;
use crate::event::{Event, Outcome, RecordEnd, Statistics};
use crate::feed::Feed;
use crate::keys::KeySender;
use crate::line::Line;
use crate::player::{Fill, Track};
use crate::recorder::{Finishing, Recorder};
use crate::rtcp::{self, Reception};
use crate::rtp::{self, Header};
use crate::sender::Sender;
use crate::srtp::Inbound;
use crate::tap::Tap;
use crate::world::World;
use crate::{Micros, LONGEST_FRAME};

/// What holds for all sessions of an engine.
#[derive(Debug, Clone, Copy)]
pub struct Settings {
    /// Least delay of the jitter buffer, ms.
    pub jitter_least: u32,
    /// Greatest delay of the jitter buffer, ms.
    pub jitter_most: u32,
    /// Silence after which a far end counts as lost, unless it has us on hold, ms; 0 is never.
    pub rtp_timeout: u64,
    /// Between two packets of silence to a far end that nothing is sent to otherwise, ms; 0 is never. Keeps address
    /// translators open and lets the far end latch (RFC 6263).
    pub keepalive: u64,
}

const REPORT_EVERY: Micros = 5_000_000;

/// What a packet was, for those who pass it on.
#[derive(Debug, Clone, Copy)]
pub enum Heard<'a> {
    /// Nothing that concerns anybody.
    Nothing,
    /// Audio in this codec.
    Audio(Header, &'a [u8], Codec),
    /// A telephone event, the hertz of its clock, and the key if this is the first that is heard of it.
    Event(Header, &'a [u8], u32, Option<char>),
}

/// One session.
#[derive(Debug)]
pub struct Session {
    /// Its name.
    pub id: SessionId,
    settings: Settings,
    connect: Option<Connect>,
    accepts: [Option<Codec>; 128],
    line: Line,
    open: Option<Inbound>,
    sender: Sender,
    reception: Reception,
    digits: DigitReceiver,
    /// What it hears, if anybody listens.
    pub ear: Ear,
    hears: Option<Codec>,
    listened: bool,
    fed: Option<Feed>,
    tracks: VecDeque<Track>,
    playing: bool,
    keys: VecDeque<KeySender>,
    recorders: Vec<Recorder>,
    taps: Vec<Tap>,
    /// Files of this session that are being completed.
    pub finishing: Vec<Finishing>,
    /// A bridge listens.
    pub overheard: bool,
    /// `CloseSession`, when it waits for files.
    pub closing: Option<CommandId>,
    heard: Micros,
    lost: bool,
    report: Micros,
    rtcp_source: Option<SocketAddr>,
}

impl Session {
    /// Open, but not connected.
    pub fn new(id: SessionId, settings: Settings, now: Micros, world: &mut dyn World) -> Self {
        let random = world.random();
        Self {
            id,
            settings,
            connect: None,
            accepts: [None; 128],
            line: Line::new(id, now),
            open: None,
            sender: Sender::new(random),
            reception: Reception::default(),
            digits: DigitReceiver::default(),
            ear: Ear::new(settings.jitter_least, settings.jitter_most),
            hears: None,
            listened: false,
            fed: None,
            tracks: VecDeque::new(),
            playing: false,
            keys: VecDeque::new(),
            recorders: Vec::new(),
            taps: Vec::new(),
            finishing: Vec::new(),
            overheard: false,
            closing: None,
            heard: now,
            lost: false,
            report: now + REPORT_EVERY / 2 + random % REPORT_EVERY,
            rtcp_source: None,
        }
    }

    /// Carries out a command, all but `Bridge`, `Cancel` and `Close`, which concern others too.
    pub fn order(&mut self, command: CommandId, order: Order, now: Micros, world: &mut dyn World) {
        match order {
            Order::Connect(connect) => self.connect(command, connect, now, world),
            Order::Play {
                loading,
                repeat,
                stop_on,
            } => {
                self.tracks.push_back(Track::play(command, loading, repeat, stop_on));
            }
            Order::Inject { rate, backlog } => match Track::stream(command, rate, backlog) {
                Ok(track) => self.tracks.push_back(track),
                Err(error) => world.emit(Event::Failed(command, error.to_string())),
            },
            Order::InjectAudio { samples, last } => self.feed(command, &samples, last, world),
            Order::Digits { digits, on, off } => match KeySender::new(command, &digits, on, off) {
                Ok(keys) => self.keys.push_back(keys),
                Err(reason) => world.emit(Event::Failed(command, reason)),
            },
            Order::Record(record) => {
                if record.beep {
                    self.tracks.push_back(Track::beep(command));
                }
                self.recorders.push(Recorder::new(command, record, world));
            }
            Order::Tap { rate, chunk, backlog } => match Tap::new(command, rate, chunk, backlog) {
                Ok(tap) => self.taps.push(tap),
                Err(error) => world.emit(Event::Failed(command, error.to_string())),
            },
            Order::Bridge { .. } | Order::Cancel | Order::Close => {}
        }
    }

    fn connect(&mut self, command: CommandId, connect: Connect, now: Micros, world: &mut dyn World) {
        if self.line.signal(connect.remote, connect.unconfirmed_limit) {
            self.rtcp_source = None;
        }
        self.accepts = [None; 128];
        for (payload_type, codec) in &connect.accepts {
            self.accepts[usize::from(payload_type & 127)] = Some(*codec);
        }
        let security = connect.security.as_ref();
        self.line.secure(security.map(|s| &s.sends));
        match (security.map(|s| &s.receives), &self.open) {
            (Some(key), Some(open)) if open.uses(key) => {}
            (key, _) => self.open = key.map(|key| Inbound::new(key.clone())),
        }
        self.sender.configure(&connect);
        self.heard = now;
        self.lost = false;
        self.connect = Some(connect);
        world.emit(Event::Finished(command, Outcome::Done));
    }

    fn feed(&mut self, stream: CommandId, samples: &[i16], last: bool, world: &mut dyn World) {
        let Some(at) = self.tracks.iter().position(|t| t.command == stream && !t.is_beep()) else {
            return;
        };
        if !self.tracks[at].feed(samples, last) {
            self.tracks.remove(at);
            world.emit(Event::Failed(
                stream,
                "more audio was injected than the stream's backlog holds".into(),
            ));
        }
    }

    /// Ends `command` if it is at work here; returns whether it was.
    pub fn cancel(&mut self, command: CommandId, world: &mut dyn World) -> bool {
        if let Some(at) = self.recorders.iter().position(|r| r.command == command) {
            self.tracks.retain(|t| t.command != command);
            let recorder = self.recorders.remove(at);
            self.finishing.push(recorder.finish(RecordEnd::Cancelled, None, world));
        } else if let Some(at) = self.tracks.iter().position(|t| t.command == command) {
            if let Some(track) = self.tracks.remove(at) {
                let played = Outcome::Played {
                    duration: track.duration(),
                    stopped_by: None,
                };
                world.emit(Event::Cancelled(command, Some(played)));
            }
        } else if let Some(at) = self.keys.iter().position(|k| k.command == Some(command)) {
            self.keys.remove(at);
            self.sender.event_over();
            world.emit(Event::Cancelled(command, None));
        } else if let Some(at) = self.taps.iter().position(|t| t.command == command) {
            self.taps.remove(at);
            world.emit(Event::Cancelled(command, None));
        } else {
            return false;
        }
        true
    }

    /// Ends every command, says farewell to the far end.
    pub fn end(&mut self, now: Micros, world: &mut dyn World) {
        let mut commands: Vec<CommandId> = self.tracks.iter().filter(|t| !t.is_beep()).map(|t| t.command).collect();
        commands.extend(self.keys.iter().filter_map(|k| k.command));
        commands.extend(self.recorders.iter().map(|r| r.command));
        commands.extend(self.taps.iter().map(|t| t.command));
        for command in commands {
            self.cancel(command, world);
        }
        self.keys.clear();
        if self.line.packets > 0 {
            self.send_report(now, true, world);
        }
    }

    /// What it saw so far.
    pub fn statistics(&self) -> Statistics {
        Statistics {
            packets_sent: self.line.packets,
            packets_received: self.reception.received(),
            packets_lost: self.reception.lost(),
            packets_late: self.ear.late(),
            jitter: self.reception.jitter(),
            round_trip: self.reception.round_trip(),
        }
    }

    /// A datagram arrived on the RTP socket.
    pub fn receive<'a>(
        &mut self,
        packet: &'a mut [u8],
        source: SocketAddr,
        now: Micros,
        world: &mut dyn World,
    ) -> Heard<'a> {
        // What is not genuine may neither be heard nor move the line.
        let opened = match &mut self.open {
            Some(open) => open.rtp(packet),
            None => Some(&*packet),
        };
        let Some(packet) = opened else { return Heard::Nothing };
        let Ok((header, payload)) = rtp::parse(packet) else {
            return Heard::Nothing;
        };
        let Some(connect) = &self.connect else {
            return Heard::Nothing;
        };
        let event = connect.is_event(header.payload_type);
        let codec = self.accepts[usize::from(header.payload_type & 127)];
        if !event && codec.is_none() || !self.line.latch.admit(source, header.ssrc, now) {
            return Heard::Nothing;
        }
        let (listens, clock) = (connect.direction.receives(), connect.dtmf_clock);
        self.heard = now;
        self.lost = false;
        self.reception
            .receive(&header, now, codec.filter(|_| !event).map(Codec::clock));
        if event {
            let key = self.digits.receive(header.ssrc, header.timestamp, payload);
            if let Some(key) = key {
                self.pressed(key, world);
            }
            return Heard::Event(header, payload, clock, key);
        }
        match codec {
            Some(codec) if listens => {
                self.hears = Some(codec);
                self.ear.push(header.ssrc, header.timestamp, codec, payload);
                Heard::Audio(header, payload, codec)
            }
            _ => Heard::Nothing,
        }
    }

    /// A datagram arrived on the RTCP socket.
    pub fn receive_rtcp(&mut self, packet: &mut [u8], source: SocketAddr, now: Micros, world: &mut dyn World) {
        let far_end = self.line.latch.confirmed() && self.line.latch.target().map(|t| t.ip()) == Some(source.ip());
        if !far_end {
            return;
        }
        let opened = match &mut self.open {
            Some(open) => open.rtcp(packet),
            None => Some(&*packet),
        };
        if let Some(packet) = opened.filter(|packet| packet.first().is_some_and(|first| first >> 6 == 2)) {
            self.rtcp_source = Some(source);
            self.reception
                .receive_rtcp(packet, self.sender.ssrc(), (world.ntp() >> 16) as u32, now);
        }
    }

    fn pressed(&mut self, key: char, world: &mut dyn World) {
        world.emit(Event::Digit(self.id, key));
        if self.playing && self.tracks.front().is_some_and(|t| t.stop_on.contains(key)) {
            if let Some(track) = self.tracks.pop_front() {
                self.playing = false;
                let played = Outcome::Played {
                    duration: track.duration(),
                    stopped_by: Some(key),
                };
                world.emit(Event::Finished(track.command, played));
            }
        }
        while let Some(at) = self.recorders.iter().position(|r| r.ends_on(key)) {
            let recorder = self.recorders.remove(at);
            self.tracks.retain(|t| t.command != recorder.command);
            self.finishing.push(recorder.finish(RecordEnd::Key, Some(key), world));
        }
    }

    /// Whether its far end hears something of our own making, rather than a bridge.
    pub fn speaks(&self) -> bool {
        self.playing || !self.keys.is_empty()
    }

    /// Sends on what the other end of a bridge heard.
    pub fn pass(&mut self, heard: Heard, now: Micros, world: &mut dyn World) {
        let Some(connect) = &self.connect else { return };
        if self.speaks() || !connect.direction.sends() {
            return;
        }
        let (header, payload, codec) = match heard {
            Heard::Nothing => return,
            Heard::Audio(_, _, codec) if !codec.passes_as(connect.codec) => return, // decoded and fed at the tick
            Heard::Audio(header, payload, codec) => (header, payload, Some(codec)),
            Heard::Event(_, _, clock, key)
                if connect.dtmf.is_none() || self.fed.is_some() || clock != connect.dtmf_clock =>
            {
                // The far end knows no events, or has another clock: it gets the key anew, as a tone or as an event.
                self.keys.extend(key.and_then(KeySender::relayed));
                return;
            }
            Heard::Event(header, payload, _, _) => (header, payload, None),
        };
        let line = &mut self.line;
        self.sender
            .pass(connect, header, payload, codec, |packet| line.send(packet, now, world));
    }

    /// Whether what it hears must be decoded for `other`, which speaks another codec.
    pub fn differs_from(&self, other: &Self) -> bool {
        let spoken = other.connect.as_ref().map(|connect| connect.codec);
        matches!((self.hears, spoken), (Some(heard), Some(spoken)) if !heard.passes_as(spoken))
    }

    /// Listens ahead of its tick, for a bridge that brings the frame to another session.
    pub fn listen_ahead(&mut self, world: &mut dyn World) {
        self.listen(world);
        self.listened = true;
    }

    /// Hands out the ear for a moment, to be put back.
    pub fn lend_ear(&mut self) -> Ear {
        std::mem::replace(&mut self.ear, Ear::new(0, 0))
    }

    /// The frame of this tick from the other end of a bridge, at `rate` hertz; `None` when packets pass as they are.
    pub fn feed_frame(&mut self, heard: Option<(&[i16], u32)>) {
        let Some(((frame, rate), connect)) = heard.zip(self.connect.as_ref()) else {
            self.fed = None;
            return;
        };
        self.fed.get_or_insert_default().put(frame, rate, connect.codec);
    }

    /// 20 ms have passed.
    pub fn tick(&mut self, now: Micros, world: &mut dyn World) {
        self.listen(world);
        self.speak(now, world);
        self.sender.advance();
        self.complete(world);
        self.watch(now, world);
    }

    fn listen(&mut self, world: &mut dyn World) {
        if std::mem::take(&mut self.listened) {
            return;
        }
        if self.recorders.is_empty() && self.taps.is_empty() && !self.overheard {
            self.ear.rest();
            return;
        }
        let expected = self.connect.as_ref().map_or(Codec::Pcmu, |connect| connect.codec);
        self.ear.listen(self.hears.unwrap_or(expected));
        for tap in &mut self.taps {
            tap.hear(self.ear.frame(), self.ear.rate(), world);
        }
        let mut at = 0;
        while let Some(recorder) = self.recorders.get_mut(at) {
            if let Some(reason) = recorder.failure() {
                world.emit(Event::Failed(recorder.command, reason.to_owned()));
                self.recorders.remove(at);
            } else if let Some(end) = recorder.hear(self.ear.narrow(), world) {
                let recorder = self.recorders.remove(at);
                self.finishing.push(recorder.finish(end, None, world));
            } else {
                at += 1;
            }
        }
    }

    fn speak(&mut self, now: Micros, world: &mut dyn World) {
        let Some(connect) = &self.connect else { return };
        let sends = connect.direction.sends();
        let line = &mut self.line;
        if let Some(keys) = self.keys.front_mut() {
            let over = keys.tick(connect, &mut self.sender, |packet| {
                if sends {
                    line.send(packet, now, world);
                }
            });
            if over {
                if let Some(command) = self.keys.pop_front().and_then(|k| k.command) {
                    world.emit(Event::Finished(command, Outcome::Done));
                }
            }
            return;
        }
        let mut frame = [0; LONGEST_FRAME];
        let frame = &mut frame[..connect.codec.frame()];
        while let Some(track) = self.tracks.front_mut() {
            let fill = track.fill(frame, connect.codec.rate());
            let audible = match &fill {
                Fill::Waiting => break,
                Fill::Failed(_) => false,
                Fill::Full => true,
                Fill::Ended(part) => *part > 0,
            };
            if audible && sends {
                self.sender
                    .audio(connect, frame, |packet| line.send(packet, now, world));
            }
            self.playing = true;
            if fill == Fill::Full {
                return;
            }
            self.playing = false;
            if let Some(track) = self.tracks.pop_front() {
                ended(track, fill, &mut self.recorders, world);
            }
            if audible {
                return;
            }
        }
        self.playing = false;
        if let Some(frame) = self.fed.as_mut().and_then(|feed| feed.take(connect.codec)) {
            if sends {
                self.sender
                    .audio(connect, frame, |packet| line.send(packet, now, world));
            }
            return;
        }
        if sends {
            self.sender.pause(connect, |packet| line.send(packet, now, world));
            let idle = now.saturating_sub(line.last) >= self.settings.keepalive * 1000;
            if self.settings.keepalive > 0 && idle {
                self.sender
                    .audio(connect, &[0; LONGEST_FRAME][..connect.codec.frame()], |packet| {
                        line.send(packet, now, world)
                    });
                self.sender.pause(connect, |packet| line.send(packet, now, world));
            }
        }
    }

    fn complete(&mut self, world: &mut dyn World) {
        self.finishing.retain(|finishing| !settle(finishing, world));
    }

    fn watch(&mut self, now: Micros, world: &mut dyn World) {
        let Some(connect) = &self.connect else { return };
        let silent = now.saturating_sub(self.heard) / 1000;
        let timeout = self.settings.rtp_timeout;
        // A far end that only sends has us on hold; many phones play nothing then and must not be taken for lost.
        let expects = timeout > 0 && connect.direction == Direction::SendRecv && self.closing.is_none();
        if expects && !self.lost && silent >= timeout {
            self.lost = true;
            world.emit(Event::RtpLost(self.id, silent));
        }
        if now >= self.report {
            // Spread over half to one and a half of the interval, lest all report at once (RFC 3550 section 6.2).
            self.report = now + REPORT_EVERY / 2 + world.random() % REPORT_EVERY;
            if self.line.latch.confirmed() {
                self.send_report(now, false, world);
            }
        }
    }

    fn send_report(&mut self, now: Micros, bye: bool, world: &mut dyn World) {
        let Some(target) = self.line.latch.target() else { return };
        let to = self
            .rtcp_source
            .unwrap_or_else(|| SocketAddr::new(target.ip(), target.port().saturating_add(1)));
        let sent = rtcp::Sent {
            ssrc: self.sender.ssrc(),
            packets: self.line.packets,
            octets: self.line.octets,
            timestamp: self.sender.timestamp(),
            ntp: world.ntp(),
        };
        let packet = rtcp::report(sent, &mut self.reception, now, bye);
        self.line.report(to, &packet, world);
    }
}

fn ended(track: Track, fill: Fill, recorders: &mut [Recorder], world: &mut dyn World) {
    if track.is_beep() {
        if let Some(recorder) = recorders.iter_mut().find(|r| r.command == track.command) {
            recorder.start(world);
        }
        return;
    }
    world.emit(match fill {
        Fill::Failed(reason) => Event::Failed(track.command, reason),
        _ => Event::Finished(
            track.command,
            Outcome::Played {
                duration: track.duration(),
                stopped_by: None,
            },
        ),
    });
}

/// Tells of a completed file; `false` while it is not.
pub fn settle(finishing: &Finishing, world: &mut dyn World) -> bool {
    let Some(outcome) = finishing.outcome() else {
        return false;
    };
    world.emit(match outcome {
        Ok(outcome) if finishing.cancelled() => Event::Cancelled(finishing.command, Some(outcome)),
        Ok(outcome) => Event::Finished(finishing.command, outcome),
        Err(reason) => Event::Failed(finishing.command, reason),
    });
    true
}
