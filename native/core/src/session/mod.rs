//! One media session: what a far end sends, what it hears, and the commands that are at work on either.
//!
//! Composed of the machines beside it. Knows nothing of other sessions; `exchange` passes packets between them.

mod browsing;
mod hearing;
mod measuring;
mod recording;
mod speaking;
mod streaming;
mod watching;

use std::collections::VecDeque;
use std::net::SocketAddr;

use crate::command::{Codec, CommandId, Connect, Order, SessionId};
use crate::detect::attention::{Attention, Detection};
use crate::dtmf::DigitReceiver;
use crate::ear::Ear;
use crate::event::{Event, Outcome, RecordEnd};
use crate::feed::Feed;
use crate::keys::KeySender;
use crate::line::Line;
use crate::mouth::Mouth;
use crate::player::Track;
use crate::program::Program;
use crate::recorder::{Finishing, Recorder};
use crate::rtcp::Reception;
use crate::rtp::Header;
use crate::sender::Sender;
use crate::srtp::{Inbound, Security};
use crate::tap::Tap;
use crate::webrtc::Transport;
use crate::world::World;
use crate::Micros;

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
    /// How silence sounds that is not sent.
    Noise(Header, &'a [u8]),
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
    mouth: Option<Box<Mouth>>,
    attention: Attention,
    toned: Option<char>,
    /// Files of this session that are being completed.
    pub finishing: Vec<Finishing>,
    /// A bridge or a room listens.
    pub overheard: bool,
    /// `CloseSession`, when it waits for files.
    pub closing: Option<CommandId>,
    heard: Micros,
    lost: bool,
    report: Micros,
    rtcp_source: Option<SocketAddr>,
    /// ICE and DTLS, where the far end is a browser.
    web: Option<Box<Transport>>,
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
            mouth: None,
            attention: Attention::default(),
            toned: None,
            finishing: Vec::new(),
            overheard: false,
            closing: None,
            heard: now,
            lost: false,
            report: now + REPORT_EVERY / 2 + random % REPORT_EVERY,
            rtcp_source: None,
            web: None,
        }
    }

    /// Carries out a command, all but those that concern others too.
    pub fn order(&mut self, command: CommandId, order: Order, now: Micros, world: &mut dyn World) {
        match order {
            Order::Connect(connect) => self.connect(command, connect, now, world),
            Order::Play {
                loading,
                repeat,
                offset,
                gain,
                stop_on,
                stop_on_voice,
            } => {
                let program = Program::new(loading, repeat, offset);
                let track = Track::play(command, program, stop_on).louder(gain);
                self.tracks.push_back(track.stopping_on_voice(stop_on_voice));
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
            Order::Record(record) => self.start_recording(command, record, world),
            Order::Pause(pause) => self.pause_recording(command, pause),
            Order::Tap {
                inbound,
                outbound,
                rate,
                chunk,
                backlog,
            } => match Tap::new(command, (inbound, outbound), rate, chunk, backlog) {
                Ok(tap) => self.tap(tap),
                Err(error) => world.emit(Event::Failed(command, error.to_string())),
            },
            Order::InjectMark(name) => self.mark(command, name, world),
            Order::Gain(gain) => self.louder(command, gain),
            Order::InjectClear => self.clear(command, world),
            Order::Detect { voice, silence, tones } => {
                self.attention.begin(Detection::new(command, voice, silence, tones));
            }
            Order::Measure => {
                let measured = Outcome::Measured(Box::new(self.statistics()));
                world.emit(Event::Finished(command, measured));
            }
            Order::Bridge { .. } | Order::Join { .. } | Order::ChangeMember(_) | Order::Cancel | Order::Close => {}
        }
    }

    fn connect(&mut self, command: CommandId, connect: Connect, now: Micros, world: &mut dyn World) {
        match (&self.web, &connect.peer) {
            (Some(_), Some(peer)) => self.connect_browser(peer, now, world),
            (None, None) => self.connect_phone(&connect),
            (Some(_), None) => {
                let reason = "a session that was opened to a browser is connected to one, and to nobody else";
                return world.emit(Event::Failed(command, reason.into()));
            }
            (None, Some(_)) => {
                let reason = "a session with ports of its own cannot be connected to a browser";
                return world.emit(Event::Failed(command, reason.into()));
            }
        }
        self.accepts = [None; 128];
        for (payload_type, codec) in &connect.accepts {
            self.accepts[usize::from(payload_type & 127)] = Some(*codec);
        }
        self.sender.configure(&connect);
        self.attention.keys(connect.inband_dtmf);
        self.heard = now;
        self.lost = false;
        self.connect = Some(connect);
        world.emit(Event::Finished(command, Outcome::Done));
    }

    fn connect_phone(&mut self, connect: &Connect) {
        if self.line.signal(connect.remote, connect.unconfirmed_limit) {
            self.rtcp_source = None;
        }
        self.secure(connect.security.as_deref());
    }

    /// Media are enciphered with these keys, or plain. A key that is named again goes on.
    fn secure(&mut self, security: Option<&Security>) {
        self.line.secure(security.map(|s| &s.sends));
        match (security.map(|s| &s.receives), &self.open) {
            (Some(key), Some(open)) if open.uses(key) => {}
            (key, _) => {
                self.open = key.map(|key| Inbound::new(key.clone()));
                self.reception.renew();
            }
        }
    }

    /// Ends `command` if it is at work here; returns whether it was.
    pub fn cancel(&mut self, command: CommandId, world: &mut dyn World) -> bool {
        if let Some(at) = self.recorders.iter().position(|r| r.command == command) {
            self.end_recording(at, RecordEnd::Cancelled, None, world);
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
        } else if self.attention.cancel(command) {
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
        commands.extend(self.attention.commands());
        for command in commands {
            self.cancel(command, world);
        }
        self.keys.clear();
        if self.line.packets > 0 {
            self.send_report(now, true, world);
        }
        if let Some(web) = &mut self.web {
            web.end(world);
        }
    }

    /// 20 ms have passed.
    pub fn tick(&mut self, now: Micros, world: &mut dyn World) {
        self.browse(now, world);
        self.listen(now, world);
        self.speak(now, world);
        self.note(now, world);
        self.sender.advance();
        self.complete(world);
        self.watch(now, world);
    }

    fn complete(&mut self, world: &mut dyn World) {
        self.finishing.retain(|finishing| !settle(finishing, world));
    }
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
