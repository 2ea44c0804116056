//! Keys among levels, twist, noise and losses, and speech in which there are none.

use super::*;
use crate::codec::{g711, Codec};
use crate::detect::testing::{mix, noise, sines, speech};
use crate::ear::Ear;
use crate::rtp::{parse, Header};
use crate::{Micros, FRAME, TICK};
use proptest::prelude::*;

const ALL: &str = "123A456B789C*0#D";

fn frequencies(key: char) -> (f64, f64) {
    let at = ALL.find(key).expect("a key");
    (f64::from(ROWS[at / 4]), f64::from(COLUMNS[at % 4]))
}

/// Keys of `on` ms with `off` ms between them; levels of row and column.
fn pressed(keys: &str, (on, off): (u32, u32), (row, column): (f64, f64), detune: f64) -> Vec<i16> {
    let mut sound = sines(&[], 57);
    for key in keys.chars() {
        let (low, high) = frequencies(key);
        sound.extend(sines(&[(low * detune, row), (high * detune, column)], on));
        sound.extend(sines(&[], off));
    }
    sound.extend(sines(&[], 100));
    sound
}

fn heard(sound: &[i16]) -> String {
    let mut detector = KeyDetector::default();
    sound.chunks(FRAME).filter_map(|frame| detector.hear(frame)).collect()
}

#[test]
fn every_key_is_heard_once_at_every_level_and_twist() {
    for level in [0.0, -10.0, -20.0, -30.0] {
        for twist in [-6.0, 0.0, 6.0] {
            let levels = (level - f64::max(twist, 0.0), level + f64::min(twist, 0.0));
            let levels = if level == 0.0 {
                (levels.0 - 3.0, levels.1 - 3.0)
            } else {
                levels
            };
            assert_eq!(heard(&pressed(ALL, (50, 50), levels, 1.0)), ALL, "{level} {twist}");
        }
    }
}

#[test]
fn tones_that_are_too_weak_too_twisted_or_too_far_off_are_no_keys() {
    assert_eq!(heard(&pressed(ALL, (100, 100), (-45.0, -45.0), 1.0)), "");
    assert_eq!(heard(&pressed(ALL, (100, 100), (-26.0, -10.0), 1.0)), "");
    assert_eq!(heard(&pressed(ALL, (100, 100), (-10.0, -26.0), 1.0)), "");
    for detune in [0.94, 1.06] {
        assert_eq!(
            heard(&pressed("147*", (100, 100), (-10.0, -10.0), detune)),
            "",
            "{detune}"
        );
    }
}

#[test]
fn a_frequency_may_be_off_by_less_than_two_parts_in_a_hundred() {
    for detune in [0.982, 0.99, 1.01, 1.018] {
        assert_eq!(heard(&pressed(ALL, (60, 60), (-10.0, -10.0), detune)), ALL, "{detune}");
    }
}

#[test]
fn forty_milliseconds_are_a_key_and_a_pause_and_twenty_three_are_neither() {
    for shift in 0..20 {
        let sound = pressed("1155#", (40, 40), (-10.0, -10.0), 1.0);
        assert_eq!(heard(&sound[shift * 8..]), "1155#", "{shift}");
        let short = pressed("1155#", (23, 60), (-10.0, -10.0), 1.0);
        assert_eq!(heard(&short[shift * 8..]), "", "{shift}");
    }
}

#[test]
fn a_key_that_is_held_is_one_and_sounds_until_it_is_released() {
    let mut detector = KeyDetector::default();
    let sound = pressed("8", (3000, 200), (-10.0, -10.0), 1.0);
    let frames: Vec<_> = sound
        .chunks(FRAME)
        .map(|frame| (detector.hear(frame), detector.sounding()))
        .collect();
    assert_eq!(frames.iter().filter_map(|(key, _)| *key).collect::<String>(), "8");
    let sounding = frames.iter().filter(|(_, sounding)| *sounding).count() * 20;
    assert!((2940..=3060).contains(&sounding), "{sounding}");
}

#[test]
fn keys_are_heard_through_noise() {
    for (level, ratio) in [(-10.0, 12.0), (-25.0, 15.0)] {
        let keys = ALL.repeat(10);
        let mut sound = pressed(&keys, (60, 60), (level, level), 1.0);
        let noise = noise(level + 3.0 - ratio, sound.len(), 7);
        mix(&mut sound, &noise);
        assert_eq!(heard(&sound), keys, "{level}");
    }
}

#[test]
fn noise_alone_has_no_keys() {
    for level in [-40.0, -20.0, -5.0] {
        assert_eq!(heard(&noise(level, 8000 * 120, 3)), "", "{level}");
    }
}

#[test]
fn speech_has_no_keys() {
    let mut clips = 0;
    for (name, samples) in speech() {
        // As it is, louder and fainter, and a little faster and slower: other voices, of a sort.
        for gain in [0.25, 1.0, 2.0] {
            for speed in [8, 9, 10, 11, 12] {
                let other: Vec<i16> = (0..samples.len() * 10 / speed)
                    .map(|n| (f64::from(samples[n * speed / 10]) * gain) as i16)
                    .collect();
                assert_eq!(heard(&other), "", "{name} at {gain} and {speed}");
                clips += 1;
            }
        }
    }
    assert!(clips >= 40 * 15);
}

#[test]
fn one_of_twenty_packets_lost_doubles_no_key() {
    let keys = ALL.repeat(20);
    let sound = pressed(&keys, (100, 100), (-10.0, -10.0), 1.0);
    let mut line = offhook_netem::Line::new(5).loss(50_000);
    let mut ear = Ear::new(40, 200);
    ear.listen(Codec::Pcmu, 0);
    let mut detector = KeyDetector::default();
    let mut heard = String::new();
    for (n, samples) in sound.chunks_exact(FRAME).enumerate() {
        let now = n as Micros * TICK;
        let mut codes = vec![0; FRAME];
        g711::encode(Codec::Pcmu, samples, &mut codes);
        let header = Header {
            marker: false,
            payload_type: 0,
            sequence: n as u16,
            timestamp: n as u32 * 160,
            ssrc: 1,
        };
        line.send(now, [&header.to_bytes()[..], &codes].concat());
        for packet in line.arrived(now) {
            let (header, payload) = parse(&packet).expect("a packet");
            ear.push(&header, Codec::Pcmu, payload, now);
        }
        ear.listen(Codec::Pcmu, now);
        heard.extend(detector.hear(ear.narrow()));
    }
    // No key is heard twice; at most one in fifty is lost.
    let mut expected = keys.chars();
    assert!(heard.chars().all(|key| expected.any(|next| next == key)), "{heard}");
    assert!(heard.len() * 50 >= keys.len() * 49, "{} of {}", heard.len(), keys.len());
}

proptest! {
    #[test]
    fn pieces_of_any_size_make_no_difference_to_safety(pieces in proptest::collection::vec(proptest::collection::vec(any::<i16>(), 0..400), 0..20)) {
        let mut detector = KeyDetector::default();
        for piece in pieces {
            detector.hear(&piece);
        }
        prop_assert!(detector.window.len() <= WINDOW + HOP);
    }
}
