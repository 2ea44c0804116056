//! What the line of a session is like: reports, figures, silence that is not sent, and strangers who try to be heard.

use super::*;
use crate::event::Statistics;
use crate::rtcp::{report, Reception, Sent};
use crate::rtp;

fn measured(scene: &mut Scene, session: SessionId) -> Statistics {
    scene.order(session, 900, Order::Measure);
    match scene.world.events.pop() {
        Some(Event::Finished(900, Outcome::Measured(statistics))) => *statistics,
        other => panic!("{other:?}"),
    }
}

// What a far end says of our stream, of which it missed every fourth packet.
fn complaint(scene: &Scene) -> Vec<u8> {
    let mut reception = Reception::default();
    for (n, (_, _, packet)) in scene.world.sent.iter().enumerate().filter(|(n, _)| n % 4 != 1) {
        reception.receive(&parse(packet).expect("ours").0, n as u64 * TICK, Some(8000));
    }
    let sent = Sent {
        ssrc: 77,
        packets: 50,
        octets: 8000,
        timestamp: 0,
        ntp: 1 << 32,
    };
    report(sent, &mut reception, scene.now, false)
}

#[test]
fn reports_are_taken_on_the_port_of_rtp_where_that_is_agreed_on() {
    for rtcp_mux in [true, false] {
        let mut scene = Scene::new(1);
        let connect = Connect { rtcp_mux, ..connect(1) };
        scene.order(1, 1, Order::Connect(connect));
        scene.order(1, 2, tone(20_000));
        for n in 0..400 {
            scene.says(1, n, true);
            scene.tick();
        }
        let own = scene.world.sent.iter().filter(|(_, _, packet)| rtp::is_rtcp(packet));
        assert_eq!(own.count() > 0, rtcp_mux);
        assert_eq!(scene.world.reports.is_empty(), rtcp_mux);
        scene.world.sent.retain(|(_, _, packet)| !rtp::is_rtcp(packet));
        let told = complaint(&scene);
        scene.receive(1, &told);
        let seen = measured(&mut scene, 1);
        assert_eq!(seen.far_lost, rtcp_mux.then_some(100));
        assert_eq!(seen.far_r_factor.is_some(), rtcp_mux);
    }
}

#[test]
fn figures_tell_of_both_ends() {
    let mut scene = Scene::new(1);
    let empty = measured(&mut scene, 1);
    assert_eq!(
        (empty.codec_sent, empty.codec_received, empty.r_factor),
        (Some(Codec::Pcmu), None, None)
    );
    scene.order(1, 1, record(0, false));
    let mut line = Line::new(4).delay(20_000).jitter(30_000).loss(50_000);
    for n in 0..1500u16 {
        // A clock that is 500 ppm fast.
        line.send(scene.now - u64::from(n) * 10 + 15_000, audio(n, true));
        for _ in 0..20 {
            scene.now += TICK / 20;
            for packet in line.arrived(scene.now) {
                scene.receive(1, &packet);
            }
        }
        scene.exchange.tick(scene.now, &mut scene.world);
    }
    let seen = measured(&mut scene, 1);
    assert!((50..100).contains(&seen.packets_lost), "{seen:?}");
    assert!((900..2500).contains(&seen.concealed), "{seen:?}");
    assert!((45..110).contains(&seen.delay) && seen.jitter > 2.0, "{seen:?}");
    assert!((300.0..700.0).contains(&seen.drift.expect("30 s")), "{seen:?}");
    assert!((70.0..85.0).contains(&seen.r_factor.expect("heard")), "{seen:?}");
}

#[test]
fn silence_passes_as_its_far_end_told_it_where_both_know_how() {
    for (theirs, passed) in [(Some(13), 1), (None, 0)] {
        let mut scene = Scene::new(2);
        for (session, comfort_noise) in [(1, Some(13)), (2, theirs)] {
            let connect = Connect {
                comfort_noise,
                ..connect(session)
            };
            scene.order(session, 10 + session, Order::Connect(connect));
        }
        let bridge = Order::Bridge { with: 2 };
        scene.order(1, 1, bridge);
        scene.says(2, 0, true);
        scene.says(1, 0, true);
        scene.world.sent.clear();
        let header = Header {
            payload_type: 13,
            ..header(1)
        };
        scene.receive(1, &[&header.to_bytes()[..], &[50]].concat());
        let noise = scene
            .world
            .sent
            .iter()
            .filter(|(to, _, packet)| *to == 2 && packet[1] == 13);
        assert_eq!(noise.count(), passed, "{theirs:?}");
    }
}

#[test]
fn a_stranger_beside_the_far_end_is_neither_heard_nor_answered() {
    let mut scene = Scene::new(1);
    scene.order(1, 1, record(0, false));
    scene.order(1, 2, tone(60_000));
    let strange: SocketAddr = ([127, 0, 0, 1], 50_666).into();
    for n in 0..200u16 {
        scene.says(1, n, false);
        for (ssrc, sequence, source) in [(77, n + 1, strange), (5, n, strange), (6, n * 7, far(1))] {
            let forged = Header {
                ssrc,
                sequence,
                ..header(n + 1)
            };
            let mut packet = [&forged.to_bytes()[..], &audio(n, true)[12..]].concat();
            scene
                .exchange
                .receive(1, &mut packet, source, scene.now, &mut scene.world);
        }
        scene.tick();
    }
    assert!(scene.world.sent.iter().all(|(_, to, _)| *to == far(1)));
    let seen = measured(&mut scene, 1);
    assert_eq!((seen.packets_received, seen.packets_refused), (200, 600));
    scene.order(1, 3, Order::Close);
    scene.tick();
    let tape = scene.world.finished.values().next().expect("a recording");
    assert!(tape.iter().all(|sample| sample.abs() < 100), "only silence was said");
}

#[test]
fn a_far_end_whose_address_translator_changed_its_mind_is_found_again() {
    let mut scene = Scene::new(1);
    scene.order(1, 1, tone(60_000));
    let moved: SocketAddr = ([127, 0, 0, 1], 50_001).into();
    for n in 0..100u16 {
        let source = if n < 50 { far(1) } else { moved };
        let mut packet = audio(n, true);
        scene
            .exchange
            .receive(1, &mut packet, source, scene.now, &mut scene.world);
        scene.tick();
    }
    let late = scene.world.sent.iter().rev().take(40);
    assert!(late.clone().count() == 40 && late.clone().all(|(_, to, _)| *to == moved));
}
