//! The engine on real sockets: every command ends once, sessions that meet are brought together, panics stay inside.

use super::*;
use crate::loader::SourceOrder;
use offhook_media_core::command::{Codec, Connect, Direction, Tone};
use offhook_media_core::event::{Outcome, Stop};
use std::net::{SocketAddr, UdpSocket};

fn engine(shards: usize, low: u16) -> Engine {
    let settings = EngineSettings {
        port_low: low,
        port_high: low + 99,
        shards,
        prompt_cache: 1 << 20,
        streams: 4,
        sessions: Settings {
            jitter_least: 40,
            jitter_most: 200,
            rtp_timeout: 0,
            keepalive: 0,
        },
    };
    Engine::start(settings, None).expect("an engine")
}

fn wait(engine: &mut Engine, mut enough: impl FnMut(&[Notice]) -> bool) -> Vec<Notice> {
    let mut told = Vec::new();
    for _ in 0..1000 {
        told.extend(engine.drain());
        if enough(&told) {
            return told;
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    panic!("only {told:?}");
}

fn open(engine: &mut Engine, command: CommandId, session: SessionId) -> u16 {
    engine.open(command, session, "127.0.0.1", 0).expect("fresh");
    let told = wait(engine, |told| !told.is_empty());
    match &told[0] {
        Notice::Event(Event::Finished(_, Outcome::Opened { port, .. })) => *port,
        other => panic!("{other:?}"),
    }
}

fn connect(remote: SocketAddr) -> Order {
    Order::Connect(Connect {
        remote,
        codec: Codec::Pcmu,
        payload_type: 0,
        accepts: vec![(0, Codec::Pcmu)],
        dtmf: None,
        dtmf_accepts: None,
        inband_dtmf: false,
        dtmf_signalled: false,
        ptime: 20,
        dtmf_clock: 8000,
        opus: Default::default(),
        direction: Direction::SendRecv,
        unconfirmed_limit: 500,
        security: None,
        rtcp_mux: false,
        comfort_noise: None,
        peer: None,
    })
}

fn phone() -> UdpSocket {
    let socket = UdpSocket::bind("127.0.0.1:0").expect("a socket");
    socket
        .set_read_timeout(Some(Duration::from_secs(2)))
        .expect("a timeout");
    socket
}

#[test]
fn sessions_of_two_shards_are_brought_together_and_hear_each_other() {
    let mut engine = engine(2, 42_000);
    let ports = [open(&mut engine, 1, 1), open(&mut engine, 2, 2)];
    assert_ne!(engine.sessions[&1], engine.sessions[&2]);
    let phones = [phone(), phone()];
    for (n, phone) in phones.iter().enumerate() {
        let remote = phone.local_addr().expect("bound");
        engine
            .order(n as u64 + 1, n as u64 + 3, connect(remote))
            .expect("fresh");
    }
    engine.bridge(5, 1, 2).expect("fresh");
    wait(&mut engine, |told| told.len() == 2);
    assert_eq!(engine.sessions[&1], engine.sessions[&2]);
    let mut packet = vec![0x80, 0, 0, 1, 0, 0, 0, 160, 0, 0, 0, 9];
    packet.extend([0x42; 160]);
    let mut buffer = [0; 300];
    let mut heard = None;
    for _ in 0..100 {
        phones[0].send_to(&packet, ("127.0.0.1", ports[0])).expect("sent");
        phones[1]
            .set_read_timeout(Some(Duration::from_millis(20)))
            .expect("a timeout");
        if let Ok(length) = phones[1].recv(&mut buffer) {
            heard = Some(length);
            break;
        }
    }
    assert_eq!(heard, Some(172));
    assert_eq!(&buffer[12..172], &[0x42; 160]);
    engine.order(1, 6, Order::Close).expect("fresh");
    let told = wait(&mut engine, |told| told.len() == 2);
    assert_eq!(told[0], Notice::Event(Event::Cancelled(5, None)));
    assert!(matches!(told[1], Notice::Event(Event::Finished(6, Outcome::Closed(_)))));
}

fn playing(sources: Vec<PlaySource>) -> Play {
    Play {
        sources,
        repeat: 1,
        offset: 0,
        gain: 0.0,
        stop_on: String::new(),
        stop_on_voice: None,
    }
}

#[test]
fn what_is_supplied_is_heard_and_leaves_nothing_when_it_is_cancelled() {
    let mut engine = engine(1, 42_800);
    open(&mut engine, 1, 1);
    let ear = UdpSocket::bind("127.0.0.1:0").expect("a socket");
    engine
        .order(1, 2, connect(ear.local_addr().expect("bound")))
        .expect("fresh");
    let supplied = PlaySource::Supplied {
        stream: 9,
        name: "http://radio.example/".into(),
        stated: "audio/wav".into(),
    };
    engine.play(1, 3, playing(vec![supplied])).expect("fresh");
    let header =
        b"RIFF\xff\xff\xff\xffWAVEfmt \x10\0\0\0\x01\0\x01\0\x40\x1f\0\0\0\0\0\0\x02\0\x10\0data\xff\xff\xff\xff";
    engine.supply(9, Box::new(header.to_vec()), false);
    engine.supply(9, Box::new(vec![1; 16_000]), false);
    let mut packet = [0; 400];
    ear.set_read_timeout(Some(Duration::from_secs(5))).expect("a socket");
    for _ in 0..30 {
        ear.recv(&mut packet).expect("audio");
    }
    engine.cancel(3);
    let over = |told: &[Notice]| told.contains(&Notice::Wanted(3, 9, 0)) && told.len() >= 3;
    let told = wait(&mut engine, over);
    let cancelled =
        |notice: &Notice| matches!(notice, Notice::Event(Event::Cancelled(3, Some(Outcome::Played { .. }))));
    assert!(told.iter().any(cancelled), "{told:?}");
    engine.supply(9, Box::new(vec![1; 16_000]), true);
    assert!(engine.supplies.is_empty());
    engine.stop();
    assert!(engine.join(Duration::from_secs(5)));
}

#[test]
fn what_is_supplied_but_cannot_be_played_fails_by_its_name() {
    let mut engine = engine(1, 43_000);
    open(&mut engine, 1, 1);
    let ear = UdpSocket::bind("127.0.0.1:0").expect("a socket");
    engine
        .order(1, 2, connect(ear.local_addr().expect("bound")))
        .expect("fresh");
    for (command, repeat) in [(3, 1), (4, 0)] {
        let supplied = PlaySource::Supplied {
            stream: command,
            name: "http://a.example/".into(),
            stated: "audio/mpeg".into(),
        };
        let play = Play {
            repeat,
            ..playing(vec![supplied])
        };
        engine.play(1, command, play).expect("fresh");
        engine.supply(command, Box::new(b"<html>".to_vec()), true);
    }
    let failures = |told: &[Notice]| -> Vec<String> {
        let reason = |notice: &Notice| match notice {
            Notice::Event(Event::Failed(_, reason)) => Some(reason.clone()),
            _ => None,
        };
        told.iter().filter_map(reason).collect()
    };
    let told = failures(&wait(&mut engine, |told| failures(told).len() == 2));
    assert!(told[0].starts_with("cannot play http://a.example/: it is a web page or XML (stated to be audio/mpeg)"));
    assert_eq!(told[1], "what is supplied as it comes cannot be repeated");
}

/// Packets of audio that arrive until nothing comes for a while.
fn packets_until_silence(ear: &UdpSocket) -> usize {
    ear.set_read_timeout(Some(Duration::from_millis(300)))
        .expect("a socket");
    let mut packet = [0; 400];
    std::iter::from_fn(|| ear.recv(&mut packet).ok()).count()
}

#[test]
fn a_key_and_a_cancellation_stop_a_prompt_within_a_tick() {
    let mut engine = engine(1, 43_200);
    let port = open(&mut engine, 1, 1);
    let ear = UdpSocket::bind("127.0.0.1:0").expect("a socket");
    ear.connect(("127.0.0.1", port)).expect("an address");
    let Order::Connect(mut order) = connect(ear.local_addr().expect("bound")) else {
        unreachable!()
    };
    (order.dtmf, order.dtmf_accepts) = (Some(101), Some(101));
    engine.order(1, 2, Order::Connect(order)).expect("fresh");
    for command in [3, 4] {
        let tone = Tone {
            frequencies: vec![500.0],
            on: 60_000,
            off: 0,
            repeat: 1,
            level: -12.0,
        };
        let play = Play {
            stop_on: "5".into(),
            ..playing(vec![PlaySource::Ready(SourceOrder::Tone(tone))])
        };
        engine.play(1, command, play).expect("fresh");
        let mut packet = [0; 400];
        ear.set_read_timeout(Some(Duration::from_secs(5))).expect("a socket");
        for _ in 0..20 {
            ear.recv(&mut packet).expect("audio");
        }
        if command == 3 {
            // The key 5, at its beginning (RFC 4733 section 2.3).
            let key = [0x80, 0x80 | 101, 0, 1, 0, 0, 0, 1, 0, 0, 0, 9, 5, 10, 0, 160];
            ear.send(&key).expect("sent");
        } else {
            engine.cancel(command);
        }
        let more = packets_until_silence(&ear);
        assert!(more <= 3, "{more} packets after command {command} was to stop");
    }
    let keyed = |notice: &Notice| {
        matches!(
            notice,
            Notice::Event(Event::Finished(
                3,
                Outcome::Played {
                    stopped_by: Some(Stop::Key('5')),
                    ..
                }
            ))
        )
    };
    let told = wait(&mut engine, |told| {
        told.iter()
            .any(|notice| matches!(notice, Notice::Event(Event::Cancelled(4, _))))
    });
    assert!(told.iter().any(keyed), "{told:?}");
}

#[test]
fn a_room_gathers_its_members_in_one_shard_and_is_gone_with_the_last() {
    let mut engine = engine(2, 42_800);
    (1..=4).for_each(|n| {
        open(&mut engine, n, n);
    });
    let member = Membership::default();
    (1..=3).for_each(|n| engine.join_room(10 + n, n, 7, member).expect("fresh"));
    let shard = engine.sessions[&1];
    assert!((1..=3).all(|n| engine.sessions[&n] == shard));
    assert_ne!(engine.sessions[&4], shard);
    engine.bridge(20, 4, 1).expect("fresh");
    engine
        .announce(7, 30, vec![PlaySource::Ready(SourceOrder::Silence(60_000))], 1)
        .expect("fresh");
    engine
        .announce(8, 31, vec![PlaySource::Ready(SourceOrder::Silence(60_000))], 1)
        .expect("fresh");
    let told = wait(&mut engine, |told| told.len() == 2);
    assert!(told.contains(&Notice::Event(Event::Failed(31, "nobody is in room 8".into()))));
    assert!(told.contains(&Notice::Event(Event::Failed(
        20,
        "media session 1 is in a room already".into()
    ))));
    engine.cancel(11);
    engine.cancel(12);
    engine.order(3, 40, Order::Close).expect("fresh");
    let told = wait(&mut engine, |told| told.len() == 5);
    assert!(matches!(told[2], Notice::Event(Event::Cancelled(30, Some(_)))));
    assert!(matches!(told[4], Notice::Event(Event::Finished(40, _))));
    assert!(engine.rooms.is_empty() && engine.joins.is_empty());
    assert_eq!(engine.pending(), 0);
}

#[test]
fn a_shard_that_falls_over_fails_its_commands_once_and_serves_new_sessions() {
    let mut engine = engine(1, 42_200);
    open(&mut engine, 1, 1);
    engine
        .play(1, 2, playing(vec![PlaySource::Ready(SourceOrder::Silence(60_000))]))
        .expect("fresh");
    engine.fault(0);
    let told = wait(&mut engine, |told| told.len() >= 2);
    assert!(matches!(&told[0], Notice::ShardLost(0, reason) if reason == "ordered to"));
    assert!(matches!(&told[1], Notice::Event(Event::Failed(2, _))));
    engine.order(1, 3, Order::Close).expect("fresh");
    let told = wait(&mut engine, |told| !told.is_empty());
    assert!(matches!(&told[0], Notice::Event(Event::Failed(3, _))));
    open(&mut engine, 4, 2);
    assert_eq!(engine.pending(), 0);
}

#[test]
fn a_command_that_is_at_work_cannot_be_given_again() {
    let mut engine = engine(1, 42_400);
    open(&mut engine, 1, 1);
    engine
        .play(1, 2, playing(vec![PlaySource::Ready(SourceOrder::Silence(60_000))]))
        .expect("fresh");
    assert_eq!(engine.order(1, 2, Order::Close), Err(Misuse::CommandInUse(2)));
    assert_eq!(engine.open(3, 1, "127.0.0.1", 0), Err(Misuse::SessionInUse(1)));
}

#[test]
fn all_threads_end_when_told_to() {
    let mut engine = engine(2, 42_600);
    open(&mut engine, 1, 1);
    engine.stop();
    assert!(engine.join(Duration::from_secs(1)));
}
