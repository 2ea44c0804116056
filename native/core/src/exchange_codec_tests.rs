//! Bridges between far ends that speak different codecs.

use super::*;
use crate::codec::{opus, Decoder, Encoder};
use std::f64::consts::TAU;

// A far end that says a sine and remembers what it hears.
pub(super) struct Phone {
    session: SessionId,
    codec: Codec,
    encoder: Encoder,
    decoder: Decoder,
    hertz: f64,
    pub(super) peak: f64,
    said: usize,
    packets: u16,
    pub(super) heard: Vec<i16>,
}

impl Phone {
    pub(super) fn new(scene: &mut Scene, session: SessionId, codec: Codec, hertz: f64) -> Self {
        let connect = Connect {
            codec,
            payload_type: 96,
            accepts: vec![(96, codec)],
            dtmf_clock: codec.clock().max(8000),
            unconfirmed_limit: 10_000,
            ..connect(session)
        };
        scene.order(session, 100 + session, Order::Connect(connect));
        Self {
            session,
            codec,
            encoder: Encoder::new(codec, opus::Options::default()),
            decoder: Decoder::new(codec),
            hertz,
            peak: 8000.0,
            said: 0,
            packets: 0,
            heard: Vec::new(),
        }
    }

    pub(super) fn says(&mut self, scene: &mut Scene, ms: u32) {
        let (rate, length) = (f64::from(self.codec.rate()), (self.codec.rate() * ms / 1000) as usize);
        let sample = |n: usize| (self.peak * (TAU * self.hertz * n as f64 / rate).sin()) as i16;
        let samples: Vec<i16> = (self.said..self.said + length).map(sample).collect();
        let header = Header {
            payload_type: 96,
            timestamp: self.codec.ticks(self.said),
            ..header(self.packets)
        };
        let mut payload = [0; 1400];
        let bytes = self.encoder.encode(&samples, &mut payload);
        scene.receive(self.session, &[&header.to_bytes()[..], &payload[..bytes]].concat());
        self.said += length;
        self.packets += 1;
    }

    pub(super) fn hears(&mut self, scene: &Scene) {
        for (_, _, packet) in scene.world.sent.iter().filter(|(to, ..)| *to == self.session) {
            let (header, payload) = parse(packet).expect("ours");
            if header.payload_type == 96 {
                self.decoder.decode(payload, &mut self.heard);
            }
        }
    }

    // Goertzel's algorithm over the last half second: the peak of one frequency.
    pub(super) fn level(&self, hertz: f64) -> f64 {
        let rate = f64::from(self.codec.rate());
        let samples = &self.heard[self.heard.len() - self.codec.rate() as usize / 2..];
        let turn = 2.0 * (TAU * hertz / rate).cos();
        let (mut before, mut last) = (0.0, 0.0);
        for sample in samples {
            (before, last) = (last, f64::from(*sample) + turn * last - before);
        }
        2.0 * (last * last + before * before - turn * last * before).max(0.0).sqrt() / samples.len() as f64
    }
}

fn bridged(one: (Codec, f64), other: (Codec, f64), ms: u32) -> (Phone, Phone, Scene) {
    let mut scene = Scene::new(2);
    let mut ann = Phone::new(&mut scene, 1, one.0, one.1);
    let mut bob = Phone::new(&mut scene, 2, other.0, other.1);
    let bridge = Order::Bridge { with: 2 };
    scene.order(1, 1, bridge);
    for _ in 0..60 {
        for _ in 0..20 / ms {
            ann.says(&mut scene, ms);
            bob.says(&mut scene, ms);
        }
        scene.tick();
    }
    ann.hears(&scene);
    bob.hears(&scene);
    (ann, bob, scene)
}

#[test]
fn every_pair_of_codecs_hears_each_other_at_level_and_frequency() {
    for (name, one) in Codec::NAMED {
        for (other_name, other) in Codec::NAMED {
            let (ann, bob, _) = bridged((one, 600.0), (other, 1100.0), 10);
            for (phone, wanted, own) in [(&ann, 1100.0, 600.0), (&bob, 600.0, 1100.0)] {
                let level = phone.level(wanted);
                assert!((6400.0..9200.0).contains(&level), "{name} {other_name}: {level:.0}");
                assert!(phone.level(own) < 400.0, "{name} {other_name}");
            }
        }
    }
}

#[test]
fn what_both_ends_can_carry_is_not_cut_to_telephone_bandwidth() {
    let wide = [Codec::G722, Codec::Opus, Codec::L16(16_000), Codec::L16(48_000)];
    for one in wide {
        for other in wide {
            let (ann, _, _) = bridged((one, 600.0), (other, 6000.0), 10);
            assert!(
                ann.level(6000.0) > 4000.0,
                "{one:?} {other:?}: {:.0}",
                ann.level(6000.0)
            );
        }
        let (_, bob, _) = bridged((one, 6000.0), (Codec::Pcmu, 600.0), 10);
        assert!(
            bob.level(2000.0) < 300.0,
            "{one:?}: what a narrow line cannot carry must not fold into it"
        );
    }
}

#[test]
fn packets_of_one_codec_pass_as_they_are() {
    let (_, _, scene) = bridged((Codec::Opus, 600.0), (Codec::Opus, 900.0), 20);
    let mut encoder = Encoder::new(Codec::Opus, opus::Options::default());
    let first: Vec<i16> = (0..960)
        .map(|n| (8000.0 * (TAU * 600.0 * f64::from(n) / 48_000.0).sin()) as i16)
        .collect();
    let mut payload = [0; 1400];
    let bytes = encoder.encode(&first, &mut payload);
    let packets: Vec<&[u8]> = scene
        .world
        .sent
        .iter()
        .filter(|(to, ..)| *to == 2)
        .map(|(_, _, p)| &p[12..])
        .collect();
    assert!(packets.len() >= 58);
    assert!(packets.contains(&&payload[..bytes]));
}

#[test]
fn keys_cross_between_clocks() {
    for (one, other) in [(Codec::Opus, Codec::Pcmu), (Codec::Pcmu, Codec::Opus)] {
        let (_, _, mut scene) = bridged((one, 600.0), (other, 900.0), 20);
        scene.world.sent.clear();
        scene.presses(1, 100, 7);
        (0..20).for_each(|_| scene.tick());
        let mut events = scene.world.sent.iter().filter_map(|(to, _, packet)| {
            let (header, payload) = parse(packet).ok()?;
            (*to == 2 && header.payload_type == 101)
                .then(|| Payload::parse(payload))
                .flatten()
        });
        let last = events.next_back().expect("an event");
        assert_eq!((last.event, last.end), (7, true));
        assert_eq!(u32::from(last.duration), other.clock() / 10);
    }
}
