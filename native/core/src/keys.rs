//! Keys on their way out: as telephone events (RFC 4733 section 2.5.1), or as tones to those who know none.

use std::collections::VecDeque;

use crate::command::{CommandId, Connect};
use crate::dtmf;
use crate::sender::{Packet, Sender};
use crate::tone::ToneGenerator;
use crate::LONGEST_FRAME;

const RELAYED_ON: u32 = 100;
const RELAYED_OFF: u32 = 60;
const LONGEST: u32 = 8000;

/// The keys of one command.
#[derive(Debug)]
pub struct KeySender {
    /// Whose they are; `None` for keys that a bridge relays.
    pub command: Option<CommandId>,
    steps: VecDeque<Step>,
}

#[derive(Debug)]
enum Step {
    Key {
        key: char,
        on: u32,
        ticks: u32,
        tone: Option<ToneGenerator>,
    },
    Wait {
        ticks: u32,
    },
}

fn ticks(ms: u32) -> u32 {
    ms.div_ceil(20)
}

impl KeySender {
    /// `w` waits 500 ms, `W` 1 s. Refuses what is no key.
    pub fn new(command: CommandId, digits: &str, on: u32, off: u32) -> Result<Self, String> {
        if !(20..=LONGEST).contains(&on) || off > LONGEST {
            return Err(format!(
                "keys can be pressed for 20..{LONGEST} ms, with at most {LONGEST} ms between them"
            ));
        }
        let mut steps = VecDeque::new();
        for key in digits.chars() {
            match key {
                'w' => steps.push_back(Step::Wait { ticks: 25 }),
                'W' => steps.push_back(Step::Wait { ticks: 50 }),
                key if dtmf::code(key).is_some() => {
                    steps.push_back(Step::Key {
                        key: key.to_ascii_uppercase(),
                        on,
                        ticks: 0,
                        tone: None,
                    });
                    steps.push_back(Step::Wait { ticks: ticks(off) });
                }
                _ => return Err("only 0-9, *, #, A-D, w and W can be sent as keys".into()),
            }
        }
        Ok(Self {
            command: Some(command),
            steps,
        })
    }

    /// A key that the other end of a bridge pressed.
    pub fn relayed(key: char) -> Option<Self> {
        let keys = Self::new(0, key.encode_utf8(&mut [0; 4]), RELAYED_ON, RELAYED_OFF).ok()?;
        Some(Self { command: None, ..keys })
    }

    /// Sends what is due in this tick; `true` when nothing is left.
    pub fn tick(&mut self, to: &Connect, sender: &mut Sender, mut send: impl FnMut(Packet)) -> bool {
        let done = match self.steps.front_mut() {
            None => return true,
            Some(Step::Wait { ticks }) => {
                *ticks = ticks.saturating_sub(1);
                *ticks == 0
            }
            Some(Step::Key { key, on, ticks, tone }) => {
                *ticks += 1;
                match to.dtmf {
                    Some(payload_type) => event((*key, *on, *ticks), (payload_type, to.dtmf_clock), sender, &mut send),
                    None => {
                        if tone.is_none() {
                            *tone = ToneGenerator::key(*key, *on, to.codec.rate());
                        }
                        let mut frame = [0; LONGEST_FRAME];
                        let frame = &mut frame[..to.codec.frame()];
                        let filled = tone.as_mut().map_or(0, |t| t.fill(frame));
                        sender.audio(to, frame, &mut send);
                        let over = filled < frame.len() || *ticks * 20 >= *on;
                        if over {
                            sender.pause(to, &mut send);
                        }
                        over
                    }
                }
            }
        };
        if done {
            self.steps.pop_front();
        }
        self.steps.is_empty()
    }
}

fn event(
    (key, on, tick): (char, u32, u32),
    (payload_type, clock): (u8, u32),
    sender: &mut Sender,
    send: &mut impl FnMut(Packet),
) -> bool {
    let code = dtmf::code(key).unwrap_or_default();
    let duration = (tick * 20).min(on) * (clock / 1000);
    let over = tick * 20 >= on;
    let copies = if over { dtmf::END_COPIES } else { 1 };
    for _ in 0..copies {
        sender.event(payload_type, code, duration, over, &mut *send);
    }
    if over {
        sender.event_over();
    }
    over
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::{Codec, Direction};
    use crate::dtmf::{DigitReceiver, Payload};
    use crate::rtp::parse;

    fn sent(digits: &str, dtmf: Option<u8>) -> Vec<(crate::rtp::Header, Vec<u8>)> {
        let to = Connect {
            remote: ([127, 0, 0, 1], 9).into(),
            codec: Codec::Pcmu,
            payload_type: 0,
            accepts: vec![],
            dtmf,
            dtmf_accepts: dtmf,
            inband_dtmf: false,
            dtmf_signalled: false,
            dtmf_clock: 8000,
            opus: crate::codec::opus::Options::default(),
            ptime: 20,
            direction: Direction::SendRecv,
            unconfirmed_limit: 0,
            security: None,
            rtcp_mux: false,
            comfort_noise: None,
            peer: None,
        };
        let mut keys = KeySender::new(1, digits, 100, 100).expect("keys");
        let mut sender = Sender::new(1);
        let mut out = Vec::new();
        for _ in 0..1000 {
            let over = keys.tick(&to, &mut sender, |packet| {
                let (header, payload) = parse(packet).expect("our own packet");
                out.push((header, payload.to_vec()));
            });
            sender.advance();
            if over {
                return out;
            }
        }
        panic!("it never ends");
    }

    #[test]
    fn our_own_receiver_hears_every_key_once_even_doubled_ones() {
        let mut receiver = DigitReceiver::default();
        let heard: String = sent("1155w#W*", Some(101))
            .iter()
            .filter_map(|(h, p)| receiver.receive(h.ssrc, h.timestamp, p))
            .collect();
        assert_eq!(heard, "1155#*");
    }

    #[test]
    fn the_end_of_a_key_is_sent_three_times() {
        let out = sent("5", Some(101));
        let ends: Vec<_> = out
            .iter()
            .filter(|(_, p)| Payload::parse(p).is_some_and(|p| p.end))
            .collect();
        assert_eq!(ends.len(), 3);
        assert!(ends
            .iter()
            .all(|(_, p)| Payload::parse(p).is_some_and(|p| p.duration == 800)));
    }

    #[test]
    fn without_events_a_key_is_a_tone() {
        let out = sent("5", None);
        assert_eq!(out.len(), 5);
        assert!(out.iter().all(|(h, p)| h.payload_type == 0 && p.len() == 160));
    }

    #[test]
    fn what_is_no_key_is_refused() {
        assert!(KeySender::new(1, "12x", 100, 100).is_err());
        assert!(KeySender::new(1, "1", 9000, 100).is_err());
    }
}
