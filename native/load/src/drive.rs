//! The far ends: each sends 50 packets a second and counts what it gets.
//!
//! Legs are spread evenly over the 20 ms, as callers are. Prints one line of JSON.

use std::io::{self, Read};
use std::time::{Duration, Instant};

use offhook_media_core::rtcp::Reception;
use offhook_media_core::rtp::{parse, Header};

use crate::sockets::Sockets;

const SLOTS: u32 = 20;
const SLOT: Duration = Duration::from_millis(1);

struct Leg {
    port: u16,
    reception: Reception,
    last: Option<Instant>,
    gap: Duration,
}

/// Drives the ports on standard input for so many seconds; every `speaking`-th leg says something (0: none does).
pub fn run(seconds: u64, speaking: usize) -> io::Result<()> {
    let mut text = String::new();
    io::stdin().read_to_string(&mut text)?;
    let ports: Vec<u16> = text.split_whitespace().filter_map(|word| word.parse().ok()).collect();
    let mut sockets = Sockets::bind(ports.len())?;
    let leg = |port| Leg {
        port,
        reception: Reception::default(),
        last: None,
        gap: Duration::ZERO,
    };
    let mut legs: Vec<Leg> = ports.into_iter().map(leg).collect();
    let start = Instant::now();
    let (mut slot, mut sent, mut refused) = (0u32, 0u64, 0u64);
    // Silence, and a square wave of 1 kHz at the level of a voice.
    let mut packets = [[0xFF; 172]; 2];
    for (at, code) in packets[1].iter_mut().enumerate() {
        *code = if at % 8 < 4 { 0xA0 } else { 0x20 };
    }
    let mut buffer = [0; 2048];
    while start.elapsed() < Duration::from_secs(seconds) {
        let due = start + SLOT * slot;
        let ready: Vec<u64> = sockets.wait(due)?.collect();
        for at in ready {
            let Ok(length) = sockets.all[at as usize].recv(&mut buffer) else {
                continue;
            };
            let Ok((header, _)) = parse(&buffer[..length]) else {
                continue;
            };
            let now = Instant::now();
            let leg = &mut legs[at as usize];
            leg.reception
                .receive(&header, (now - start).as_micros() as u64, Some(8000));
            if let Some(last) = leg.last.replace(now) {
                leg.gap = leg.gap.max(now - last);
            }
        }
        if Instant::now() < due {
            continue;
        }
        let turn = slot / SLOTS;
        for at in ((slot % SLOTS) as usize..legs.len()).step_by(SLOTS as usize) {
            let header = Header {
                marker: turn == 0,
                payload_type: 0,
                sequence: turn as u16,
                timestamp: turn.wrapping_mul(160),
                ssrc: at as u32 + 1,
            };
            let packet = &mut packets[usize::from(speaking > 0 && at % speaking == 0)];
            packet[..12].copy_from_slice(&header.to_bytes());
            match sockets.all[at].send_to(&packet[..], ("127.0.0.1", legs[at].port)) {
                Ok(_) => sent += 1,
                Err(_) => refused += 1,
            }
        }
        slot += 1;
    }
    report(&legs, sent, refused, start.elapsed());
    Ok(())
}

fn report(legs: &[Leg], sent: u64, refused: u64, lasted: Duration) {
    let received: u64 = legs.iter().map(|l| l.reception.received()).sum();
    let lost: u64 = legs.iter().map(|l| l.reception.lost()).sum();
    let silent = legs.iter().filter(|l| l.last.is_none()).count();
    let jitter = legs.iter().map(|l| l.reception.jitter()).sum::<f64>() / legs.len().max(1) as f64;
    let gap = legs.iter().map(|l| l.gap).max().unwrap_or_default().as_secs_f64() * 1000.0;
    println!(
        "{{\"legs\": {}, \"seconds\": {:.3}, \"sent\": {sent}, \"refused\": {refused}, \"received\": {received}, \
         \"lost\": {lost}, \"silent_legs\": {silent}, \"jitter_ms\": {jitter:.3}, \"longest_gap_ms\": {gap:.1}}}",
        legs.len(),
        lasted.as_secs_f64(),
    );
}
