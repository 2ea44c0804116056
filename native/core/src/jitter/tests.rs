//! The buffer in virtual time: far ends with clocks of their own on lines that lose, delay and reorder.

use super::*;
use crate::codec::{g711, opus, Encoder};
use crate::{FRAME, TICK};
use offhook_netem::Line;
use proptest::prelude::*;
use std::f64::consts::TAU;

const AUDIO: Content = Content::Audio(Codec::Pcmu);

fn header(n: u32, ticks: u32) -> Header {
    Header {
        marker: false,
        payload_type: 0,
        sequence: n as u16,
        timestamp: n.wrapping_mul(ticks),
        ssrc: 1,
    }
}

fn tone(length: usize) -> Vec<u8> {
    let samples: Vec<i16> = (0..length).map(|n| if n % 8 < 4 { 8000 } else { -8000 }).collect();
    let mut codes = vec![0; length];
    g711::encode(Codec::Pcmu, &samples, &mut codes);
    codes
}

fn loud(frame: &[i16]) -> bool {
    frame.iter().all(|s| s.abs() > 7000)
}

fn rms(samples: &[i16]) -> f64 {
    (samples.iter().map(|s| f64::from(*s).powi(2)).sum::<f64>() / samples.len() as f64).sqrt()
}

// A far end that says a sine in packets of `ms`, by a clock that is `ppm` fast, over a line, into a buffer.
struct Call {
    buffer: JitterBuffer,
    encoder: Encoder,
    line: Line,
    codec: Codec,
    hertz: f64,
    ms: u32,
    ppm: f64,
    now: Micros,
    due: f64,
    said: u32,
    packets: u16,
    payload: Vec<u8>,
    heard: Vec<i16>,
    // What is heard, and makes every packet anew; else all are like the first: whole periods, in a codec without memory.
    keeps: bool,
}

impl Call {
    fn new(codec: Codec, line: Line) -> Self {
        Self {
            buffer: JitterBuffer::new(codec, 40, 200),
            encoder: Encoder::new(codec, opus::Options::default()),
            line,
            codec,
            hertz: 400.0,
            ms: 20,
            ppm: 0.0,
            now: 0,
            due: 3000.0,
            said: 0,
            packets: 0,
            payload: Vec::new(),
            heard: Vec::new(),
            keeps: true,
        }
    }

    fn say(&mut self) {
        let length = (self.codec.rate() * self.ms / 1000) as usize;
        if self.keeps || self.payload.is_empty() {
            let at = |k: usize| (self.said as usize + k) as f64 / f64::from(self.codec.rate());
            let samples: Vec<i16> = (0..length)
                .map(|k| (8000.0 * (at(k) * self.hertz * TAU).sin()) as i16)
                .collect();
            self.payload.resize(4000, 0);
            let size = self.encoder.encode(&samples, &mut self.payload);
            self.payload.truncate(size);
        }
        let header = Header {
            timestamp: self.codec.ticks(self.said as usize).wrapping_sub(5000),
            sequence: self.packets,
            ..header(0, 0)
        };
        self.line
            .send(self.due as u64, [&header.to_bytes()[..], &self.payload].concat());
        self.said = self.said.wrapping_add(length as u32);
        self.packets = self.packets.wrapping_add(1);
        self.due += f64::from(self.ms) * 1000.0 / (1.0 + self.ppm / 1e6);
    }

    // A tick: what arrived in it is taken at its own time.
    fn tick(&mut self) -> Vec<i16> {
        self.now += TICK;
        while self.due < self.now as f64 {
            self.say();
        }
        let grain = if self.keeps { 1000 } else { 5000 };
        for at in (self.now - TICK..self.now).step_by(grain) {
            for packet in self.line.arrived(at) {
                let (header, payload) = crate::rtp::parse(&packet).expect("ours");
                self.buffer.push(&header, Content::Audio(self.codec), payload, at);
            }
        }
        let mut frame = vec![0; self.codec.frame()];
        self.buffer.pull(&mut frame, self.now);
        if self.keeps {
            self.heard.extend_from_slice(&frame);
        }
        frame
    }

    // Frames of so many seconds that are not as loud as the sine.
    fn dropouts(&mut self, seconds: u64) -> usize {
        (0..seconds * 50)
            .filter(|_| !(4800.0..6500.0).contains(&rms(&self.tick())))
            .count()
    }
}

#[test]
fn order_is_restored() {
    let mut buffer = JitterBuffer::new(Codec::Pcmu, 40, 200);
    for n in [1u32, 0, 3, 2] {
        buffer.push(&header(n, 160), AUDIO, &tone(160), 0);
    }
    let mut frame = [0; FRAME];
    let heard = (1..8).filter(|n| {
        buffer.pull(&mut frame, n * TICK);
        loud(&frame)
    });
    assert_eq!((heard.count(), buffer.late()), (4, 0));
}

#[test]
fn packets_of_any_length_make_frames_and_may_change_it() {
    let mut call = Call::new(Codec::Pcmu, Line::new(1));
    call.dropouts(1);
    for ms in [10, 30, 40, 60, 20, 50, 10] {
        call.ms = ms;
        let dropouts = call.dropouts(5);
        assert!(dropouts <= 1, "{ms}: {dropouts}");
    }
    assert!(call.buffer.delay() <= 100, "{}", call.buffer.delay());
}

#[test]
fn the_delay_follows_the_jitter_up_at_once_and_down_slowly() {
    let mut call = Call::new(Codec::Pcmu, Line::new(5).delay(30_000));
    call.dropouts(10);
    assert!((35..65).contains(&call.buffer.delay()), "{}", call.buffer.delay());
    call.line = Line::new(5).delay(30_000).jitter(120_000);
    call.dropouts(2);
    assert_eq!(call.dropouts(60), 0);
    assert!((100..200).contains(&call.buffer.delay()), "{}", call.buffer.delay());
    call.line = Line::new(5).delay(30_000); // what is under way on the old one is lost
    call.dropouts(1);
    assert_eq!(call.dropouts(25), 0);
    assert!((35..75).contains(&call.buffer.delay()), "{}", call.buffer.delay());
}

#[test]
fn an_hour_of_clocks_that_drift_has_no_dropouts_and_no_growing_delay() {
    for ppm in [-500.0, 100.0, 500.0] {
        let mut call = Call::new(Codec::Pcmu, Line::new(7).delay(30_000).jitter(5000));
        (call.ppm, call.keeps) = (ppm, false);
        call.dropouts(1);
        assert_eq!(call.dropouts(3600), 0, "{ppm}");
        assert!(
            (30..75).contains(&call.buffer.delay()),
            "{ppm}: {}",
            call.buffer.delay()
        );
        assert_eq!((call.buffer.late(), call.buffer.concealed()), (0, 0), "{ppm}");
    }
}

#[test]
fn time_that_is_made_up_for_is_not_heard() {
    for (ppm, hertz) in [(400.0, 400.0), (-400.0, 1020.0)] {
        for codec in [Codec::Pcmu, Codec::L16(16_000), Codec::L16(48_000)] {
            let mut call = Call::new(codec, Line::new(3).jitter(20_000));
            (call.ppm, call.hertz) = (ppm, hertz);
            call.dropouts(120);
            let step = 8000.0 * TAU * hertz / f64::from(codec.rate());
            let sound = &call.heard[codec.rate() as usize..];
            let most = sound
                .windows(2)
                .map(|w| (i32::from(w[1]) - i32::from(w[0])).abs())
                .max();
            assert!(
                f64::from(most.unwrap_or(0)) < 1.5 * step + 300.0,
                "{codec:?} {ppm}: {most:?} {step}"
            );
        }
    }
}

#[test]
fn a_stall_of_the_line_is_caught_up_with() {
    let mut call = Call::new(Codec::Pcmu, Line::new(5).delay(20_000));
    call.dropouts(5);
    // A second and a half in which nothing leaves the line, then everything at once.
    call.line = Line::new(5).delay(1_500_000);
    for _ in 0..75 {
        call.tick();
    }
    let stalled = std::mem::replace(&mut call.line, Line::new(5).delay(20_000));
    let mut stalled = stalled;
    for packet in stalled.arrived(u64::MAX) {
        let (header, payload) = crate::rtp::parse(&packet).expect("ours");
        call.buffer.push(&header, AUDIO, payload, call.now);
    }
    assert!(call.dropouts(5) <= 10);
    assert_eq!(call.dropouts(20), 0);
    assert!(call.buffer.delay() < 80, "{}", call.buffer.delay());
}

#[test]
fn a_hole_fades_to_silence_and_is_counted_when_it_was_a_loss() {
    let mut buffer = JitterBuffer::new(Codec::Pcmu, 0, 200);
    buffer.push(&header(0, 160), AUDIO, &tone(160), 0);
    let mut frame = [0; FRAME];
    let mut levels = Vec::new();
    for n in 1..8 {
        buffer.pull(&mut frame, n * TICK);
        levels.push(rms(&frame));
    }
    let loudest = levels.iter().position(|level| *level > 7000.0).expect("the packet");
    assert!(levels[loudest + 1] > levels[loudest + 2] && levels[loudest + 2] > levels[loudest + 3]);
    assert_eq!(levels.last(), Some(&0.0));
    for (sequence, counted) in [(1, 0), (3, 60)] {
        let later = Header {
            sequence,
            ..header(u32::from(sequence) * 10, 160)
        };
        buffer.push(&later, AUDIO, &tone(160), 8 * TICK);
        for n in 0..20 {
            buffer.pull(&mut frame, (9 + n) * TICK);
        }
        assert_eq!(buffer.concealed(), counted, "{sequence}");
    }
}

#[test]
fn a_new_stream_or_a_jump_in_time_starts_afresh() {
    let mut buffer = JitterBuffer::new(Codec::Pcmu, 0, 200);
    let mut frame = [0; FRAME];
    let mut now = 0;
    for (ssrc, timestamp) in [(1, 0), (2, 777_777), (2, 5)] {
        let start = Header {
            ssrc,
            timestamp,
            ..header(0, 0)
        };
        buffer.push(&start, AUDIO, &tone(160), now);
        let heard = (0..4).any(|_| {
            now += TICK;
            buffer.pull(&mut frame, now);
            rms(&frame) > 5000.0
        });
        assert!(heard, "{ssrc} {timestamp}");
    }
}

#[test]
fn a_clock_that_stood_still_or_jumped_costs_little() {
    for jump in [-90i32, -30, 40, 90] {
        let mut call = Call::new(Codec::Pcmu, Line::new(1).delay(10_000));
        call.dropouts(5);
        call.said = call.said.wrapping_add_signed(jump * 80);
        let dropouts = call.dropouts(5);
        assert!(dropouts <= 12, "{jump}: {dropouts}");
        assert_eq!(call.dropouts(10), 0, "{jump}");
        assert!(
            (30..90).contains(&call.buffer.delay()),
            "{jump}: {}",
            call.buffer.delay()
        );
    }
}

#[test]
fn silence_that_is_not_sent_sounds_like_the_background() {
    let mut buffer = JitterBuffer::new(Codec::Pcmu, 40, 200);
    let mut frame = [0; FRAME];
    let mut levels = Vec::new();
    for n in 0..100u32 {
        let now = u64::from(n) * TICK;
        match n {
            20 => buffer.push(&header(20, 160), Content::Noise, &[40], now),
            21..70 => {}
            _ => {
                let sequence = if n >= 70 { n - 49 } else { n };
                let header = Header {
                    sequence: sequence as u16,
                    ..header(n, 160)
                };
                buffer.push(&header, AUDIO, &tone(160), now);
            }
        }
        buffer.pull(&mut frame, now + 5000);
        levels.push(rms(&frame));
    }
    assert!(
        levels[30..65].iter().all(|level| (250.0..410.0).contains(level)),
        "{levels:?}"
    );
    assert!(
        levels[5..20].iter().chain(&levels[75..]).all(|level| *level > 7000.0),
        "{levels:?}"
    );
    assert_eq!(buffer.concealed(), 0);
}

#[test]
fn packets_that_overtake_each_other_are_waited_for() {
    let mut call = Call::new(Codec::G722, Line::new(3).delay(20_000).reorder(100_000));
    call.dropouts(5);
    let (late, dropouts) = (call.buffer.late(), call.dropouts(60));
    assert_eq!((call.buffer.late() - late, dropouts), (0, 0));
}

proptest! {
    #[test]
    fn nothing_makes_it_panic(steps in proptest::collection::vec((any::<u32>(), 0usize..9000, 0u32..3, any::<bool>(), any::<u16>()), 0..60)) {
        for codec in [Codec::Pcmu, Codec::G722, Codec::Opus] {
            let mut buffer = JitterBuffer::new(codec, 40, 200);
            let mut frame = vec![0; codec.frame()];
            let mut now = 0;
            for (timestamp, length, ssrc, near, sequence) in &steps {
                let timestamp = if *near { timestamp % 20_000 } else { *timestamp };
                let header = Header { marker: false, payload_type: 0, sequence: *sequence, timestamp, ssrc: *ssrc };
                let content = if length % 7 == 0 { Content::Noise } else { Content::Audio(codec) };
                buffer.push(&header, content, &vec![1; *length], now);
                now += u64::from(*sequence);
                buffer.pull(&mut frame, now);
            }
        }
    }
}

#[test]
fn every_codec_is_heard_whole_across_the_wrap_of_timestamps() {
    for (name, codec) in Codec::NAMED {
        let mut call = Call::new(codec, Line::new(1));
        call.dropouts(1);
        assert_eq!((call.dropouts(20), call.buffer.concealed()), (0, 0), "{name}");
    }
}

#[test]
fn losses_leave_no_hole_in_a_tone() {
    for (name, codec) in Codec::NAMED {
        let mut call = Call::new(codec, Line::new(11).loss(50_000));
        call.dropouts(2);
        let quiet = (0..1000).filter(|_| rms(&call.tick()) < 2000.0).count();
        assert!(quiet <= 8, "{name}: {quiet}");
        let concealed = call.buffer.concealed();
        assert!((600..1500).contains(&concealed), "{name}: {concealed}");
    }
}

#[test]
fn losses_in_rows_are_bridged_as_far_as_anybody_can() {
    for codec in [Codec::Pcmu, Codec::G722, Codec::Opus] {
        let mut call = Call::new(codec, Line::new(11).loss(50_000).bursts(2));
        call.dropouts(2);
        let levels: Vec<f64> = (0..1000).map(|_| rms(&call.tick())).collect();
        let silent = levels.iter().filter(|level| **level < 300.0).count();
        assert!(silent <= 15, "{codec:?}: {silent}");
        assert!(
            (35..65).contains(&call.buffer.delay()),
            "{codec:?}: {}",
            call.buffer.delay()
        );
    }
}

#[test]
fn opus_that_comes_out_of_order_keeps_its_time() {
    let mut call = Call::new(Codec::Opus, Line::new(1));
    call.dropouts(1);
    for _ in 0..100 {
        let packets: Vec<Vec<u8>> = (0..2)
            .flat_map(|_| {
                call.say();
                call.line.arrived(u64::MAX)
            })
            .collect();
        for packet in packets.iter().rev() {
            let (header, payload) = crate::rtp::parse(packet).expect("ours");
            call.buffer
                .push(&header, Content::Audio(Codec::Opus), payload, call.now);
        }
        let mut frame = [0; 960];
        for _ in 0..2 {
            call.now += TICK;
            call.buffer.pull(&mut frame, call.now);
            assert!((4800.0..6500.0).contains(&rms(&frame)));
        }
    }
    assert_eq!(call.buffer.concealed(), 0);
}
