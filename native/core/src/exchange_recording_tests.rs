//! What recordings of sessions hold: which side on which channel, at which rate, and what a pause leaves.

use super::*;
use crate::recorder::Pause;
use std::f64::consts::TAU;

fn order(change: impl FnOnce(&mut RecordOrder)) -> Order {
    let Order::Record(mut order) = record(0, false) else {
        unreachable!()
    };
    change(&mut order);
    Order::Record(order)
}

fn both(order: &mut RecordOrder) {
    (order.track, order.channels) = (Track::Both, 2);
}

/// A packet of 20 ms of a sine, at any rate of L16.
fn sine(n: u16, rate: u32, hertz: f64) -> Vec<u8> {
    let length = rate as usize / 50;
    let header = Header {
        payload_type: 96,
        timestamp: u32::from(n) * length as u32,
        ..header(n)
    };
    let mut packet = header.to_bytes().to_vec();
    for at in 0..length {
        let at = (usize::from(n) * length + at) as f64;
        let sample = (8000.0 * (TAU * hertz * at / f64::from(rate)).sin()) as i16;
        packet.extend_from_slice(&sample.to_be_bytes());
    }
    packet
}

fn speaks(scene: &mut Scene, session: SessionId, rate: u32) {
    let codec = Codec::L16(rate);
    let connect = Connect {
        codec,
        payload_type: 96,
        accepts: vec![(96, codec)],
        ..connect(session)
    };
    scene.order(session, 100 + session, Order::Connect(connect));
}

/// The peak of one frequency (Goertzel's algorithm).
fn level(samples: &[i16], rate: f64, hertz: f64) -> f64 {
    let turn = 2.0 * (TAU * hertz / rate).cos();
    let (mut before, mut last) = (0.0, 0.0);
    for sample in samples {
        (before, last) = (last, f64::from(*sample) + turn * last - before);
    }
    2.0 * (last * last + before * before - turn * last * before).max(0.0).sqrt() / samples.len().max(1) as f64
}

fn channel(samples: &[i16], index: usize) -> Vec<i16> {
    samples.iter().skip(index).step_by(2).copied().collect()
}

/// A scene in which 1 and 2 speak over a bridge for a second; 1 is recorded.
fn bridged(rates: [u32; 2], order: Order) -> Vec<i16> {
    let mut scene = Scene::new(2);
    speaks(&mut scene, 1, rates[0]);
    speaks(&mut scene, 2, rates[1]);
    scene.order(1, 1, Order::Bridge { with: 2 });
    scene.order(1, 2, order);
    for n in 0..50 {
        scene.receive(1, &sine(n, rates[0], 600.0));
        scene.receive(2, &sine(n, rates[1], 1000.0));
        scene.tick();
    }
    scene.order(1, 2, Order::Cancel);
    scene.world.finished.remove(&2).expect("a file")
}

#[test]
fn the_second_channel_is_what_the_far_end_hears_through_a_bridge() {
    // With and without conversion between the two, and narrow with wide.
    for (rates, rate) in [
        ([8000, 8000], 8000),
        ([16_000, 16_000], 16_000),
        ([16_000, 8000], 16_000),
        ([8000, 16_000], 8000),
    ] {
        let samples = bridged(rates, order(both));
        assert_eq!(samples.len(), 2 * rate);
        for (index, own, other) in [(0, 600.0, 1000.0), (1, 1000.0, 600.0)] {
            let heard = &channel(&samples, index)[rate / 4..];
            let hertz = rate as f64;
            assert!(
                level(heard, hertz, own) > 7000.0,
                "{rates:?} {index}: {}",
                level(heard, hertz, own)
            );
            assert!(level(heard, hertz, other) < 200.0, "{rates:?} {index}");
        }
    }
}

#[test]
fn one_channel_of_both_sides_is_their_sum_and_each_side_can_be_had_alone() {
    let heard = |track, hertz| {
        let samples = bridged([8000, 8000], order(|order| order.track = track));
        assert_eq!(samples.len(), 8000);
        level(&samples[2000..], 8000.0, hertz) > 7000.0
    };
    for (track, said, sent) in [
        (Track::Both, true, true),
        (Track::Heard, true, false),
        (Track::Sent, false, true),
    ] {
        assert_eq!((heard(track, 600.0), heard(track, 1000.0)), (said, sent), "{track:?}");
    }
}

#[test]
fn what_plays_is_on_the_second_channel_in_place_of_the_bridge() {
    let mut scene = Scene::new(2);
    scene.order(1, 1, Order::Bridge { with: 2 });
    scene.order(1, 2, order(both));
    scene.order(1, 3, tone(400));
    for n in 0..50 {
        scene.says(1, n, false);
        scene.says(2, n, true);
        scene.tick();
    }
    scene.order(1, 2, Order::Cancel);
    let sent = channel(&scene.world.finished[&2], 1);
    let (played, relayed) = (&sent[..3200], &sent[4000..]);
    assert!(level(played, 8000.0, 600.0) > 5000.0);
    assert!(level(relayed, 8000.0, 600.0) < 1000.0);
    assert!(relayed.iter().filter(|s| s.abs() > 1000).count() > 3000);
}

#[test]
fn several_recordings_of_one_session_begin_and_end_on_their_own() {
    let mut scene = Scene::new(1);
    scene.order(1, 1, record(0, false));
    for n in 0..50 {
        scene.says(1, n, true);
        if n == 10 {
            scene.order(1, 2, order(both));
        }
        if n == 40 {
            scene.order(1, 1, Order::Cancel);
        }
        scene.tick();
    }
    scene.order(1, 2, Order::Cancel);
    assert_eq!(scene.world.finished[&1].len(), 40 * 160);
    assert_eq!(scene.world.finished[&2].len(), 40 * 320);
}

#[test]
fn a_pause_leaves_out_its_time_or_leaves_silence() {
    for (pause, length, quiet) in [(Pause::Skip, 40, 0), (Pause::Silence, 60, 20)] {
        let mut scene = Scene::new(1);
        scene.order(1, 1, order(|order| (order.max_length, order.silence) = (1000, 300)));
        for n in 0..60 {
            scene.says(1, n, true);
            match n {
                15 => scene.order(1, 1, Order::Pause(Some(pause))),
                35 => scene.order(1, 1, Order::Pause(None)),
                _ => {}
            }
            scene.tick();
        }
        scene.order(1, 1, Order::Cancel);
        let samples = &scene.world.finished[&1];
        assert_eq!(samples.len() / 160, length.min(50), "{pause:?}");
        let silent = samples
            .chunks(160)
            .filter(|frame| frame.iter().all(|s| *s == 0))
            .count();
        // The jitter buffer is silent for its first two frames.
        assert!((quiet..=quiet + 3).contains(&silent), "{pause:?}: {silent}");
    }
}

#[test]
fn a_recording_whose_file_breaks_ends_and_the_session_goes_on() {
    let mut scene = Scene::new(1);
    scene.order(1, 1, record(0, false));
    (0..3).for_each(|_| scene.tick());
    let broken = Complete {
        samples: 160,
        broken: Some("the disk is full".into()),
    };
    scene.world.files[&1].2.set(Ok(broken)).expect("once");
    (0..2).for_each(|_| scene.tick());
    let recorded = Outcome::Recorded {
        path: "memory".into(),
        duration: 20,
        end: RecordEnd::Broken,
        key: None,
        reason: Some("the disk is full".into()),
    };
    assert_eq!(scene.world.events, [Event::Finished(1, recorded)]);
    scene.order(1, 2, tone(20));
    (0..3).for_each(|_| scene.tick());
    assert!(matches!(scene.world.events.last(), Some(Event::Finished(2, _))));
}
