//! What one `Play` or `Inject` still has to send, frame by frame.

use std::collections::VecDeque;

use crate::command::{CommandId, Loading, Source, Tone};
use crate::resample::{RateError, Resampler};
use crate::tone::ToneGenerator;
use crate::{FRAME, RATE};

/// What came of asking for a frame.
#[derive(Debug, PartialEq, Eq)]
pub enum Fill {
    /// The frame is full.
    Full,
    /// The frame holds this much, and nothing follows.
    Ended(usize),
    /// Nothing to send yet; the track keeps its place.
    Waiting,
    /// It cannot be played.
    Failed(String),
}

/// One entry of a session's queue of audio.
#[derive(Debug)]
pub struct Track {
    /// Whose it is.
    pub command: CommandId,
    /// Samples sent so far.
    pub sent: u64,
    /// Keys that stop it.
    pub stop_on: String,
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    Sources(Sources),
    Beep(ToneGenerator),
    Stream(Stream),
}

#[derive(Debug)]
struct Sources {
    loading: Loading,
    /// Taken over once they are loaded: shared counters would cost a cache miss in every frame.
    loaded: Option<Vec<Source>>,
    repeat: u32,
    rounds: u32,
    at: usize,
    position: usize,
    tone: Option<ToneGenerator>,
    moved: bool,
}

#[derive(Debug)]
struct Stream {
    resampler: Resampler,
    waiting: VecDeque<i16>,
    most: usize,
    last: bool,
}

impl Track {
    /// The sources of a `Play`.
    pub fn play(command: CommandId, loading: Loading, repeat: u32, stop_on: String) -> Self {
        let sources = Sources {
            loading,
            loaded: None,
            repeat,
            rounds: 0,
            at: 0,
            position: 0,
            tone: None,
            moved: false,
        };
        Self {
            command,
            sent: 0,
            stop_on,
            kind: Kind::Sources(sources),
        }
    }

    /// The beep before the recording `command`.
    pub fn beep(command: CommandId) -> Self {
        let tone = Tone {
            frequencies: vec![1000.0],
            on: 250,
            off: 0,
            repeat: 1,
            level: -12.0,
        };
        Self {
            command,
            sent: 0,
            stop_on: String::new(),
            kind: Kind::Beep(ToneGenerator::new(&tone)),
        }
    }

    /// A stream that is fed; `backlog` in milliseconds.
    pub fn stream(command: CommandId, rate: u32, backlog: u32) -> Result<Self, RateError> {
        let most = (backlog as usize).saturating_mul(RATE as usize / 1000);
        let stream = Stream {
            resampler: Resampler::new(rate, RATE)?,
            waiting: VecDeque::new(),
            most,
            last: false,
        };
        Ok(Self {
            command,
            sent: 0,
            stop_on: String::new(),
            kind: Kind::Stream(stream),
        })
    }

    /// Whether this is the beep of a recording, not a command of its own.
    pub fn is_beep(&self) -> bool {
        matches!(self.kind, Kind::Beep(_))
    }

    /// Feeds a stream. `false` when it would hold more than it may; nothing is taken then.
    pub fn feed(&mut self, samples: &[i16], last: bool) -> bool {
        let Kind::Stream(stream) = &mut self.kind else {
            return true;
        };
        let mut converted = Vec::new();
        stream.resampler.process(samples, &mut converted);
        if last {
            stream.resampler.flush(&mut converted);
        }
        if stream.waiting.len() + converted.len() > stream.most {
            return false;
        }
        stream.waiting.extend(converted);
        stream.last |= last;
        true
    }

    /// Milliseconds sent.
    pub fn duration(&self) -> u64 {
        self.sent * 1000 / u64::from(RATE)
    }

    /// The next 20 ms, or what there is of them; the rest of the frame is silent.
    pub fn fill(&mut self, frame: &mut [i16; FRAME]) -> Fill {
        let outcome = match &mut self.kind {
            Kind::Sources(sources) => sources.fill(frame),
            Kind::Beep(tone) => match tone.fill(frame) {
                FRAME => Fill::Full,
                part => Fill::Ended(part),
            },
            Kind::Stream(stream) => stream.fill(frame),
        };
        match outcome {
            Fill::Full => self.sent += FRAME as u64,
            Fill::Ended(part) => {
                frame[part..].fill(0);
                self.sent += part as u64;
            }
            Fill::Waiting | Fill::Failed(_) => {}
        }
        outcome
    }
}

impl Sources {
    fn fill(&mut self, frame: &mut [i16; FRAME]) -> Fill {
        let sources = match (&mut self.loaded, self.loading.get()) {
            (Some(sources), _) => &*sources,
            (None, None) => return Fill::Waiting,
            (None, Some(Err(reason))) => return Fill::Failed(reason.clone()),
            (loaded, Some(Ok(sources))) => &*loaded.insert(sources.clone()),
        };
        let mut filled = 0;
        while filled < FRAME {
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
            let part = part(source, self.position, &mut self.tone, &mut frame[filled..]);
            if part == 0 {
                (self.at, self.position, self.tone) = (self.at + 1, 0, None);
            }
            self.moved |= part > 0;
            self.position += part;
            filled += part;
        }
        Fill::Full
    }
}

// What `source` has from `position` on, as much as there is room for.
fn part(source: &Source, position: usize, tone: &mut Option<ToneGenerator>, room: &mut [i16]) -> usize {
    match source {
        Source::Prompt(prompt) => {
            let rest = prompt.samples().get(position..).unwrap_or(&[]);
            let length = rest.len().min(room.len());
            room[..length].copy_from_slice(&rest[..length]);
            length
        }
        Source::Silence(ms) => {
            let total = *ms as usize * (RATE as usize / 1000);
            let length = total.saturating_sub(position).min(room.len());
            room[..length].fill(0);
            length
        }
        Source::Tone(order) => tone.get_or_insert_with(|| ToneGenerator::new(order)).fill(room),
    }
}

impl Stream {
    fn fill(&mut self, frame: &mut [i16; FRAME]) -> Fill {
        if self.waiting.len() < FRAME && !self.last {
            return Fill::Waiting;
        }
        let length = self.waiting.len().min(FRAME);
        frame
            .iter_mut()
            .zip(self.waiting.drain(..length))
            .for_each(|(out, sample)| *out = sample);
        if length < FRAME {
            Fill::Ended(length)
        } else {
            Fill::Full
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prompt::Prompt;
    use std::sync::Arc;

    fn loaded(sources: Vec<Source>) -> Loading {
        Arc::new(std::sync::OnceLock::from(Ok(sources)))
    }

    fn prompt(value: i16, length: usize) -> Source {
        Source::Prompt(Arc::new(Prompt::new(&vec![value; length], RATE).expect("a rate")))
    }

    fn all(track: &mut Track) -> Vec<i16> {
        let mut heard = Vec::new();
        let mut frame = [0; FRAME];
        loop {
            match track.fill(&mut frame) {
                Fill::Full => heard.extend(frame),
                Fill::Ended(part) => {
                    heard.extend(&frame[..part]);
                    return heard;
                }
                other => panic!("{other:?}"),
            }
        }
    }

    #[test]
    fn sources_follow_each_other_without_a_gap_and_repeat() {
        let sources = loaded(vec![prompt(1, 100), Source::Silence(1), prompt(2, 50)]);
        let mut track = Track::play(1, sources, 3, String::new());
        let round = [vec![1; 100], vec![0; 8], vec![2; 50]].concat();
        assert_eq!(all(&mut track), round.repeat(3));
        assert_eq!(track.sent, 474);
    }

    #[test]
    fn nothing_repeated_for_ever_ends() {
        for sources in [vec![], vec![Source::Silence(0)], vec![prompt(1, 0)]] {
            let mut track = Track::play(1, loaded(sources), 0, String::new());
            assert_eq!(track.fill(&mut [0; FRAME]), Fill::Ended(0));
        }
    }

    #[test]
    fn a_prompt_that_is_not_loaded_yet_keeps_its_place() {
        let loading = Loading::default();
        let mut track = Track::play(1, loading.clone(), 1, String::new());
        assert_eq!(track.fill(&mut [0; FRAME]), Fill::Waiting);
        loading.set(Err("no such file".into())).expect("unset");
        assert_eq!(track.fill(&mut [0; FRAME]), Fill::Failed("no such file".into()));
    }

    #[test]
    fn a_stream_ends_after_its_last_sample_and_refuses_too_much() {
        let mut track = Track::stream(1, 8000, 100).expect("a rate");
        assert!(track.feed(&[5; 300], false));
        assert!(!track.feed(&[5; 600], false));
        assert!(track.feed(&[6; 10], true));
        assert_eq!(all(&mut track), [vec![5; 300], vec![6; 10]].concat());
    }
}
