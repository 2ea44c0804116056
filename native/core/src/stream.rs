//! A stream towards a far end: samples that are fed while they are played, and marks among them.

use std::collections::VecDeque;

use crate::player::{converter, Fill};
use crate::resample::{Conversion, RateError, Resampler};
use crate::RATE;

/// Marks that may wait in one stream.
pub const MOST_MARKS: usize = 1024;

/// What an `Inject` still has to send.
#[derive(Debug)]
pub struct Stream {
    rate: u32,
    waiting: VecDeque<i16>,
    most: usize,
    last: bool,
    ended: bool,
    conversion: Option<Box<Conversion>>,
    /// Samples fed, and samples taken, since the beginning.
    fed: u64,
    taken: u64,
    marks: VecDeque<(u64, String)>,
}

impl Stream {
    /// `rate` in hertz, `backlog` in milliseconds.
    pub fn new(rate: u32, backlog: u32) -> Result<Self, RateError> {
        // Whether it can be converted is known before the first sample.
        Resampler::new(rate, RATE)?;
        Ok(Self {
            rate,
            waiting: VecDeque::new(),
            most: (backlog as usize).saturating_mul(rate as usize) / 1000,
            last: false,
            ended: false,
            conversion: None,
            fed: 0,
            taken: 0,
            marks: VecDeque::new(),
        })
    }

    /// Takes samples. `false` when it would hold more than it may; nothing is taken then.
    pub fn feed(&mut self, samples: &[i16], last: bool) -> bool {
        if self.waiting.len() + samples.len() > self.most {
            return false;
        }
        self.waiting.extend(samples);
        self.fed += samples.len() as u64;
        self.last |= last;
        true
    }

    /// Sets a mark behind what was fed so far. `false` when too many wait.
    pub fn mark(&mut self, name: String) -> bool {
        let fits = self.marks.len() < MOST_MARKS;
        if fits {
            self.marks.push_back((self.fed, name));
        }
        fits
    }

    /// Drops what waits; returns the marks in it.
    pub fn clear(&mut self) -> Vec<String> {
        self.taken += self.waiting.len() as u64;
        self.waiting.clear();
        self.conversion = None;
        self.marks.drain(..).map(|(_, name)| name).collect()
    }

    /// The next mark that has been reached.
    pub fn reached(&mut self) -> Option<String> {
        let reached = self.marks.front().is_some_and(|(at, _)| *at <= self.taken);
        reached.then(|| self.marks.pop_front()).flatten().map(|(_, name)| name)
    }

    /// The next 20 ms at `rate` hertz. Less than that waits for more, unless nothing follows or a mark is behind it.
    pub fn fill(&mut self, frame: &mut [i16], rate: u32) -> Fill {
        let step = self.rate as usize / 50;
        let pressed = self.last || !self.marks.is_empty() && !self.waiting.is_empty();
        if self.waiting.len() < step && !pressed {
            return Fill::Waiting;
        }
        let filled = if self.rate == rate {
            self.copy(frame)
        } else {
            self.convert(frame, rate, step)
        };
        if filled < frame.len() && !self.last {
            // The filter holds a little back once, and what is behind a mark may come later; that much is silent.
            frame[filled..].fill(0);
            return Fill::Full;
        }
        if filled < frame.len() {
            Fill::Ended(filled)
        } else {
            Fill::Full
        }
    }

    fn copy(&mut self, frame: &mut [i16]) -> usize {
        let length = self.waiting.len().min(frame.len());
        let samples = self.waiting.drain(..length);
        frame.iter_mut().zip(samples).for_each(|(out, sample)| *out = sample);
        self.taken += length as u64;
        length
    }

    fn convert(&mut self, frame: &mut [i16], rate: u32, step: usize) -> usize {
        let Some(conversion) = converter(&mut self.conversion, self.rate, rate) else {
            return 0;
        };
        let mut filled = 0;
        loop {
            filled += conversion.take(&mut frame[filled..]);
            if filled == frame.len() || self.ended {
                return filled;
            }
            if !self.waiting.is_empty() {
                let length = self.waiting.len().min(step);
                let piece: Vec<i16> = self.waiting.drain(..length).collect();
                self.taken += length as u64;
                conversion.feed(&piece);
            } else if self.last {
                conversion.end();
                self.ended = true;
            } else {
                return filled;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::FRAME;

    fn stream() -> Stream {
        Stream::new(RATE, 1000).expect("a rate")
    }

    #[test]
    fn a_mark_is_reached_with_the_last_sample_before_it() {
        let mut stream = stream();
        let mut frame = [0; FRAME];
        assert!(stream.feed(&[5; 320], false) && stream.mark("one".into()) && stream.feed(&[5; 160], false));
        assert_eq!(stream.fill(&mut frame, RATE), Fill::Full);
        assert_eq!(stream.reached(), None);
        assert_eq!(stream.fill(&mut frame, RATE), Fill::Full);
        assert_eq!(stream.reached().as_deref(), Some("one"));
        assert_eq!(stream.reached(), None);
    }

    #[test]
    fn what_is_shorter_than_a_frame_is_not_kept_from_its_mark() {
        for rate in [RATE, 16_000, 48_000] {
            let mut stream = stream();
            let mut frame = vec![9; rate as usize / 50];
            assert!(stream.feed(&[5; 40], false));
            assert_eq!(stream.fill(&mut frame, rate), Fill::Waiting);
            assert!(stream.mark("short".into()));
            assert_eq!(stream.fill(&mut frame, rate), Fill::Full);
            assert_eq!(frame.last(), Some(&0));
            assert_eq!(stream.reached().as_deref(), Some("short"));
            assert_eq!(stream.fill(&mut frame, rate), Fill::Waiting);
        }
    }

    #[test]
    fn a_mark_behind_nothing_is_reached_at_once() {
        let mut stream = stream();
        assert!(stream.mark("now".into()));
        assert_eq!(stream.fill(&mut [0; FRAME], RATE), Fill::Waiting);
        assert_eq!(stream.reached().as_deref(), Some("now"));
    }

    #[test]
    fn clearing_drops_what_waits_and_returns_its_marks_and_the_stream_goes_on() {
        let mut stream = stream();
        assert!(stream.feed(&[5; 800], false) && stream.mark("one".into()) && stream.mark("two".into()));
        assert_eq!(stream.clear(), ["one", "two"]);
        assert_eq!(stream.fill(&mut [0; FRAME], RATE), Fill::Waiting);
        assert!(stream.feed(&[7; 160], false) && stream.mark("three".into()));
        let mut frame = [0; FRAME];
        assert_eq!(stream.fill(&mut frame, RATE), Fill::Full);
        assert_eq!((frame[0], stream.reached().as_deref()), (7, Some("three")));
    }

    #[test]
    fn marks_are_bounded() {
        let mut stream = stream();
        assert!((0..MOST_MARKS).all(|n| stream.mark(n.to_string())));
        assert!(!stream.mark("more".into()));
    }
}
