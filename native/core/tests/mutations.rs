//! Hostile datagrams: every reader of RTP, RTCP and what lies behind them gets mutated packets, for a second each, or for as many as
//! `OFFHOOK_FUZZ_SECONDS` says. Nothing may panic, hang or grow. A target is a function over any bytes.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use offhook_media_core::codec::{opus, Codec};
use offhook_media_core::comfort::Noise;
use offhook_media_core::command::{Connect, Direction, Order, RecordOrder, SessionId, Track};
use offhook_media_core::event::Event;
use offhook_media_core::exchange::Exchange;
use offhook_media_core::jitter::queue::Content;
use offhook_media_core::jitter::JitterBuffer;
use offhook_media_core::rtcp::{report, Reception, Sent};
use offhook_media_core::rtp::{is_rtcp, outline, parse, Header};
use offhook_media_core::session::Settings;
use offhook_media_core::srtp::{Inbound, MasterKey, Suite};
use offhook_media_core::tape::Format;
use offhook_media_core::world::{Complete, FileWrite, World, Written};
use offhook_media_core::TICK;

const LARGEST: usize = 1500;

// SplitMix64 (Steele, Lea and Flood, 2014).
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound.max(1) as u64) as usize
    }
}

fn mutated(seed: &[u8], chance: &mut Chance) -> Vec<u8> {
    let mut data = seed.to_vec();
    for _ in 0..=chance.below(6) {
        let at = chance.below(data.len());
        match chance.below(7) {
            0 if !data.is_empty() => data[at] ^= 1 << chance.below(8),
            1 if !data.is_empty() => data[at] = [0, 1, 0x7F, 0x80, 0xFF][chance.below(5)],
            2 => data.truncate(at),
            3 => data.insert(at.min(data.len()), chance.next() as u8),
            4 => data.extend((0..chance.below(40)).map(|n| n as u8)),
            5 => data.extend_from_within(at..),
            _ if !data.is_empty() => _ = data.remove(at),
            _ => {}
        }
        data.truncate(4 * LARGEST);
    }
    data
}

fn run(seeds: &[Vec<u8>], one_input: impl Fn(&[u8])) {
    let wanted = std::env::var("OFFHOOK_FUZZ_SECONDS").ok().and_then(|s| s.parse().ok());
    let until = Instant::now() + Duration::from_secs(wanted.unwrap_or(1));
    let mut chance = Chance(wanted.unwrap_or(7));
    let mut pool = seeds.to_vec();
    for seed in seeds {
        one_input(seed);
    }
    while Instant::now() < until {
        let at = chance.below(pool.len());
        let data = mutated(&pool[at], &mut chance);
        let began = Instant::now();
        one_input(&data);
        // Generous, since whoever fuzzes may have to wait for the processor.
        assert!(began.elapsed() < Duration::from_secs(60), "{data:02x?} takes too long");
        // Without coverage as a guide, a walk: what was mutated is mutated on.
        if pool.len() < 500 {
            pool.push(data);
        } else {
            let at = seeds.len() + chance.below(pool.len() - seeds.len());
            pool[at] = data;
        }
    }
}

fn header(n: u16) -> Header {
    Header {
        marker: n == 0,
        payload_type: 0,
        sequence: n,
        timestamp: u32::from(n) * 160,
        ssrc: 77,
    }
}

fn packet(n: u16, payload_type: u8, payload: &[u8]) -> Vec<u8> {
    let header = Header {
        payload_type,
        ..header(n)
    };
    [&header.to_bytes()[..], payload].concat()
}

fn reports() -> Vec<Vec<u8>> {
    let mut reception = Reception::default();
    (0..50).for_each(|n| _ = reception.receive(&header(n), u64::from(n) * TICK, Some(8000)));
    let sent = |packets| Sent {
        ssrc: 5,
        packets,
        octets: 800,
        timestamp: 1,
        ntp: 1 << 40,
    };
    vec![
        report(sent(5), &mut reception, 1_000_000, false),
        report(sent(0), &mut reception, 2_000_000, true),
        vec![0x80, 201, 0, 1, 0, 0, 0, 9],
    ]
}

#[derive(Default)]
struct Outside {
    tapes: HashMap<u64, Written>,
    sent: usize,
    random: u64,
}

impl World for Outside {
    fn rtp(&mut self, _: SessionId, _: SocketAddr, packet: &[u8]) {
        assert!(packet.len() <= LARGEST);
        self.sent += 1;
    }
    fn rtcp(&mut self, _: SessionId, _: SocketAddr, packet: &[u8]) {
        assert!(packet.len() <= LARGEST);
    }
    fn emit(&mut self, _: Event) {}
    fn write(&mut self, write: FileWrite) -> bool {
        match write {
            FileWrite::Open { file, written, .. } => _ = self.tapes.insert(file, written),
            FileWrite::Append { samples, .. } => assert!(samples.len() < 100_000),
            FileWrite::Finish { file, .. } => {
                if let Some(written) = self.tapes.remove(&file) {
                    _ = written.set(Ok(Complete {
                        samples: 0,
                        broken: None,
                    }));
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
        1 << 41
    }
}

fn far(session: SessionId) -> SocketAddr {
    ([127, 0, 0, 1], 40_000 + session as u16).into()
}

fn connect(session: SessionId, codec: Codec) -> Order {
    Order::Connect(Connect {
        remote: far(session),
        codec,
        payload_type: 96,
        accepts: vec![
            (0, Codec::Pcmu),
            (8, Codec::Pcma),
            (9, Codec::G722),
            (96, codec),
            (107, Codec::Opus),
        ],
        dtmf: Some(101),
        dtmf_accepts: Some(101),
        dtmf_clock: 8000,
        opus: opus::Options::default(),
        ptime: 20,
        direction: Direction::SendRecv,
        unconfirmed_limit: 50,
        security: None,
        peer: None,
        rtcp_mux: true,
        comfort_noise: Some(13),
        inband_dtmf: true,
        dtmf_signalled: false,
    })
}

/// Datagrams, each behind its length and a few bits of when and whence it comes, for two bridged sessions that are recorded.
fn whole_sessions(data: &[u8]) {
    let settings = Settings {
        jitter_least: 40,
        jitter_most: 200,
        rtp_timeout: 1000,
        keepalive: 500,
    };
    let (mut exchange, mut outside) = (Exchange::new(settings), Outside::default());
    for (session, codec) in [(1, Codec::Opus), (2, Codec::Pcmu)] {
        exchange.open(session, 0, &mut outside);
        exchange.order(session, session, connect(session, codec), 0, &mut outside);
        let record = RecordOrder {
            path: "tape".into(),
            format: Format::Wav,
            track: Track::Heard,
            channels: 1,
            rate: 0,
            goes_on: false,
            max_length: 60_000,
            silence: 2000,
            finish_on: "#".into(),
            beep: false,
            trim: true,
        };
        exchange.order(session, 10 + session, Order::Record(record), 0, &mut outside);
    }
    let bridge = Order::Bridge { with: 2 };
    exchange.order(1, 20, bridge, 0, &mut outside);
    let (mut now, mut rest) = (0, data);
    while let [length, how, tail @ ..] = rest {
        let (datagram, behind) = tail.split_at((usize::from(*length) * 4).min(tail.len()));
        rest = behind;
        now += u64::from(how >> 4) * 5000;
        let session = 1 + u64::from(how & 1);
        let source = if how & 6 == 6 { far(9) } else { far(session) };
        let mut datagram = datagram.to_vec();
        if how & 8 == 8 {
            exchange.receive_rtcp(session, &mut datagram, source, now, &mut outside);
        } else {
            exchange.receive(session, &mut datagram, source, now, &mut outside);
        }
        exchange.tick(now, &mut outside);
    }
    exchange.order(1, 30, Order::Measure, now, &mut outside);
    for session in 1..=2 {
        exchange.order(session, 40 + session, Order::Close, now, &mut outside);
    }
    (0..3).for_each(|n| exchange.tick(now + n * TICK, &mut outside));
    assert!(exchange.is_empty() && outside.tapes.is_empty());
}

#[test]
fn no_datagrams_break_sessions() {
    let framed = |packets: Vec<Vec<u8>>| {
        let each = packets.into_iter().enumerate().map(|(n, mut packet)| {
            packet.resize(packet.len().div_ceil(4) * 4, 0);
            [&[(packet.len() / 4) as u8, 0x40 | (n as u8 & 1)][..], &packet].concat()
        });
        each.flatten().collect::<Vec<u8>>()
    };
    let talk = (0..12)
        .map(|n| packet(n, if n % 2 == 0 { 107 } else { 0 }, &[0x48; 80]))
        .collect();
    let keys = (0..8).map(|n| packet(n, 101, &[5, 0x0A, 0, 160])).collect();
    let noise = (0..8)
        .map(|n| packet(n * 3, [0, 13, 9, 8][usize::from(n) % 4], &[60; 40]))
        .collect();
    let seeds = [framed(talk), framed(keys), framed(noise), framed(reports())];
    run(&seeds, whole_sessions);
}

/// One datagram, for the readers of a header.
fn headers(data: &[u8]) {
    let _ = is_rtcp(data);
    if let Some((_, _, start)) = outline(data) {
        assert!(start <= data.len());
    }
    if let Ok((_, payload)) = parse(data) {
        assert!(payload.len() <= data.len());
        let _ = Noise::parse(payload).map(|mut noise| noise.fill(&mut [0; 160]));
    }
}

#[test]
fn no_bytes_break_the_reader_of_rtp() {
    let extended = [
        &[0xB2, 0, 0, 1][..],
        &[0; 20],
        &[0xBE, 0xDE, 0, 1, 1, 2, 3, 4],
        &[7; 20],
        &[4],
    ]
    .concat();
    run(&[packet(1, 0, &[1; 160]), extended], headers);
}

/// One datagram, for the reader of reports.
fn control(data: &[u8]) {
    let mut reception = Reception::default();
    reception.receive(&header(1), 0, Some(8000));
    reception.receive_rtcp(data, 5, 1 << 20, 1_000_000);
    assert!(reception.round_trip().is_none_or(|ms| (0.0..=60_000.0).contains(&ms)));
    assert!(reception.far_end().is_none_or(|far| (0.0..1.0).contains(&far.fraction)));
}

#[test]
fn no_bytes_break_the_reader_of_rtcp() {
    run(&reports(), control);
}

/// Packets for jitter buffers of every kind of codec: sequence, timestamp, length and time from the bytes.
fn buffers(data: &[u8]) {
    for codec in [Codec::Pcmu, Codec::G722, Codec::Opus, Codec::L16(48_000)] {
        let mut buffer = JitterBuffer::new(codec, 40, 200);
        let mut frame = vec![0; codec.frame()];
        let (mut now, mut timestamp) = (0u64, 0u32);
        for piece in data.chunks(8) {
            let byte = |at: usize| piece.get(at).copied().unwrap_or(0);
            let stretch = [1, 160, 960, 100_000][usize::from(byte(0) & 3)];
            timestamp = timestamp.wrapping_add((byte(1) as i8 as u32).wrapping_mul(stretch));
            now += u64::from(byte(2)) * [10, 1000, 20_000, 100_000][usize::from(byte(0) >> 2 & 3)];
            let header = Header {
                timestamp,
                ssrc: u32::from(byte(3) & 1),
                ..header(u16::from(byte(4)))
            };
            let content = if byte(3) & 0x80 != 0 {
                Content::Noise
            } else {
                Content::Audio(codec)
            };
            buffer.push(&header, content, &vec![byte(5); usize::from(byte(6)) * 4], now);
            for _ in 0..byte(7) & 7 {
                now += TICK;
                buffer.pull(&mut frame, now);
            }
        }
        assert!(buffer.delay() < 3_600_000);
    }
}

#[test]
fn no_stream_breaks_the_jitter_buffer() {
    let even: Vec<u8> = (0..40).flat_map(|n| [5, 1, 20, 0, n, 0x55, 40, 1]).collect();
    let wild: Vec<u8> = (0..40u8)
        .flat_map(|n| [n, n.wrapping_mul(37), n, n, n, n, n, n])
        .collect();
    run(&[even, wild], buffers);
}

/// One datagram, for the reader of SRTP and SRTCP in each suite.
fn sealed(data: &[u8]) {
    for (_, suite) in Suite::NAMED {
        let key = vec![7; suite.key_length() + suite.salt_length()];
        let Some(key) = MasterKey::new(suite, key) else {
            continue;
        };
        let mut inbound = Inbound::new(key);
        assert!(inbound.rtp(&mut data.to_vec()).is_none());
        assert!(inbound.rtcp(&mut data.to_vec()).is_none());
    }
}

#[test]
fn no_bytes_break_the_reader_of_srtp() {
    run(&[packet(1, 0, &[1; 160]), reports().concat()], sealed);
}
