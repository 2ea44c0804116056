//! What codecs and ciphers cost: CPU of one thread for a second of audio, one way, in packets of 20 ms.
//!
//! Prints a line of JSON for each. The audio is a voice's harmonics, rising and falling.

use std::f64::consts::TAU;

use offhook_media_core::codec::{opus, Codec, Decoder, Encoder};
use offhook_media_core::rtp::Header;
use offhook_media_core::srtp::{Inbound, MasterKey, Outbound, Suite};
use rustix::time::{clock_gettime, ClockId};

const SECONDS: usize = 10;

fn cpu_us() -> f64 {
    let now = clock_gettime(ClockId::ThreadCPUTime);
    now.tv_sec as f64 * 1e6 + now.tv_nsec as f64 / 1e3
}

fn voice(rate: u32) -> Vec<i16> {
    let sample = |n: usize| {
        let t = n as f64 / f64::from(rate);
        let pitch = 130.0 + 15.0 * (TAU * t).sin();
        let sum: f64 = (1..20)
            .map(|h| (TAU * pitch * f64::from(h) * t).sin() / f64::from(h))
            .sum();
        (5000.0 * (0.5 - 0.5 * (TAU * 4.0 * t).cos()) * sum) as i16
    };
    (0..SECONDS * rate as usize).map(sample).collect()
}

fn tell(kind: &str, name: &str, sends: f64, receives: f64) {
    let second = |us: f64| us / SECONDS as f64;
    println!(
        "{{\"kind\": \"{kind}\", \"name\": \"{name}\", \"send_us\": {:.0}, \"receive_us\": {:.0}}}",
        second(sends),
        second(receives)
    );
}

/// Measures all of them.
pub fn run() {
    for (name, codec) in Codec::NAMED {
        let samples = voice(codec.rate());
        let mut encoder = Encoder::new(codec, opus::Options::default());
        let mut decoder = Decoder::new(codec);
        let mut payload = [0; 2000];
        let mut packets = Vec::new();
        let start = cpu_us();
        for frame in samples.chunks_exact(codec.frame()) {
            let length = encoder.encode(frame, &mut payload);
            packets.push(payload[..length].to_vec());
        }
        let sends = cpu_us() - start;
        let (start, mut out) = (cpu_us(), Vec::new());
        for packet in &packets {
            out.clear();
            decoder.decode(packet, &mut out);
        }
        tell("codec", name, sends, cpu_us() - start);
    }
    for (name, suite) in Suite::NAMED {
        let key = || MasterKey::new(suite, vec![7; suite.key_length() + suite.salt_length()]);
        let Some((mut out, mut inn)) = key().map(Outbound::new).zip(key().map(Inbound::new)) else {
            continue;
        };
        let mut packets = Vec::new();
        let start = cpu_us();
        for n in 0..50 * SECONDS {
            let header = Header {
                marker: false,
                payload_type: 0,
                sequence: n as u16,
                timestamp: n as u32 * 160,
                ssrc: 1,
            };
            let packet = [&header.to_bytes()[..], &[0x55; 160]].concat();
            packets.extend(out.rtp(&packet).map(<[u8]>::to_vec));
        }
        let sends = cpu_us() - start;
        let start = cpu_us();
        let opened = packets.iter_mut().map(|packet| inn.rtp(packet).is_some());
        let opened = opened.filter(|opened| *opened).count();
        assert_eq!(opened, packets.len(), "a packet of our own was refused");
        tell("srtp", name, sends, cpu_us() - start);
    }
}
