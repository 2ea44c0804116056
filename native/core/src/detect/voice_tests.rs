//! Voices of recorded speech among silence, noise and tones.

use super::*;
use crate::detect::testing::{mix, noise, sines, speech};

pub const USUAL: VoiceOptions = VoiceOptions {
    level: -42.0,
    above_noise: 9.0,
    onset: 60,
    hangover: 300,
};

/// Events with the time in ms at which they were told.
fn heard(sound: &[i16], options: VoiceOptions) -> Vec<(u32, VoiceEvent)> {
    let mut detector = VoiceDetector::new(options);
    let steps = sound.chunks_exact(STEP).map(|step| step.try_into().expect("a step"));
    let told = steps.map(|step| detector.step(step, -99.0, false)).enumerate();
    told.filter_map(|(n, event)| Some((n as u32 * STEP_MS + STEP_MS, event?)))
        .collect()
}

/// The first and the last moment that a listener would call speech: within 20 dB of the loudest.
fn extent(samples: &[i16]) -> (u32, u32) {
    let levels: Vec<f32> = samples
        .chunks_exact(STEP)
        .map(|s| dbm0_of_power(s.iter().map(|s| f32::from(*s).powi(2)).sum::<f32>() / STEP as f32))
        .collect();
    let loudest = levels.iter().copied().fold(-99.0, f32::max);
    let mut loud = (0..levels.len() as u32).filter(|n| levels[*n as usize] > loudest - 20.0);
    let first = loud.next().expect("speech");
    (first * STEP_MS, (loud.next_back().unwrap_or(first) + 1) * STEP_MS)
}

fn at_level(samples: &[i16], gain: f64) -> Vec<i16> {
    samples.iter().map(|s| (f64::from(*s) * gain) as i16).collect()
}

#[test]
fn speech_is_heard_soon_whether_loud_or_faint_clean_or_in_noise() {
    let mut worst = Vec::new();
    for (name, samples) in speech() {
        for gain in [1.0, 0.25] {
            for hiss in [-75.0, -50.0] {
                let mut sound = [vec![0; 4000], at_level(&samples, gain), vec![0; 8000]].concat();
                let begins = 500 + extent(&samples).0;
                let noise = noise(hiss, sound.len(), 11);
                mix(&mut sound, &noise);
                let events = heard(&sound, USUAL);
                let Some((told, VoiceEvent::Started(_))) = events.first() else {
                    panic!("{name} {gain} {hiss}: {events:?}");
                };
                assert!(*told + 20 >= begins, "{name} {gain} {hiss}: {told} before {begins}");
                worst.push(told.saturating_sub(begins));
                assert!(
                    matches!(events.last(), Some((_, VoiceEvent::Stopped(_)))),
                    "{name}: {events:?}"
                );
            }
        }
    }
    worst.sort_unstable();
    let p95 = worst[worst.len() * 95 / 100];
    assert!(p95 <= 140, "{p95} ms, {worst:?}");
}

#[test]
fn a_sentence_is_one_voice_and_its_times_are_right() {
    let clips = speech();
    let (_, samples) = clips.iter().find(|(name, _)| name == "s00").expect("the clip");
    let sound = [vec![0; 8000], samples.clone(), vec![0; 8000]].concat();
    let events = heard(&sound, VoiceOptions { hangover: 800, ..USUAL });
    let [(told, VoiceEvent::Started(ago)), (end, VoiceEvent::Stopped(quiet))] = events[..] else {
        panic!("{events:?}");
    };
    let (first, last) = extent(samples);
    assert!((told - ago).abs_diff(1000 + first) <= 60, "{told} {ago} {first}");
    assert!((end - quiet).abs_diff(1000 + last) <= 100, "{end} {quiet} {last}");
}

#[test]
fn silence_noise_hum_tones_and_clicks_are_no_voice() {
    for level in [-70.0, -45.0, -30.0, -20.0] {
        assert_eq!(heard(&noise(level, 80_000, 5), USUAL), [], "noise of {level}");
    }
    assert_eq!(heard(&sines(&[(50.0, -20.0)], 5000), USUAL), []);
    assert_eq!(heard(&sines(&[(1000.0, -10.0)], 5000), USUAL), []);
    assert_eq!(heard(&sines(&[(425.0, -15.0)], 5000), USUAL), []);
    let mut clicks = vec![0; 40_000];
    (0..clicks.len())
        .step_by(2000)
        .for_each(|at| clicks[at..at + 80].fill(12_000));
    assert_eq!(heard(&clicks, USUAL), []);
}

#[test]
fn an_echo_below_its_bound_is_no_voice_and_one_above_it_is() {
    let (_, samples) = speech().swap_remove(20);
    let mut detector = VoiceDetector::new(USUAL);
    let mut steps = samples.chunks_exact(STEP).map(|step| step.try_into().expect("a step"));
    assert!(steps.clone().all(|step| detector.step(step, 0.0, false).is_none()));
    assert!(steps.any(|step| detector.step(step, -40.0, false).is_some()));
}
