//! Calls in virtual time: far ends with codecs and clocks of their own, on bad lines, around the machine of a shard.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};

use offhook_media_core::codec::{opus, Codec, Encoder};
use offhook_media_core::command::{Connect, Direction, Membership, Order, RecordOrder, SessionId, Source, Track};
use offhook_media_core::event::Event;
use offhook_media_core::exchange::Exchange;
use offhook_media_core::jitter::queue::Content;
use offhook_media_core::jitter::JitterBuffer;
use offhook_media_core::prompt::Prompt;
use offhook_media_core::resample::resample;
use offhook_media_core::rtp::{parse, Header};
use offhook_media_core::session::Settings;
use offhook_media_core::tape::Format;
use offhook_media_core::world::{Complete, FileWrite, World, Written};
use offhook_media_core::{Micros, TICK};
use offhook_media_decode::decode;
use offhook_netem::Line;

/// Milliseconds; the grain of virtual time.
const STEP: Micros = 1000;
/// Silence behind what is said, for all of it to arrive, ms.
const TAIL: u64 = 1000;
const PAYLOAD_TYPE: u8 = 96;

/// Which way audio takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Path {
    /// We play a prompt to a far end that speaks the second codec.
    Play,
    /// One far end speaks to another through a bridge; where their codecs are the same, packets pass as they are.
    Bridge,
    /// Both far ends are in a room, where only the first speaks.
    Conference,
    /// A far end is recorded, at 8 kHz.
    Record,
}

/// What a line does to packets.
#[derive(Debug, Clone, Copy, Default)]
pub struct Impairment {
    /// Packets of a million that are lost.
    pub loss: u64,
    /// Microseconds by which packets are late at most, evenly spread.
    pub jitter: u64,
    /// Parts in a million by which the clock of the far end that speaks (or listens to a prompt) is fast.
    pub drift: f64,
}

/// One passage.
#[derive(Debug, Clone, Copy)]
pub struct Route {
    /// Through what.
    pub path: Path,
    /// What is spoken.
    pub from: Codec,
    /// What is heard.
    pub to: Codec,
    /// The line of whom we hear, or who hears our prompt.
    pub line: Impairment,
}

#[derive(Default)]
struct Studio {
    sent: Vec<(SessionId, Vec<u8>)>,
    tapes: HashMap<u64, (Vec<i16>, Written)>,
    recorded: Vec<i16>,
    random: u64,
}

impl World for Studio {
    fn rtp(&mut self, session: SessionId, _: SocketAddr, packet: &[u8]) {
        self.sent.push((session, packet.to_vec()));
    }
    fn rtcp(&mut self, _: SessionId, _: SocketAddr, _: &[u8]) {}
    fn emit(&mut self, _: Event) {}
    fn write(&mut self, write: FileWrite) -> bool {
        match write {
            FileWrite::Open { file, written, .. } => {
                self.tapes.insert(file, (Vec::new(), written));
            }
            FileWrite::Append { file, samples, .. } => {
                if let Some((tape, _)) = self.tapes.get_mut(&file) {
                    tape.extend(samples);
                }
            }
            FileWrite::Finish { file, .. } => {
                if let Some((tape, written)) = self.tapes.remove(&file) {
                    let _ = written.set(Ok(Complete {
                        samples: tape.len() as u64,
                        broken: None,
                    }));
                    self.recorded = tape;
                }
            }
        }
        true
    }
    fn urgent(&mut self, _: SessionId, _: bool) {}
    fn closed(&mut self, _: SessionId) {}
    fn random(&mut self) -> u64 {
        self.random = self.random.wrapping_add(0x1234_5678_9ABC_DEF1);
        self.random
    }
    fn ntp(&self) -> u64 {
        0
    }
}

fn far(session: SessionId) -> SocketAddr {
    ([127, 0, 0, 1], 40_000 + session as u16).into()
}

fn connect(session: SessionId, codec: Codec) -> Order {
    Order::Connect(Connect {
        remote: far(session),
        codec,
        payload_type: PAYLOAD_TYPE,
        accepts: vec![(PAYLOAD_TYPE, codec)],
        dtmf: None,
        dtmf_accepts: None,
        dtmf_clock: 8000,
        opus: opus::Options::default(),
        ptime: 20,
        direction: Direction::SendRecv,
        unconfirmed_limit: u32::MAX,
        security: None,
        rtcp_mux: false,
        comfort_noise: None,
        peer: None,
        inband_dtmf: false,
        dtmf_signalled: false,
    })
}

// A far end that speaks, by its own clock.
struct Speaker {
    codec: Codec,
    encoder: Encoder,
    samples: Vec<i16>,
    length: usize,
    due: f64,
    step: f64,
    said: usize,
}

impl Speaker {
    fn new(codec: Codec, samples: Vec<i16>, drift: f64) -> Self {
        Self {
            codec,
            encoder: Encoder::new(codec, opus::Options::default()),
            samples,
            length: (codec.rate() * codec.packet_ms(20) / 1000) as usize,
            due: 7000.0,
            step: f64::from(codec.packet_ms(20)) * 1000.0 / (1.0 + drift / 1e6),
            said: 0,
        }
    }

    fn packets(&mut self, now: Micros, line: &mut Line) {
        while self.due <= now as f64 {
            let length = self.length;
            let from = self.said * length;
            let frame: Vec<i16> = (from..from + length)
                .map(|n| self.samples.get(n).copied().unwrap_or(0))
                .collect();
            let mut payload = [0; 2000];
            let size = self.encoder.encode(&frame, &mut payload);
            let header = Header {
                marker: self.said == 0,
                payload_type: PAYLOAD_TYPE,
                sequence: self.said as u16,
                timestamp: (self.said as u32).wrapping_mul(self.codec.ticks(length)),
                ssrc: 77,
            };
            line.send(self.due as u64, [&header.to_bytes()[..], &payload[..size]].concat());
            self.said += 1;
            self.due += self.step;
        }
    }
}

// A far end that listens as a phone does, by its own clock.
struct Listener {
    buffer: JitterBuffer,
    codec: Codec,
    due: f64,
    step: f64,
    heard: Vec<i16>,
}

impl Listener {
    fn new(codec: Codec, drift: f64) -> Self {
        Self {
            buffer: JitterBuffer::new(codec, 40, 200),
            codec,
            due: 11_000.0,
            step: TICK as f64 / (1.0 + drift / 1e6),
            heard: Vec::new(),
        }
    }

    fn listen(&mut self, now: Micros, line: &mut Line) {
        for packet in line.arrived(now) {
            if let Ok((header, payload)) = parse(&packet) {
                self.buffer.push(&header, Content::Audio(self.codec), payload, now);
            }
        }
        while self.due <= now as f64 {
            let mut frame = vec![0; self.codec.frame()];
            self.buffer.pull(&mut frame, now);
            self.heard.extend(frame);
            self.due += self.step;
        }
    }
}

fn line(seed: u64, to: Impairment) -> Line {
    Line::new(seed).delay(30_000).jitter(to.jitter).loss(to.loss)
}

/// What is heard at the end of the route of `said` (at `rate` hertz), and its rate.
pub fn hear(route: Route, said: &[i16], rate: u32) -> (Vec<i16>, u32) {
    let settings = Settings {
        jitter_least: 40,
        jitter_most: 200,
        rtp_timeout: 0,
        keepalive: 0,
    };
    let (mut exchange, mut studio) = (Exchange::new(settings), Studio::default());
    let (near, clean) = (route.line, Impairment::default());
    for (session, codec) in [(1, route.from), (2, route.to)] {
        exchange.open(session, 0, &mut studio);
        exchange.order(session, 10 + session, connect(session, codec), 0, &mut studio);
    }
    let plays = route.path == Path::Play;
    exchange.order(1, 1, order(route.path, said, rate, route.from.rate()), 0, &mut studio);
    if route.path == Path::Conference {
        exchange.order(2, 3, order(route.path, said, rate, route.from.rate()), 0, &mut studio);
    }
    let wanted = if plays {
        Vec::new()
    } else {
        resample(said, rate, route.from.rate()).unwrap_or_default()
    };
    let mut speaker = Speaker::new(route.from, wanted, near.drift);
    let mut listener = Listener::new(route.to, if plays { near.drift } else { 0.0 });
    let mut incoming = line(3, if plays { clean } else { near });
    let mut outgoing = line(5, if plays { near } else { clean });
    let last = said.len() as u64 * 1_000_000 / u64::from(rate) + TAIL * 1000;
    for now in (STEP..last).step_by(STEP as usize) {
        speaker.packets(now, &mut incoming);
        for mut packet in incoming.arrived(now) {
            exchange.receive(1, &mut packet, far(1), now, &mut studio);
        }
        if now % TICK == 0 {
            exchange.tick(now, &mut studio);
        }
        for (session, packet) in studio.sent.drain(..) {
            if session == if plays { 1 } else { 2 } {
                outgoing.send(now, packet);
            }
        }
        listener.listen(now, &mut outgoing);
    }
    exchange.order(1, 2, Order::Close, last, &mut studio);
    exchange.tick(last + TICK, &mut studio);
    match route.path {
        Path::Record => (studio.recorded, 8000),
        _ => (listener.heard, route.to.rate()),
    }
}

fn order(path: Path, said: &[i16], rate: u32, line: u32) -> Order {
    match path {
        Path::Play => {
            let prompt = Prompt::new(said, rate, line).map_err(|error| error.to_string());
            Order::Play {
                loading: Arc::new(OnceLock::from(
                    prompt.map(|prompt| vec![Source::Prompt(Arc::new(prompt))]),
                )),
                repeat: 1,
                stop_on: String::new(),
                stop_on_voice: None,
                gain: 0.0,
                offset: 0,
            }
        }
        Path::Bridge => Order::Bridge { with: 2 },
        Path::Conference => Order::Join {
            room: 7,
            membership: Membership::default(),
        },
        Path::Record => Order::Record(RecordOrder {
            path: "tape".into(),
            format: Format::Wav,
            track: Track::Heard,
            channels: 1,
            rate: 8000,
            goes_on: false,
            max_length: 24 * 3_600_000,
            silence: 0,
            finish_on: String::new(),
            beep: false,
            trim: false,
        }),
    }
}

/// Two sentences at 8 kHz (`tests/data/speech`).
pub fn speech() -> Vec<i16> {
    let clips: [&'static [u8]; 2] = [
        include_bytes!("../../../tests/data/speech/s00.wav"),
        include_bytes!("../../../tests/data/speech/s02.wav"),
    ];
    let read = |clip| decode(clip, 1_000_000).map(|piece| piece.samples).unwrap_or_default();
    clips.into_iter().flat_map(read).collect()
}
