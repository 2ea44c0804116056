//! Whole sessions in virtual time: a world that remembers, far ends that are a few lines, lines that lose and delay.

use super::*;
use crate::codec::g711;
use crate::command::{Codec, Connect, Direction, Loading, Membership, RecordOrder, Source, Tone, Track};
use crate::detect::voice::VoiceOptions;
use crate::dtmf::Payload;
use crate::event::{RecordEnd, Stop};
use crate::rtp::{parse, Header};
use crate::tape::Format;
use crate::world::{Complete, FileWrite, Written};
use crate::TICK;
use offhook_netem::Line;
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

/// Files are written at once; random numbers count.
#[derive(Default)]
struct Memory {
    sent: Vec<(SessionId, SocketAddr, Vec<u8>)>,
    reports: Vec<Vec<u8>>,
    events: Vec<Event>,
    files: HashMap<u64, (u16, Vec<i16>, Written)>,
    finished: HashMap<u64, Vec<i16>>,
    random: u64,
}

impl World for Memory {
    fn rtp(&mut self, session: SessionId, to: SocketAddr, packet: &[u8]) {
        self.sent.push((session, to, packet.to_vec()));
    }
    fn rtcp(&mut self, _: SessionId, _: SocketAddr, packet: &[u8]) {
        self.reports.push(packet.to_vec());
    }
    fn emit(&mut self, event: Event) {
        self.events.push(event);
    }
    fn write(&mut self, write: FileWrite) -> bool {
        match write {
            FileWrite::Open {
                file, form, written, ..
            } => {
                self.files.insert(file, (form.channels, Vec::new(), written));
            }
            FileWrite::Append { file, samples, missing } => {
                let held = &mut self.files.get_mut(&file).expect("open").1;
                held.resize(held.len() + missing, 0);
                held.extend(samples);
            }
            FileWrite::Finish { file, keep } => {
                let (channels, mut samples, written) = self.files.remove(&file).expect("open");
                samples.truncate(keep as usize * usize::from(channels));
                let complete = Complete {
                    samples: samples.len() as u64 / u64::from(channels),
                    broken: None,
                };
                let _ = written.set(Ok(complete)); // unless a test broke it before
                self.finished.insert(file, samples);
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

const VOICE: VoiceOptions = VoiceOptions {
    level: -42.0,
    above_noise: 9.0,
    onset: 60,
    hangover: 300,
};

struct Scene {
    exchange: Exchange,
    world: Memory,
    now: Micros,
}

fn far(session: SessionId) -> SocketAddr {
    ([127, 0, 0, 1], 40_000 + session as u16).into()
}

fn loaded(sources: Vec<Source>) -> Loading {
    Arc::new(OnceLock::from(Ok(sources)))
}

fn tone(ms: u32) -> Order {
    let tone = Tone {
        frequencies: vec![600.0],
        on: ms,
        off: 0,
        repeat: 1,
        level: -10.0,
    };
    Order::Play {
        loading: loaded(vec![Source::Tone(tone)]),
        repeat: 1,
        offset: 0,
        gain: 0.0,
        stop_on: "5".into(),
        stop_on_voice: None,
    }
}

fn record(silence: u64, trim: bool) -> Order {
    let path = "memory".into();
    Order::Record(RecordOrder {
        path,
        format: Format::Wav,
        track: Track::Heard,
        channels: 1,
        rate: 0,
        goes_on: false,
        max_length: 60_000,
        silence,
        finish_on: "#".into(),
        beep: false,
        trim,
    })
}

impl Scene {
    fn new(sessions: u64) -> Self {
        let settings = Settings {
            jitter_least: 40,
            jitter_most: 200,
            rtp_timeout: 1000,
            keepalive: 0,
        };
        let mut scene = Self {
            exchange: Exchange::new(settings),
            world: Memory::default(),
            now: 0,
        };
        for session in 1..=sessions {
            scene.exchange.open(session, 0, &mut scene.world);
            scene.order(session, 1000 + session, Order::Connect(connect(session)));
        }
        scene.world.events.clear();
        scene
    }

    fn order(&mut self, session: SessionId, command: CommandId, order: Order) {
        self.exchange.order(session, command, order, self.now, &mut self.world);
    }

    fn receive(&mut self, session: SessionId, packet: &[u8]) {
        self.exchange
            .receive(session, &mut packet.to_vec(), far(session), self.now, &mut self.world);
    }

    fn tick(&mut self) {
        self.now += TICK;
        self.exchange.tick(self.now, &mut self.world);
    }

    fn says(&mut self, session: SessionId, n: u16, loud: bool) {
        self.receive(session, &audio(n, loud));
    }

    fn presses(&mut self, session: SessionId, n: u16, event: u8) {
        self.presses_as(101, session, n, event);
    }

    fn presses_as(&mut self, payload_type: u8, session: SessionId, n: u16, event: u8) {
        let header = Header {
            payload_type,
            ..header(n)
        };
        let payload = Payload {
            event,
            end: false,
            duration: 160,
        }
        .to_bytes();
        self.receive(session, &[&header.to_bytes()[..], &payload].concat());
    }
}

fn connect(session: SessionId) -> Connect {
    Connect {
        remote: far(session),
        codec: Codec::Pcmu,
        payload_type: 0,
        accepts: vec![(0, Codec::Pcmu)],
        dtmf: Some(101),
        dtmf_accepts: Some(101),
        inband_dtmf: false,
        dtmf_signalled: false,
        ptime: 20,
        dtmf_clock: 8000,
        opus: Default::default(),
        direction: Direction::SendRecv,
        unconfirmed_limit: 5,
        security: None,
        rtcp_mux: false,
        comfort_noise: None,
        peer: None,
    }
}

fn header(n: u16) -> Header {
    Header {
        marker: false,
        payload_type: 0,
        sequence: n,
        timestamp: u32::from(n) * 160,
        ssrc: 77,
    }
}

fn audio(n: u16, loud: bool) -> Vec<u8> {
    let level = if loud { 8000 } else { 0 };
    let samples: Vec<i16> = (0..160).map(|n| if n % 8 < 4 { level } else { -level }).collect();
    let mut codes = vec![0; 160];
    g711::encode(Codec::Pcmu, &samples, &mut codes);
    [&header(n).to_bytes()[..], &codes].concat()
}

#[test]
fn keys_are_understood_under_the_number_of_either_side_but_never_instead_of_audio() {
    for (sent, accepted, heard) in [
        (96, 101, [Some('1'), Some('2')]),
        (96, 96, [Some('1'), None]),
        (0, 101, [None, Some('2')]),
    ] {
        let mut scene = Scene::new(1);
        let connect = Connect {
            dtmf: Some(sent),
            dtmf_accepts: Some(accepted),
            inband_dtmf: false,
            dtmf_signalled: false,
            ..connect(1)
        };
        scene.order(1, 1, Order::Connect(connect));
        scene.world.events.clear();
        scene.presses_as(sent, 1, 10, 1);
        scene.presses_as(101, 1, 20, 2);
        let expected: Vec<Event> = heard.into_iter().flatten().map(|key| Event::Digit(1, key)).collect();
        assert_eq!(scene.world.events, expected, "{sent} {accepted}");
    }
}

#[test]
fn a_key_stops_the_prompt_that_listens_for_it() {
    let mut scene = Scene::new(1);
    scene.order(1, 1, tone(5000));
    for n in 0..10 {
        scene.says(1, n, false);
        scene.tick();
    }
    scene.presses(1, 10, 5);
    scene.tick();
    let played = Outcome::Played {
        duration: 200,
        stopped_by: Some(Stop::Key('5')),
    };
    assert_eq!(scene.world.events, [Event::Digit(1, '5'), Event::Finished(1, played)]);
    assert_eq!(scene.world.sent.len(), 10);
}

#[test]
fn an_address_that_never_sent_gets_a_bounded_number_of_packets() {
    let mut scene = Scene::new(1);
    scene.order(1, 1, tone(1000));
    (0..40).for_each(|_| scene.tick());
    assert_eq!(scene.world.sent.len(), 5);
    scene.says(1, 0, false);
    scene.tick();
    assert_eq!(scene.world.sent.len(), 6);
}

#[test]
fn silence_ends_a_recording_and_trimming_leaves_the_voice() {
    for (trim, expected) in [(false, 1040..=1100), (true, 480..=520)] {
        let mut scene = Scene::new(1);
        scene.order(1, 1, record(300, trim));
        for n in 0..60 {
            scene.says(1, n, (10..35).contains(&n));
            scene.tick();
        }
        let Some(Event::Finished(1, Outcome::Recorded { duration, end, .. })) = scene.world.events.first() else {
            panic!("{:?}", scene.world.events)
        };
        assert_eq!(*end, RecordEnd::Silence);
        // The first pause of 200 ms is too short to end it.
        assert!(expected.contains(duration), "{trim}: {duration}");
        assert_eq!(scene.world.finished[&1].len() as u64, duration * 8);
    }
}

#[test]
fn a_recording_over_a_bad_line_keeps_its_time() {
    let mut scene = Scene::new(1);
    scene.order(1, 1, record(0, false));
    let mut line = Line::new(3).delay(40_000).jitter(50_000).loss(50_000).reorder(20_000);
    for n in 0..500u16 {
        line.send(scene.now, audio(n, true));
        for packet in line.arrived(scene.now) {
            scene.receive(1, &packet);
        }
        scene.tick();
    }
    scene.presses(1, 500, 11);
    scene.tick();
    let samples = &scene.world.finished[&1];
    assert_eq!(samples.len(), 500 * 160);
    let loud = samples.iter().filter(|s| s.abs() > 1000).count();
    assert!(loud > 450 * 160, "{loud}");
    let statistics = {
        scene.order(1, 2, Order::Close);
        match scene.world.events.last() {
            Some(Event::Finished(2, Outcome::Closed(statistics))) => **statistics,
            other => panic!("{other:?}"),
        }
    };
    assert!((10..45).contains(&statistics.packets_lost), "{statistics:?}");
}

#[test]
fn a_bridge_relays_on_receipt_and_tells_loss_as_it_is() {
    let mut scene = Scene::new(2);
    scene.order(1, 1, Order::Bridge { with: 2 });
    scene.says(2, 500, false);
    scene.world.sent.clear();
    for n in [10, 11, 13, 14] {
        scene.says(1, n, true);
    }
    let sent: Vec<Header> = scene
        .world
        .sent
        .iter()
        .map(|(_, _, p)| parse(p).expect("ours").0)
        .collect();
    assert!(scene
        .world
        .sent
        .iter()
        .all(|(session, to, _)| *session == 2 && *to == far(2)));
    let steps: Vec<u16> = sent
        .windows(2)
        .map(|w| w[1].sequence.wrapping_sub(w[0].sequence))
        .collect();
    assert_eq!(steps, [1, 2, 1]);
}

#[test]
fn what_plays_is_heard_instead_of_the_bridge() {
    let mut scene = Scene::new(2);
    scene.order(1, 1, Order::Bridge { with: 2 });
    scene.says(2, 0, false);
    scene.order(2, 2, tone(100));
    scene.tick();
    scene.world.sent.clear();
    scene.says(1, 0, true);
    assert!(scene.world.sent.is_empty());
    (0..6).for_each(|_| scene.tick());
    scene.world.sent.clear();
    scene.says(1, 1, true);
    assert_eq!(scene.world.sent.len(), 1);
}

#[test]
fn a_silent_far_end_is_told_once_and_again_after_it_came_back() {
    let mut scene = Scene::new(1);
    (0..120).for_each(|_| scene.tick());
    scene.says(1, 0, true);
    (0..120).for_each(|_| scene.tick());
    let lost = scene
        .world
        .events
        .iter()
        .filter(|e| matches!(e, Event::RtpLost(1, _)))
        .count();
    assert_eq!(lost, 2);
}

#[test]
fn a_far_end_that_holds_us_in_silence_is_not_lost_until_it_comes_back() {
    let mut scene = Scene::new(1);
    let mut turned = |direction, command| {
        let connect = Connect {
            direction,
            ..connect(1)
        };
        scene.order(1, command, Order::Connect(connect));
        scene.world.events.clear();
        (0..120).for_each(|_| scene.tick());
        scene.world.events.iter().any(|e| matches!(e, Event::RtpLost(1, _)))
    };
    assert!(!turned(Direction::RecvOnly, 1));
    assert!(!turned(Direction::Inactive, 2));
    assert!(turned(Direction::SendRecv, 3));
}

#[test]
fn reports_are_sent_and_the_last_says_farewell() {
    let mut scene = Scene::new(1);
    scene.order(1, 1, tone(10_000));
    for n in 0..500 {
        scene.says(1, n, false);
        scene.tick();
    }
    assert!(
        (1..5).contains(&scene.world.reports.len()),
        "{}",
        scene.world.reports.len()
    );
    scene.order(1, 2, Order::Close);
    let last = scene.world.reports.last().expect("a report");
    assert_eq!((last[0], last[1]), (0x81, 200));
    assert!(last.windows(2).any(|w| w == [0x81, 203]));
}

fn any_order(kind: u8, file: bool) -> Order {
    match kind % 11 {
        0 => tone(60),
        1 => Order::Play {
            loading: Arc::new(OnceLock::from(Err("no".into()))),
            repeat: 1,
            offset: 0,
            gain: 0.0,
            stop_on: String::new(),
            stop_on_voice: file.then_some(VOICE),
        },
        2 => record(40, file),
        3 => Order::Bridge {
            with: u64::from(kind / 11 % 4),
        },
        9 => Order::Detect {
            voice: file.then_some(VOICE),
            silence: 40,
            tones: true,
        },
        4 => Order::Tap {
            inbound: file,
            outbound: true,
            rate: if file { 16_000 } else { 1 },
            chunk: 20,
            backlog: 2,
        },
        5 => Order::Inject {
            rate: 8000,
            backlog: 40,
        },
        6 => Order::Join {
            room: u64::from(kind / 11 % 2),
            membership: Membership::default(),
        },
        7 => Order::ChangeMember(Membership {
            muted: file,
            ..Membership::default()
        }),
        8 => Order::Digits {
            digits: if file { "1w#".into() } else { "x".into() },
            on: 40,
            off: 40,
        },
        _ => Order::Close,
    }
}

fn any_room_order(kind: u8, then: u8) -> RoomOrder {
    let tone = Tone {
        frequencies: vec![600.0],
        on: 50,
        off: 0,
        repeat: 1,
        level: -10.0,
    };
    if kind < 100 {
        return RoomOrder::Record { path: "memory".into() };
    }
    RoomOrder::Announce {
        loading: loaded(vec![Source::Tone(tone)]),
        repeat: u32::from(then),
    }
}

proptest! {
    #[test]
    fn every_command_ends_exactly_once(steps in proptest::collection::vec((any::<u8>(), 1u64..4, any::<bool>(), 0u8..4), 1..60)) {
        let mut scene = Scene::new(3);
        let mut count = 0;
        for (n, (kind, session, flag, then)) in steps.into_iter().enumerate() {
            count += 1;
            if kind % 11 == 10 && flag {
                let order = any_room_order(kind, then);
                scene.exchange.order_room(u64::from(kind / 11 % 2), count, order, &mut scene.world);
            } else {
                scene.order(session, count, any_order(kind, flag));
            }
            match then {
                0 => scene.tick(),
                1 => scene.order(session, 1 + u64::from(kind) % count, Order::Cancel),
                2 => scene.says(session, n as u16, flag),
                _ => scene.presses(session, n as u16 * 10, kind % 18),
            }
        }
        for session in 1..4 {
            count += 1;
            scene.order(session, count, Order::Close);
        }
        (0..10).for_each(|_| scene.tick());
        let mut ends = BTreeMap::new();
        for event in &scene.world.events {
            if let Event::Finished(id, _) | Event::Failed(id, _) | Event::Cancelled(id, _) = event {
                *ends.entry(*id).or_insert(0) += 1;
            }
        }
        let expected: BTreeMap<u64, i32> = (1..=count).map(|id| (id, 1)).collect();
        prop_assert_eq!(ends, expected);
        prop_assert!(scene.exchange.is_empty() && scene.world.files.is_empty());
    }
}

#[path = "exchange_srtp_tests.rs"]
mod srtp;

#[path = "exchange_recording_tests.rs"]
mod recording;

#[path = "exchange_codec_tests.rs"]
mod codecs;

#[path = "exchange_detect_tests.rs"]
mod detecting;
#[path = "exchange_room_tests.rs"]
mod rooms;

#[path = "exchange_line_tests.rs"]
mod line;
