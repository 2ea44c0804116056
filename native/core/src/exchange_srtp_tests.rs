//! Sessions whose packets are enciphered, among others.

use super::*;
use crate::srtp::{Inbound, MasterKey, Outbound, Security, Suite};

fn key(fill: u8) -> MasterKey {
    let suite = Suite::AesCm128Sha1_80;
    MasterKey::new(suite, vec![fill; 30]).expect("a key")
}

fn secured(session: SessionId, ours: u8, theirs: u8) -> Order {
    let security = Security {
        sends: key(ours),
        receives: key(theirs),
    };
    Order::Connect(Connect {
        security: Some(Box::new(security)),
        rtcp_mux: false,
        comfort_noise: None,
        ..connect(session)
    })
}

fn bridged() -> Scene {
    let mut scene = Scene::new(2);
    scene.order(1, 1, secured(1, 10, 20));
    let bridge = Order::Bridge { with: 2 };
    scene.order(1, 2, bridge);
    scene
}

#[test]
fn a_bridge_carries_audio_between_an_enciphered_and_a_plain_end() {
    let mut scene = bridged();
    let (mut phone, mut ear) = (Outbound::new(key(20)), Inbound::new(key(10)));
    for n in 0..10 {
        let sealed = phone.rtp(&audio(n, true)).expect("sealed").to_vec();
        scene.receive(1, &sealed);
        scene.says(2, n, true);
    }
    let mut heard = [0; 3];
    for (session, _, packet) in &scene.world.sent {
        let mut packet = packet.clone();
        let plain = if *session == 1 {
            ear.rtp(&mut packet).expect("genuine").to_vec()
        } else {
            packet
        };
        assert_eq!(parse(&plain).expect("ours").1, &audio(0, true)[12..]);
        heard[*session as usize] += 1;
    }
    assert_eq!(heard, [0, 10, 10]);
}

#[test]
fn what_is_not_genuine_is_not_heard_and_moves_nothing() {
    let mut scene = bridged();
    scene.says(1, 0, true);
    let sealed = Outbound::new(key(99)).rtp(&audio(1, true)).expect("sealed").to_vec();
    scene.receive(1, &sealed);
    scene.presses(1, 2, 5);
    assert!(scene.world.sent.is_empty());
    assert!(!scene.world.events.iter().any(|e| matches!(e, Event::Digit(..))));
    let sealed = Outbound::new(key(20)).rtp(&audio(3, true)).expect("sealed").to_vec();
    scene
        .exchange
        .receive(1, &mut sealed.clone(), far(9), 0, &mut scene.world);
    scene.says(2, 0, true);
    let to_caller = scene.world.sent.iter().find(|(session, ..)| *session == 1);
    assert_eq!(
        to_caller.map(|(_, to, _)| *to),
        Some(far(9)),
        "only a genuine packet latches"
    );
}

#[test]
fn a_key_that_is_named_again_goes_on_and_a_new_one_starts_afresh() {
    let mut scene = bridged();
    let (mut phone, mut ear) = (Outbound::new(key(20)), Inbound::new(key(10)));
    let first = phone.rtp(&audio(0, true)).expect("sealed").to_vec();
    scene.receive(1, &first);
    scene.says(2, 0, true);
    scene.order(1, 3, secured(1, 10, 20));
    scene.receive(1, &first);
    scene.says(2, 1, true);
    let to = |scene: &Scene, session| {
        let packets = scene.world.sent.iter().filter(|(to, ..)| *to == session);
        packets.map(|(_, _, packet)| packet.clone()).collect::<Vec<_>>()
    };
    assert_eq!(
        to(&scene, 2).len(),
        1,
        "a replay after the second agreement is one still"
    );
    assert!(to(&scene, 1).iter_mut().all(|packet| ear.rtp(packet).is_some()));
    scene.order(1, 4, secured(1, 11, 21));
    let mut phone = Outbound::new(key(21));
    scene.receive(1, phone.rtp(&audio(0, true)).expect("sealed"));
    scene.says(2, 2, true);
    assert_eq!(to(&scene, 2).len(), 2);
    let mut last = to(&scene, 1).pop().expect("a packet");
    assert!(Inbound::new(key(11)).rtp(&mut last).is_some());
}

#[test]
fn reports_are_enciphered_too() {
    let mut scene = Scene::new(1);
    scene.order(1, 1, secured(1, 10, 20));
    let sealed = Outbound::new(key(20)).rtp(&audio(0, true)).expect("sealed").to_vec();
    scene.receive(1, &sealed);
    scene.order(1, 2, tone(60_000));
    (0..400).for_each(|_| scene.tick());
    let mut ear = Inbound::new(key(10));
    assert!(!scene.world.reports.is_empty());
    for mut report in scene.world.reports {
        assert_eq!(ear.rtcp(&mut report).map(|plain| plain[1]), Some(200));
    }
}
