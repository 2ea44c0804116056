//! Audio that is decoded while it is played: pieces come from another thread, a few seconds ahead at most.
//!
//! A far end hears silence where the pieces do not come in time. Then a few are gathered before it goes on: one long gap is less
//! annoying than many short ones.

use std::sync::{Arc, OnceLock};

use crossbeam_channel::{Receiver, TryRecvError};

/// Pieces that are gathered after a gap.
const GATHERED: usize = 3;
/// Ticks after which what there is has to do.
const MOST_GATHERING: u32 = 25;

/// Samples, or why no more follow.
pub type FlowPiece = Result<Vec<i16>, String>;

/// The receiving end. It is over when its sender is gone.
#[derive(Debug, Clone)]
pub struct Flow {
    /// Hertz of its samples.
    pub rate: u32,
    /// Whence they come.
    pub pieces: Receiver<FlowPiece>,
}

/// A flow that another thread opens, or fails to; a failure is a sentence.
pub type Opening = Arc<OnceLock<Result<Flow, String>>>;

/// What came of asking for samples.
#[derive(Debug, PartialEq, Eq)]
pub enum Drawn {
    /// Samples were appended.
    More,
    /// None are there yet.
    NotYet,
    /// None follow.
    Over,
    /// Something went wrong.
    Failed(String),
}

/// How far one flow has been heard.
#[derive(Debug, Default)]
pub struct Intake {
    begun: bool,
    gathering: u32,
}

impl Intake {
    /// Appends the next piece to `out`; at most once for each tick when there is none.
    pub fn draw(&mut self, flow: &Flow, out: &mut Vec<i16>) -> Drawn {
        if self.gathering > 0 && self.gathering < MOST_GATHERING && flow.pieces.len() < GATHERED {
            self.gathering += 1;
            return Drawn::NotYet;
        }
        match flow.pieces.try_recv() {
            Ok(Ok(samples)) => {
                self.begun = true;
                self.gathering = 0;
                out.extend(samples);
                Drawn::More
            }
            Ok(Err(reason)) => Drawn::Failed(reason),
            Err(TryRecvError::Disconnected) => Drawn::Over,
            Err(TryRecvError::Empty) => {
                self.gathering = u32::from(self.begun);
                Drawn::NotYet
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crossbeam_channel::bounded;

    #[test]
    fn after_a_gap_a_few_pieces_are_gathered_but_not_for_ever() {
        let (sender, pieces) = bounded(10);
        let flow = Flow { rate: 8000, pieces };
        let (mut intake, mut out) = (Intake::default(), Vec::new());
        assert_eq!(intake.draw(&flow, &mut out), Drawn::NotYet);
        sender.send(Ok(vec![1])).expect("room");
        assert_eq!(intake.draw(&flow, &mut out), Drawn::More, "the first is heard at once");
        assert_eq!(intake.draw(&flow, &mut out), Drawn::NotYet);
        sender.send(Ok(vec![2])).expect("room");
        let waited = (0..100)
            .take_while(|_| intake.draw(&flow, &mut out) == Drawn::NotYet)
            .count();
        assert_eq!(waited, 24);
        assert_eq!(intake.draw(&flow, &mut out), Drawn::NotYet);
        for sample in [3, 4, 5] {
            assert_eq!(intake.draw(&flow, &mut out), Drawn::NotYet);
            sender.send(Ok(vec![sample])).expect("room");
        }
        assert_eq!(intake.draw(&flow, &mut out), Drawn::More);
        assert_eq!(out, [1, 2, 3]);
    }

    #[test]
    fn the_end_and_a_failure_come_after_what_was_sent() {
        let (sender, pieces) = bounded(10);
        let flow = Flow { rate: 8000, pieces };
        let (mut intake, mut out) = (Intake::default(), Vec::new());
        sender.send(Ok(vec![1])).expect("room");
        sender.send(Err("it broke".into())).expect("room");
        drop(sender);
        let drawn: Vec<Drawn> = (0..3).map(|_| intake.draw(&flow, &mut out)).collect();
        assert_eq!(drawn, [Drawn::More, Drawn::Failed("it broke".into()), Drawn::Over]);
    }
}
