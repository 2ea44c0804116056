//! One member of a room: what it adds to the sums, at each rate that somebody hears, and how it hears them.

use crate::command::{CommandId, Membership, SessionId};
use crate::gate::{power, Gate};
use crate::leveller::Leveller;
use crate::mixer::{scale, tail};
use crate::resample::Conversion;

/// The rates of sums, in hertz.
pub const RATES: [u32; 3] = [8000, 16_000, 48_000];
/// One thing for each of `RATES`.
pub type Each<T> = [T; RATES.len()];
/// A voice that begins is at its loudness after so many milliseconds: no click, and no word without its beginning.
const ATTACK_MS: usize = 4;

/// Where a rate has its place in `RATES`; a rate between them counts as the next lower one.
pub fn slot(rate: u32) -> usize {
    RATES.iter().rposition(|known| *known <= rate).unwrap_or(0)
}

/// A frame at each rate that is needed, from one that there is.
#[derive(Debug, Default)]
pub struct Voice {
    frames: Each<Vec<i16>>,
    conversions: Each<Option<Box<Conversion>>>,
}

impl Voice {
    /// The frame of this tick at the rate of a slot; empty where nobody needs it.
    pub fn frame(&self, slot: usize) -> &[i16] {
        &self.frames[slot]
    }

    /// All of them.
    pub fn frames(&self) -> &Each<Vec<i16>> {
        &self.frames
    }

    /// Takes the frame of this tick, and brings it to the rates that are needed.
    pub fn put(&mut self, frame: &[i16], rate: u32, needed: Each<bool>) {
        for (at, wanted) in needed.into_iter().enumerate() {
            let (own, out) = (RATES[at], &mut self.frames[at]);
            out.clear();
            if !wanted {
                self.conversions[at] = None;
            } else if own == rate {
                out.extend_from_slice(frame);
            } else {
                let conversion = &mut self.conversions[at];
                if !conversion.as_ref().is_some_and(|known| known.is(rate, own)) {
                    *conversion = Conversion::new(rate, own).ok().map(Box::new);
                }
                if let Some(conversion) = conversion {
                    out.resize(own as usize / 50, 0);
                    conversion.frame(frame, out);
                }
            }
        }
    }

    /// Nothing in this tick.
    pub fn rest(&mut self) {
        self.frames.iter_mut().for_each(Vec::clear);
        self.conversions = Each::default();
    }

    /// What follows when it breaks off.
    pub fn tails(&self) -> Each<Vec<i16>> {
        std::array::from_fn(|at| tail(&self.frames[at]))
    }
}

/// A `Join` command at work.
#[derive(Debug)]
pub struct Member {
    /// The command.
    pub command: CommandId,
    /// Who.
    pub session: SessionId,
    /// What it may.
    pub membership: Membership,
    /// What it says in this tick.
    pub voice: Voice,
    /// Whether it says anything in this tick.
    pub speaks: bool,
    /// Ticks for which it has heard what all listeners hear; `None` before its first.
    pub settled: Option<u32>,
    /// Whether it was fed from the encoder of all listeners in the last tick.
    pub shares: bool,
    gate: Gate,
    leveller: Leveller,
    factor: f32,
    samples: Vec<i16>,
}

impl Member {
    /// One that has not said anything yet.
    pub fn new(command: CommandId, session: SessionId, membership: Membership) -> Self {
        Self {
            command,
            session,
            membership,
            voice: Voice::default(),
            speaks: false,
            settled: None,
            shares: false,
            gate: Gate::default(),
            leveller: Leveller::default(),
            factor: 0.0,
            samples: Vec::new(),
        }
    }

    /// Whether what comes from it must be decoded: one that has just been muted fades out.
    pub fn listens(&self) -> bool {
        !self.membership.muted || self.factor > 0.0
    }

    /// Takes its 20 ms; says so when it began or stopped to speak, if somebody wants to know.
    pub fn hear(&mut self, frame: &[i16], rate: u32, needed: Each<bool>) -> Option<bool> {
        let muted = self.membership.muted;
        let power = power(frame);
        let open = self.gate.hear(power) && !muted;
        let mut wanted = 0.0;
        if open {
            let automatic = if self.membership.level {
                self.leveller.hear(power)
            } else {
                0.0
            };
            let decibels = self.membership.gain + automatic;
            wanted = if decibels == 0.0 {
                1.0
            } else {
                10f32.powf(decibels / 20.0)
            };
        }
        self.speaks = wanted > 0.0 || self.factor > 0.0;
        if self.speaks {
            self.samples.clear();
            self.samples.extend_from_slice(frame);
            let over = if self.factor == 0.0 {
                frame.len() * ATTACK_MS / 20
            } else {
                frame.len()
            };
            scale(&mut self.samples, self.factor, wanted, over);
            self.factor = wanted;
            self.voice.put(&self.samples, rate, needed);
        } else {
            self.voice.rest();
        }
        let change = self.gate.notice(if muted { 0.0 } else { power });
        change.filter(|_| self.membership.reports)
    }

    /// Nothing is to be heard from it.
    pub fn rest(&mut self) -> Option<bool> {
        self.speaks = false;
        self.factor = 0.0;
        self.voice.rest();
        let change = self.gate.notice(0.0);
        self.gate.hear(0.0);
        change.filter(|_| self.membership.reports)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: Each<bool> = [true; 3];

    fn member(membership: Membership) -> Member {
        Member::new(1, 2, membership)
    }

    #[test]
    fn every_rate_has_its_place() {
        assert_eq!([8000, 16_000, 48_000, 24_000].map(slot), [0, 1, 2, 1]);
    }

    #[test]
    fn a_voice_is_there_at_each_rate_that_is_needed() {
        let mut member = member(Membership::default());
        member.hear(&[1000; 320], 16_000, [true, true, false]);
        assert!(member.speaks);
        let lengths = [0, 1, 2].map(|at| member.voice.frame(at).len());
        assert_eq!(lengths, [160, 320, 0]);
    }

    #[test]
    fn silence_is_not_added_and_speech_begins_within_a_few_milliseconds() {
        let mut member = member(Membership::default());
        member.hear(&[10; 160], 8000, ALL);
        assert!(!member.speaks);
        member.hear(&[1000; 160], 8000, ALL);
        assert_eq!(member.voice.frame(0)[32..], [1000; 128]);
        assert!(member.voice.frame(0)[0] < 100);
    }

    #[test]
    fn one_that_is_muted_fades_out_and_is_not_listened_to_any_more() {
        let mut member = member(Membership::default());
        member.hear(&[1000; 160], 8000, ALL);
        member.membership.muted = true;
        assert!(member.listens());
        member.hear(&[1000; 160], 8000, ALL);
        let faded = member.voice.frame(0);
        assert!(faded.windows(2).all(|pair| pair[0] - pair[1] <= 7) && faded[159] == 0);
        assert!(!member.listens());
    }

    #[test]
    fn gain_is_in_decibels() {
        let membership = Membership {
            gain: -6.0,
            ..Membership::default()
        };
        let mut member = member(membership);
        member.hear(&[1000; 160], 8000, ALL);
        member.hear(&[1000; 160], 8000, ALL);
        assert_eq!(member.voice.frame(0)[100], 501);
    }
}
