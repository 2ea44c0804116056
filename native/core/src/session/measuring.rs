//! What a session has seen of its line, in figures.

use super::Session;
use crate::event::Statistics;
use crate::quality::{r_factor, Direction};

/// Milliseconds from mouth to ear that no measurement shows: a packet is filled, and played.
const PACKET: f64 = 20.0;

impl Session {
    /// What it saw so far.
    pub fn statistics(&self) -> Statistics {
        let (heard, repairs, far) = (&self.reception, self.ear.repairs(), self.reception.far_end());
        let spoken = self.connect.as_ref().map(|connect| connect.codec);
        let ms = |ticks: u32| spoken.map(|codec| f64::from(ticks) * 1000.0 / f64::from(codec.clock()));
        let way = heard.round_trip().unwrap_or(0.0) / 2.0 + PACKET;
        let share = |lost: u64, of: u64| 100.0 * lost as f64 / of.max(1) as f64;
        let hears = self.hears.filter(|_| heard.received() > 0).map(|codec| {
            r_factor(Direction {
                codec,
                loss: share(heard.lost() + repairs.dropped, heard.received() + heard.lost()),
                delay: way + f64::from(repairs.delay),
            })
        });
        let far_jitter = far.and_then(|far| ms(far.jitter));
        let is_heard = spoken.zip(far).map(|(codec, far)| {
            r_factor(Direction {
                codec,
                loss: share(far.lost, self.line.packets),
                // Its buffer is not known; one that is about twice its jitter is usual.
                delay: way + 2.0 * far_jitter.unwrap_or(0.0),
            })
        });
        Statistics {
            codec_sent: spoken,
            codec_received: self.hears,
            packets_sent: self.line.packets,
            packets_received: heard.received(),
            packets_lost: heard.lost(),
            packets_late: repairs.late,
            packets_duplicate: heard.duplicates(),
            packets_refused: self.line.latch.refused,
            concealed: repairs.concealed,
            delay: repairs.delay,
            jitter: heard.jitter(),
            round_trip: heard.round_trip(),
            drift: heard.drift(),
            far_lost: far.map(|far| far.lost),
            far_jitter,
            r_factor: hears,
            far_r_factor: is_heard,
        }
    }
}
