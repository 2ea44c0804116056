//! What one `Play` or `Inject` still has to send, frame by frame.

use crate::command::{CommandId, Tone};
use crate::detect::voice::{VoiceDetector, VoiceOptions};
use crate::gain::Gain;
use crate::program::Program;
use crate::resample::{Conversion, RateError};
use crate::stream::Stream;
use crate::tone::ToneGenerator;
use crate::RATE;

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
    /// Samples sent so far, counted at 8 kHz.
    pub sent: u64,
    /// Keys that stop it.
    pub stop_on: String,
    /// Listens for the voice that stops it.
    pub voice: Option<Box<VoiceDetector>>,
    gain: Gain,
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    Program(Program),
    Beep(Option<ToneGenerator>),
    Stream(Stream),
}

impl Track {
    /// The sources of a `Play`.
    pub fn play(command: CommandId, program: Program, stop_on: String) -> Self {
        Self {
            command,
            sent: 0,
            stop_on,
            voice: None,
            gain: Gain::default(),
            kind: Kind::Program(program),
        }
    }

    /// So much louder, in dB.
    pub fn louder(mut self, gain: f32) -> Self {
        self.gain = Gain::begun_at(gain);
        self
    }

    /// Changes the gain, within one frame and without a click.
    pub fn set_gain(&mut self, gain: f32) {
        self.gain.turn(gain);
    }

    /// A voice stops it.
    pub fn stopping_on_voice(mut self, options: Option<VoiceOptions>) -> Self {
        self.voice = options.map(|options| Box::new(VoiceDetector::new(options)));
        self
    }

    /// The beep before the recording `command`.
    pub fn beep(command: CommandId) -> Self {
        Self {
            command,
            sent: 0,
            stop_on: String::new(),
            voice: None,
            gain: Gain::default(),
            kind: Kind::Beep(None),
        }
    }

    /// A stream that is fed; `backlog` in milliseconds.
    pub fn stream(command: CommandId, rate: u32, backlog: u32) -> Result<Self, RateError> {
        Ok(Self {
            command,
            sent: 0,
            stop_on: String::new(),
            voice: None,
            gain: Gain::default(),
            kind: Kind::Stream(Stream::new(rate, backlog)?),
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
        stream.feed(samples, last)
    }

    /// The stream that it is, if it is one.
    pub fn stream_mut(&mut self) -> Option<&mut Stream> {
        match &mut self.kind {
            Kind::Stream(stream) => Some(stream),
            _ => None,
        }
    }

    /// Milliseconds sent.
    pub fn duration(&self) -> u64 {
        self.sent * 1000 / u64::from(RATE)
    }

    /// The next 20 ms at `rate` hertz, or what there is of them; the rest of the frame is silent.
    pub fn fill(&mut self, frame: &mut [i16], rate: u32) -> Fill {
        let whole = frame.len();
        let outcome = match &mut self.kind {
            Kind::Program(program) => program.fill(frame, rate),
            Kind::Beep(tone) => {
                let tone = tone.get_or_insert_with(|| ToneGenerator::new(&beep(), rate));
                match tone.fill(frame) {
                    part if part == whole => Fill::Full,
                    part => Fill::Ended(part),
                }
            }
            Kind::Stream(stream) => stream.fill(frame, rate),
        };
        match outcome {
            Fill::Full => {
                self.gain.apply(frame);
                self.sent += (whole as u64 * u64::from(RATE)) / u64::from(rate);
            }
            Fill::Ended(part) => {
                frame[part..].fill(0);
                self.gain.apply(&mut frame[..part]);
                self.sent += (part as u64 * u64::from(RATE)) / u64::from(rate);
            }
            Fill::Waiting | Fill::Failed(_) => {}
        }
        outcome
    }
}

fn beep() -> Tone {
    Tone {
        frequencies: vec![1000.0],
        on: 250,
        off: 0,
        repeat: 1,
        level: -12.0,
    }
}

/// The conversion between two rates that was begun, or one anew.
pub fn converter(kept: &mut Option<Box<Conversion>>, from: u32, to: u32) -> Option<&mut Conversion> {
    if !kept.as_ref().is_some_and(|conversion| conversion.is(from, to)) {
        *kept = Conversion::new(from, to).ok().map(Box::new);
    }
    kept.as_deref_mut()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::{Loading, Source};
    use crate::prompt::Prompt;
    use crate::FRAME;
    use std::sync::Arc;

    fn loaded(sources: Vec<Source>) -> Loading {
        Arc::new(std::sync::OnceLock::from(Ok(sources)))
    }

    fn play(loading: Loading, repeat: u32) -> Track {
        Track::play(1, Program::new(loading, repeat, 0), String::new())
    }

    fn prompt(value: i16, length: usize) -> Source {
        Source::Prompt(Arc::new(Prompt::new(&vec![value; length], RATE, RATE).expect("a rate")))
    }

    fn all(track: &mut Track) -> Vec<i16> {
        let mut heard = Vec::new();
        let mut frame = [0; FRAME];
        loop {
            match track.fill(&mut frame, RATE) {
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
        let mut track = play(sources, 3);
        let round = [vec![1; 100], vec![0; 8], vec![2; 50]].concat();
        assert_eq!(all(&mut track), round.repeat(3));
        assert_eq!(track.sent, 474);
    }

    #[test]
    fn nothing_repeated_for_ever_ends() {
        for sources in [vec![], vec![Source::Silence(0)], vec![prompt(1, 0)]] {
            let mut track = play(loaded(sources), 0);
            assert_eq!(track.fill(&mut [0; FRAME], RATE), Fill::Ended(0));
        }
    }

    #[test]
    fn a_prompt_that_is_not_loaded_yet_keeps_its_place() {
        let loading = Loading::default();
        let mut track = play(loading.clone(), 1);
        assert_eq!(track.fill(&mut [0; FRAME], RATE), Fill::Waiting);
        loading.set(Err("no such file".into())).expect("unset");
        assert_eq!(track.fill(&mut [0; FRAME], RATE), Fill::Failed("no such file".into()));
    }

    #[test]
    fn a_stream_ends_after_its_last_sample_and_refuses_too_much() {
        let mut track = Track::stream(1, 8000, 100).expect("a rate");
        assert!(track.feed(&[5; 300], false));
        assert!(!track.feed(&[5; 600], false));
        assert!(track.feed(&[6; 10], true));
        assert_eq!(all(&mut track), [vec![5; 300], vec![6; 10]].concat());
    }

    fn level(samples: &[i16]) -> f64 {
        (samples.iter().map(|s| f64::from(*s).powi(2)).sum::<f64>() / samples.len() as f64).sqrt()
    }

    #[test]
    fn a_line_of_a_higher_rate_hears_the_same_for_as_long() {
        let sine: Vec<i16> = (0..4000)
            .map(|n| (8000.0 * (f64::from(n) * 0.3).sin()) as i16)
            .collect();
        let prompt = Source::Prompt(Arc::new(Prompt::new(&sine, RATE, RATE).expect("a rate")));
        for rate in [16_000, 48_000] {
            let mut stream = Track::stream(2, RATE, 1000).expect("a rate");
            assert!(stream.feed(&sine, true));
            let sources = loaded(vec![prompt.clone(), Source::Silence(100)]);
            for mut track in [play(sources, 1), stream] {
                let (mut heard, mut frame) = (Vec::new(), vec![0; rate as usize / 50]);
                loop {
                    match track.fill(&mut frame, rate) {
                        Fill::Full => heard.extend(&frame),
                        Fill::Ended(part) => break heard.extend(&frame[..part]),
                        other => panic!("{other:?}"),
                    }
                }
                let voice = &heard[rate as usize / 10..rate as usize / 10 * 4];
                assert!((level(voice) / level(&sine) - 1.0).abs() < 0.02, "{rate}");
                let expected = if track.command == 1 { 600 } else { 500 };
                assert!(track.duration().abs_diff(expected) <= 4, "{rate}: {}", track.duration());
            }
        }
    }

    #[test]
    fn a_line_that_changes_its_rate_hears_the_rest() {
        for source in [prompt(5, 1600), Source::Silence(200)] {
            let mut track = play(loaded(vec![source]), 1);
            let mut frame = [0; 960];
            for (rate, length) in [(8000, 160), (16_000, 320), (48_000, 960), (8000, 160)] {
                assert_eq!(track.fill(&mut frame[..length], rate), Fill::Full);
            }
            let mut rest = 0;
            while track.fill(&mut frame[..160], RATE) == Fill::Full {
                rest += 1;
            }
            assert!((5..=6).contains(&rest), "{rest} frames");
        }
    }
}
