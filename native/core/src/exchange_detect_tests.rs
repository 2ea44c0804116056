//! What sessions make of what they hear: keys as tones over bridges, and voices that stop prompts.

use super::*;
use crate::codec::{opus, Encoder};
use crate::detect::testing::{mix, noise, sines, speech};
use crate::resample::resample;
use crate::FRAME;
use crate::RATE;

// A far end that says samples of 8 kHz, 20 ms at a time.
struct Speaker {
    session: SessionId,
    codec: Codec,
    encoder: Encoder,
    sound: Vec<i16>,
    packets: u16,
}

impl Speaker {
    fn new(scene: &mut Scene, session: SessionId, codec: Codec, inband: bool) -> Self {
        let dtmf = (!inband).then_some(101);
        let connect = Connect {
            codec,
            payload_type: 96,
            accepts: vec![(96, codec)],
            dtmf,
            dtmf_accepts: dtmf,
            inband_dtmf: inband,
            unconfirmed_limit: 1000,
            ..connect(session)
        };
        scene.order(session, 100 + session, Order::Connect(connect));
        scene.world.events.clear();
        Self {
            session,
            codec,
            encoder: Encoder::new(codec, opus::Options::default()),
            sound: Vec::new(),
            packets: 0,
        }
    }

    fn will_say(&mut self, sound: &[i16]) {
        self.sound = resample(sound, RATE, self.codec.rate()).expect("a rate");
    }

    fn packet(&mut self) -> Vec<u8> {
        let length = self.codec.frame();
        let mut frame: Vec<i16> = self.sound.drain(..length.min(self.sound.len())).collect();
        frame.resize(length, 0);
        let header = Header {
            payload_type: 96,
            timestamp: u32::from(self.packets) * self.codec.ticks(length),
            ssrc: 70 + self.session as u32,
            ..header(self.packets)
        };
        self.packets += 1;
        let mut payload = [0; 2000];
        let bytes = self.encoder.encode(&frame, &mut payload);
        [&header.to_bytes()[..], &payload[..bytes]].concat()
    }

    fn says(&mut self, scene: &mut Scene) {
        let packet = self.packet();
        scene.receive(self.session, &packet);
    }
}

fn key_tones(low: f64, high: f64, ms: u32) -> Vec<i16> {
    [
        sines(&[], 200),
        sines(&[(low, -10.0), (high, -10.0)], ms),
        sines(&[], 400),
    ]
    .concat()
}

fn keys_sent(scene: &Scene, session: SessionId) -> String {
    let mut receiver = crate::dtmf::DigitReceiver::default();
    let packets = scene.world.sent.iter().filter(|(to, ..)| *to == session);
    let headers = packets.filter_map(|(_, _, packet)| parse(packet).ok());
    let events = headers.filter(|(header, _)| header.payload_type == 101);
    events
        .filter_map(|(header, payload)| receiver.receive(header.ssrc, header.timestamp, payload))
        .collect()
}

#[test]
fn a_key_as_a_tone_reaches_the_other_end_of_a_bridge_as_an_event_and_is_hardly_heard_there() {
    for (from, to) in [
        (Codec::Pcmu, Codec::Pcmu),
        (Codec::Pcmu, Codec::Opus),
        (Codec::Opus, Codec::Pcma),
        (Codec::G722, Codec::Pcmu),
    ] {
        let mut scene = Scene::new(2);
        let mut presses = Speaker::new(&mut scene, 1, from, true);
        let mut listens = Speaker::new(&mut scene, 2, to, false);
        let with = Order::Bridge { with: 2 };
        scene.order(1, 1, with);
        presses.will_say(&key_tones(852.0, 1336.0, 400));
        let mut silent = 0;
        for _ in 0..55 {
            presses.says(&mut scene);
            listens.says(&mut scene);
            let before = scene.world.sent.len();
            scene.tick();
            let audio = scene.world.sent[before..]
                .iter()
                .filter(|(to, _, packet)| *to == 2 && packet[1] & 127 == 96);
            silent += usize::from(audio.count() == 0);
        }
        assert_eq!(scene.world.events, [Event::Digit(1, '8')], "{from:?} {to:?}");
        assert_eq!(keys_sent(&scene, 2), "8", "{from:?} {to:?}");
        // The key of 400 ms is kept from who hears it as an event, from its recognition on.
        assert!(silent >= 15, "{from:?} {to:?}: {silent}");
    }
}

#[test]
fn a_key_that_comes_as_an_event_and_as_a_tone_is_told_once() {
    let mut scene = Scene::new(1);
    let both = Connect {
        inband_dtmf: true,
        ..connect(1)
    };
    scene.order(1, 1, Order::Connect(both));
    scene.world.events.clear();
    let sound = [key_tones(770.0, 1336.0, 100), key_tones(770.0, 1336.0, 100)].concat();
    for (n, frame) in sound.chunks_exact(FRAME).enumerate() {
        let mut codes = vec![0; FRAME];
        g711::encode(Codec::Pcmu, frame, &mut codes);
        scene.receive(1, &[&header(n as u16).to_bytes()[..], &codes].concat());
        if [10, 45].contains(&n) {
            scene.presses(1, n as u16, 5);
        }
        scene.tick();
    }
    assert_eq!(scene.world.events, [Event::Digit(1, '5'), Event::Digit(1, '5')]);
}

#[test]
fn a_far_end_whose_keys_go_by_signalling_gets_none_from_a_bridge_and_hears_no_tone_of_them() {
    let mut scene = Scene::new(2);
    let mut presses = Speaker::new(&mut scene, 1, Codec::Pcmu, true);
    let signalled = Connect {
        payload_type: 96,
        accepts: vec![(96, Codec::Pcmu)],
        dtmf_signalled: true,
        unconfirmed_limit: 1000,
        ..connect(2)
    };
    scene.order(2, 1, Order::Connect(signalled));
    let with = Order::Bridge { with: 2 };
    scene.order(1, 2, with);
    presses.will_say(&key_tones(852.0, 1336.0, 400));
    let mut heard = 0;
    for _ in 0..50 {
        presses.says(&mut scene);
        scene.tick();
    }
    for (_, _, packet) in scene.world.sent.iter().filter(|(to, ..)| *to == 2) {
        let mut samples = vec![0; FRAME];
        g711::decode(Codec::Pcmu, &packet[12..], &mut samples);
        heard += usize::from(samples.iter().any(|s| s.abs() > 2000));
    }
    assert_eq!(keys_sent(&scene, 2), "");
    assert!(heard <= 6, "{heard} of 20 packets of the key were heard");
    scene.presses_as(101, 1, 400, 5);
    scene.tick();
    assert_eq!(keys_sent(&scene, 2), "");
}

// What a caller says while a prompt is played: when its voice begins, in ms, and when the last packet of the prompt left.
fn barge_in(voice: &[i16], hiss: f64, line: Line, seed: u64) -> (Option<u64>, Vec<Event>) {
    let mut scene = Scene::new(1);
    let mut caller = Speaker::new(&mut scene, 1, Codec::Pcmu, false);
    let prompt = Order::Play {
        loading: loaded(vec![Source::Tone(Tone {
            frequencies: vec![600.0, 970.0],
            on: 30_000,
            off: 0,
            repeat: 1,
            level: -16.0,
        })]),
        repeat: 1,
        offset: 0,
        gain: 0.0,
        stop_on: String::new(),
        stop_on_voice: Some(VOICE),
    };
    let mut sound = [sines(&[], 1000), voice.to_vec(), sines(&[], 1000)].concat();
    let hiss = noise(hiss, sound.len(), seed);
    mix(&mut sound, &hiss);
    let ticks = sound.len() / FRAME;
    caller.will_say(&sound);
    scene.order(1, 1, prompt);
    let (mut line, mut last) = (line, None);
    for _ in 0..ticks {
        line.send(scene.now, caller.packet());
        for packet in line.arrived(scene.now) {
            scene.receive(1, &packet);
        }
        let before = scene.world.sent.len();
        scene.tick();
        if scene.world.sent.len() > before {
            last = Some(scene.now / 1000);
        }
        let decided = scene
            .world
            .events
            .iter()
            .any(|event| matches!(event, Event::Finished(1, _)));
        // Not one packet leaves once the decision has been taken.
        assert!(!decided || scene.world.sent.len() == before || last < Some(scene.now / 1000));
    }
    (last, scene.world.events)
}

fn onset(samples: &[i16]) -> u64 {
    let power = |s: &[i16]| s.iter().map(|s| f64::from(*s).powi(2)).sum::<f64>();
    let loudest = samples.chunks(80).map(power).fold(0.0, f64::max);
    samples.chunks(80).position(|s| power(s) > loudest / 100.0).unwrap_or(0) as u64 * 10
}

#[test]
fn a_voice_silences_the_prompt_within_a_quarter_of_a_second_on_clean_and_on_bad_lines() {
    let mut delays = Vec::new();
    for (n, (name, samples)) in speech().into_iter().enumerate() {
        for (hiss, jitter) in [(-72.0, 0), (-50.0, 20_000)] {
            let line = Line::new(n as u64)
                .jitter(jitter)
                .loss(if jitter > 0 { 10_000 } else { 0 });
            let (last, events) = barge_in(&samples, hiss, line, n as u64);
            let stopped = matches!(
                events.last(),
                Some(Event::Finished(
                    1,
                    Outcome::Played {
                        stopped_by: Some(Stop::Voice),
                        ..
                    }
                ))
            );
            assert!(stopped, "{name} {hiss}: {events:?}");
            let began = 1000 + onset(&samples);
            let silent = last.expect("a prompt");
            assert!(silent + 60 >= began, "{name}: silent at {silent}, voice at {began}");
            delays.push(silent.saturating_sub(began));
        }
    }
    delays.sort_unstable();
    assert!(delays[delays.len() * 95 / 100] <= 250, "{delays:?}");
}

// Part of what was sent, so many ms later, as a telephone without echo cancellation would return it.
fn echoes(prompt: &[i16], db: f64, ms: usize) -> Vec<i16> {
    let gain = 10f64.powf(-db / 20.0);
    let late = prompt.iter().map(|s| (f64::from(*s) * gain) as i16);
    std::iter::repeat_n(0, ms * 8).chain(late).collect()
}

#[test]
fn the_echo_of_a_prompt_does_not_stop_it_and_a_voice_over_the_echo_does() {
    let clips = speech();
    let prompt = [clips[20].1.clone(), clips[21].1.clone(), clips[22].1.clone()].concat();
    for (db, late) in [(15.0, 0), (20.0, 120), (30.0, 300)] {
        for speaks in [false, true] {
            let mut scene = Scene::new(1);
            let mut caller = Speaker::new(&mut scene, 1, Codec::Pcmu, false);
            let source = crate::prompt::Prompt::new(&prompt, RATE, RATE).expect("a rate");
            let order = Order::Play {
                loading: loaded(vec![Source::Prompt(Arc::new(source))]),
                repeat: 1,
                offset: 0,
                gain: 0.0,
                stop_on: String::new(),
                stop_on_voice: Some(VOICE),
            };
            scene.order(1, 1, order);
            let mut sound = echoes(&prompt, db, late + 20);
            if speaks {
                mix(&mut sound[24_000..], &clips[30].1);
            }
            caller.will_say(&sound);
            for _ in 0..sound.len() / FRAME + 10 {
                caller.says(&mut scene);
                scene.tick();
            }
            let [Event::Finished(1, Outcome::Played { stopped_by, .. })] = scene.world.events[..] else {
                panic!("{:?}", scene.world.events)
            };
            assert_eq!(stopped_by, speaks.then_some(Stop::Voice), "{db} dB after {late} ms");
        }
    }
}
