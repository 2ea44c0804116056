//! The engine on real sockets: every command ends once, sessions that meet are brought together, panics stay inside.

use super::*;
use offhook_media_core::command::{Codec, Connect, Direction};
use offhook_media_core::event::Outcome;
use std::net::{SocketAddr, UdpSocket};

fn engine(shards: usize, low: u16) -> Engine {
    Engine::start(EngineSettings {
        port_low: low,
        port_high: low + 99,
        shards,
        prompt_cache: 1 << 20,
        sessions: Settings {
            jitter_least: 40,
            jitter_most: 200,
            rtp_timeout: 0,
            keepalive: 0,
        },
    })
    .expect("an engine")
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
    engine.bridge(5, 1, 2, None).expect("fresh");
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
    engine.bridge(20, 4, 1, None).expect("fresh");
    engine
        .announce(7, 30, vec![SourceOrder::Silence(60_000)], 1)
        .expect("fresh");
    engine
        .announce(8, 31, vec![SourceOrder::Silence(60_000)], 1)
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
    let silence = vec![SourceOrder::Silence(60_000)];
    engine.play(1, 2, silence, 1, String::new(), None).expect("fresh");
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
        .play(1, 2, vec![SourceOrder::Silence(60_000)], 1, String::new(), None)
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
