//! The sources of one `Play`, one after the other without a gap, and again.

use crate::command::{Loading, Source};
use crate::flow::{Drawn, Intake, Opening};
use crate::player::{converter, Fill};
use crate::resample::Conversion;
use crate::tone::ToneGenerator;

/// Pieces of a flow that are passed over in one tick, at most.
const MOST_SKIPPED: usize = 50;

/// How far they have come.
#[derive(Debug)]
pub struct Program {
    loading: Loading,
    /// Taken over once they are loaded: shared counters would cost a cache miss in every frame.
    loaded: Option<Vec<Source>>,
    repeat: u32,
    rounds: u32,
    at: usize,
    part: Part,
    moved: bool,
    /// Milliseconds that are passed over before the first sample, once.
    offset: u64,
}

/// How far one source has come. A line that changes its rate in the middle hears the rest at the new one.
#[derive(Debug, Default)]
struct Part {
    position: usize,
    tone: Option<ToneGenerator>,
    conversion: Option<Box<Conversion>>,
    ended: bool,
    rate: u32,
    intake: Intake,
    piece: Vec<i16>,
    /// Milliseconds of a flow that are to be passed over.
    skip: u64,
}

/// What a source has for the rest of a frame.
enum Got {
    /// So many samples; none is its end.
    Samples(usize),
    NotYet,
    Failed(String),
}

impl Program {
    /// `repeat` 0 is for ever; `offset` in milliseconds.
    pub fn new(loading: Loading, repeat: u32, offset: u64) -> Self {
        Self {
            loading,
            loaded: None,
            repeat,
            rounds: 0,
            at: 0,
            part: Part::default(),
            moved: false,
            offset,
        }
    }

    /// The next frame at `rate` hertz.
    pub fn fill(&mut self, frame: &mut [i16], rate: u32) -> Fill {
        let sources = match (&mut self.loaded, self.loading.get()) {
            (Some(sources), _) => &*sources,
            (None, None) => return Fill::Waiting,
            (None, Some(Err(reason))) => return Fill::Failed(reason.clone()),
            (loaded, Some(Ok(sources))) => &*loaded.insert(sources.clone()),
        };
        let mut filled = 0;
        while filled < frame.len() {
            let Some(source) = sources.get(self.at) else {
                self.rounds += 1;
                // A round without a sample would go on for ever.
                if !std::mem::take(&mut self.moved) || self.repeat != 0 && self.rounds >= self.repeat {
                    self.at = sources.len();
                    return Fill::Ended(filled);
                }
                self.at = 0;
                continue;
            };
            if self.offset > 0 {
                self.moved = true;
                self.offset = self.part.pass_over(source, self.offset, rate);
            }
            match self.part.fill(source, &mut frame[filled..], rate) {
                Got::Samples(0) => {
                    self.at += 1;
                    self.part = Part::default();
                }
                Got::Samples(part) => {
                    self.moved = true;
                    filled += part;
                }
                // The far end hears the rest of this frame as silence.
                Got::NotYet if filled > 0 => {
                    frame[filled..].fill(0);
                    return Fill::Full;
                }
                Got::NotYet => return Fill::Waiting,
                Got::Failed(reason) => return Fill::Failed(reason),
            }
        }
        Fill::Full
    }
}

impl Part {
    /// Begins `source` later by `offset` milliseconds, or passes all of it over; returns what is left for the next one.
    fn pass_over(&mut self, source: &Source, offset: u64, rate: u32) -> u64 {
        let samples = |rate: u32| (offset * u64::from(rate) / 1000) as usize;
        let (length, own) = match source {
            Source::Prompt(prompt) => (prompt.samples().len(), prompt.rate()),
            Source::Silence(ms) => (*ms as usize * (rate as usize / 1000), rate),
            Source::Tone(order) => {
                let tone = self.tone.get_or_insert_with(|| ToneGenerator::new(order, rate));
                let mut left = samples(rate);
                let mut room = [0; 960];
                self.rate = rate;
                while left > 0 && order.repeat > 0 {
                    let length = left.min(room.len());
                    let passed = tone.fill(&mut room[..length]);
                    if passed == 0 {
                        return left as u64 * 1000 / u64::from(rate);
                    }
                    left -= passed;
                }
                return 0;
            }
            Source::Flow(_) => {
                self.skip = offset;
                return 0;
            }
        };
        self.rate = rate;
        self.position = samples(own).min(length);
        offset.saturating_sub(length as u64 * 1000 / u64::from(own))
    }

    /// What `source` has from here on, as much as there is room for.
    fn fill(&mut self, source: &Source, room: &mut [i16], rate: u32) -> Got {
        let before = std::mem::replace(&mut self.rate, rate);
        Got::Samples(match source {
            Source::Prompt(prompt) => {
                let (samples, own) = (prompt.samples(), prompt.rate());
                if own == rate {
                    self.copied(samples, room)
                } else {
                    self.converted(samples, own, room, rate)
                }
            }
            Source::Silence(ms) => {
                if before != 0 {
                    self.position = (self.position as u64 * u64::from(rate) / u64::from(before)) as usize;
                }
                let total = *ms as usize * (rate as usize / 1000);
                let length = total.saturating_sub(self.position).min(room.len());
                room[..length].fill(0);
                self.position += length;
                length
            }
            Source::Tone(order) => {
                if before != rate {
                    self.tone = None;
                }
                self.tone
                    .get_or_insert_with(|| ToneGenerator::new(order, rate))
                    .fill(room)
            }
            Source::Flow(opening) => return self.flowing(opening, room, rate),
        })
    }

    fn copied(&mut self, samples: &[i16], room: &mut [i16]) -> usize {
        let rest = samples.get(self.position..).unwrap_or(&[]);
        let length = rest.len().min(room.len());
        room[..length].copy_from_slice(&rest[..length]);
        self.position += length;
        length
    }

    fn converted(&mut self, samples: &[i16], from: u32, room: &mut [i16], to: u32) -> usize {
        let Some(conversion) = converter(&mut self.conversion, from, to) else {
            return 0;
        };
        let mut filled = conversion.take(room);
        while filled < room.len() && !self.ended {
            let rest = samples.get(self.position..).unwrap_or(&[]);
            // In small pieces: what the filter has taken in is lost when the line changes its rate.
            let piece = &rest[..rest.len().min(from as usize / 200)];
            self.position += piece.len();
            self.ended = piece.is_empty();
            if self.ended {
                conversion.end();
            } else {
                conversion.feed(piece);
            }
            filled += conversion.take(&mut room[filled..]);
        }
        filled
    }

    fn flowing(&mut self, opening: &Opening, room: &mut [i16], rate: u32) -> Got {
        let flow = match opening.get() {
            None => return Got::NotYet,
            Some(Err(reason)) => return Got::Failed(reason.clone()),
            Some(Ok(flow)) => flow,
        };
        let (mut filled, mut passed) = (0, 0);
        loop {
            let piece = std::mem::take(&mut self.piece);
            filled += if flow.rate == rate {
                self.copied(&piece, &mut room[filled..])
            } else {
                self.converted_piece(&piece, flow.rate, &mut room[filled..], rate)
            };
            self.piece = piece;
            if filled == room.len() || self.ended {
                return Got::Samples(filled);
            }
            self.piece.clear();
            self.position = 0;
            match self.intake.draw(flow, &mut self.piece) {
                Drawn::More if self.skip > 0 => {
                    let whole = self.piece.len() as u64 * 1000 / u64::from(flow.rate);
                    self.position = ((self.skip * u64::from(flow.rate) / 1000) as usize).min(self.piece.len());
                    self.skip = self.skip.saturating_sub(whole.max(1));
                    passed += 1;
                    if passed == MOST_SKIPPED {
                        return Got::NotYet;
                    }
                }
                Drawn::More => {}
                Drawn::Over => {
                    self.ended = true;
                    if let Some(conversion) = &mut self.conversion {
                        conversion.end();
                        filled += conversion.take(&mut room[filled..]);
                    }
                    return Got::Samples(filled);
                }
                Drawn::NotYet if filled > 0 => return Got::Samples(filled),
                Drawn::NotYet => return Got::NotYet,
                Drawn::Failed(reason) => return Got::Failed(reason),
            }
        }
    }

    /// As `converted`, of a piece that others follow.
    fn converted_piece(&mut self, samples: &[i16], from: u32, room: &mut [i16], to: u32) -> usize {
        let Some(conversion) = converter(&mut self.conversion, from, to) else {
            return 0;
        };
        let mut filled = conversion.take(room);
        while filled < room.len() && self.position < samples.len() {
            let rest = &samples[self.position..];
            let piece = &rest[..rest.len().min(from as usize / 200)];
            self.position += piece.len();
            conversion.feed(piece);
            filled += conversion.take(&mut room[filled..]);
        }
        filled
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::Tone;
    use crate::flow::Flow;
    use crate::prompt::Prompt;
    use std::sync::{Arc, OnceLock};

    fn all(sources: Vec<Source>, repeat: u32, offset: u64, rate: u32) -> Vec<i16> {
        let mut program = Program::new(Arc::new(OnceLock::from(Ok(sources))), repeat, offset);
        let (mut heard, mut frame) = (Vec::new(), vec![0; rate as usize / 50]);
        loop {
            match program.fill(&mut frame, rate) {
                Fill::Full => heard.extend(&frame),
                Fill::Ended(part) => {
                    heard.extend(&frame[..part]);
                    return heard;
                }
                other => panic!("{other:?}"),
            }
        }
    }

    fn prompt(value: i16, length: usize) -> Source {
        Source::Prompt(Arc::new(Prompt::new(&vec![value; length], 8000, 8000).expect("a rate")))
    }

    fn flow(rate: u32, pieces: &[Vec<i16>]) -> Source {
        let (sender, receiver) = crossbeam_channel::unbounded();
        pieces
            .iter()
            .for_each(|piece| sender.send(Ok(piece.clone())).expect("room"));
        Source::Flow(Arc::new(OnceLock::from(Ok(Flow { rate, pieces: receiver }))))
    }

    #[test]
    fn prompts_and_flows_follow_each_other_without_a_gap() {
        let sources = vec![prompt(1, 100), flow(8000, &[vec![2; 70], vec![3; 300]]), prompt(4, 50)];
        let expected = [vec![1; 100], vec![2; 70], vec![3; 300], vec![4; 50]].concat();
        assert_eq!(all(sources, 1, 0, 8000), expected);
    }

    #[test]
    fn a_flow_of_another_rate_lasts_as_long() {
        for (from, to) in [(16_000, 8000), (8000, 48_000)] {
            let pieces = vec![vec![1000; from as usize / 10]; 10];
            let heard = all(vec![flow(from, &pieces)], 1, 0, to);
            assert!(heard.len().abs_diff(to as usize) <= 50, "{}", heard.len());
            let middle = &heard[heard.len() / 4..heard.len() * 3 / 4];
            assert!(middle.iter().all(|sample| (990..=1010).contains(sample)));
        }
    }

    #[test]
    fn an_offset_passes_over_what_comes_first_and_only_once() {
        let tone = Source::Tone(Tone {
            frequencies: vec![500.0],
            on: 10,
            off: 0,
            repeat: 1,
            level: -12.0,
        });
        let sources = vec![
            prompt(1, 80),
            Source::Silence(10),
            tone,
            flow(8000, &[vec![2; 80]]),
            prompt(3, 8),
        ];
        let lengths = |offset| all(sources_again(&sources), 1, offset, 8000).len();
        assert_eq!(lengths(0), 328);
        assert_eq!([5, 15, 25, 35, 40].map(lengths), [288, 208, 128, 48, 8]);
        assert_eq!(all(vec![prompt(1, 80)], 2, 5, 8000).len(), 120);
        assert_eq!(all(vec![prompt(1, 80)], 1, 500, 8000).len(), 0);
    }

    fn sources_again(sources: &[Source]) -> Vec<Source> {
        let again = |source: &Source| match source {
            Source::Flow(_) => flow(8000, &[vec![2; 80]]),
            other => other.clone(),
        };
        sources.iter().map(again).collect()
    }

    #[test]
    fn a_flow_that_fails_or_is_late_is_waited_for_or_given_up() {
        let opening = Opening::default();
        let sources = vec![prompt(1, 200), Source::Flow(Arc::clone(&opening))];
        let mut program = Program::new(Arc::new(OnceLock::from(Ok(sources))), 1, 0);
        let mut frame = [9; 160];
        assert_eq!(program.fill(&mut frame, 8000), Fill::Full);
        assert_eq!(program.fill(&mut frame, 8000), Fill::Full);
        assert_eq!((frame[39], frame[40]), (1, 0), "silence where nothing has come yet");
        assert_eq!(program.fill(&mut frame, 8000), Fill::Waiting);
        opening.set(Err("no sound".into())).expect("unset");
        assert_eq!(program.fill(&mut frame, 8000), Fill::Failed("no sound".into()));
    }
}
