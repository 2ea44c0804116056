//! A recording while it is made: what of a session it takes, when it starts and pauses, and why it ends.
//!
//! Runs once in each tick, after the session has heard and spoken. Writes nothing itself; see `tape`.

use crate::command::{CommandId, RecordOrder, Track};
use crate::event::{Outcome, RecordEnd};
use crate::resample::Conversion;
use crate::tape::{Form, Tape};
use crate::world::{World, Written};
use crate::RATE;

/// Root mean square below which 20 ms count as silence: about -45 dB of full scale.
const SILENT: i64 = 184;
const FRAME_MS: u64 = 20;
/// Hertz of a recording of a line that has more, where nothing else is asked for: what speech needs.
const WIDE: u32 = 16_000;

/// A command whose file is being completed.
#[derive(Debug)]
pub struct Finishing {
    /// The command.
    pub command: CommandId,
    path: String,
    rate: u32,
    end: RecordEnd,
    key: Option<char>,
    written: Written,
}

impl Finishing {
    /// A file of so many hertz that has been ordered to be completed.
    pub fn new(command: CommandId, path: String, rate: u32, end: RecordEnd, written: Written) -> Self {
        Self {
            command,
            path,
            rate,
            end,
            key: None,
            written,
        }
    }

    /// Whether it ended because somebody wanted it to.
    pub fn cancelled(&self) -> bool {
        self.end == RecordEnd::Cancelled
    }

    /// What came of it, once the file is complete.
    pub fn outcome(&self) -> Option<Result<Outcome, String>> {
        let written = self.written.get()?;
        Some(written.clone().map(|file| Outcome::Recorded {
            path: self.path.clone(),
            duration: file.samples * 1000 / u64::from(self.rate),
            end: if file.broken.is_some() {
                RecordEnd::Broken
            } else {
                self.end
            },
            key: self.key,
            reason: file.broken,
        }))
    }
}

/// 20 ms of sound at a rate in hertz; empty for silence.
pub type Sound<'a> = (&'a [i16], u32);

/// One side of the session, at the rate of the recording.
#[derive(Debug, Default)]
struct Side {
    frame: Vec<i16>,
    conversion: Option<Box<Conversion>>,
}

impl Side {
    fn take(&mut self, (frame, from): Sound, rate: u32) {
        self.frame.resize(rate as usize / 50, 0);
        if frame.is_empty() {
            self.frame.fill(0);
        } else if from == rate {
            self.frame.copy_from_slice(frame);
        } else {
            if !self.conversion.as_ref().is_some_and(|kept| kept.is(from, rate)) {
                self.conversion = Conversion::new(from, rate).ok().map(Box::new);
            }
            if let Some(conversion) = &mut self.conversion {
                conversion.frame(frame, &mut self.frame);
            }
        }
    }
}

fn silent(frame: &[i16]) -> bool {
    let energy: i64 = frame.iter().map(|s| i64::from(*s) * i64::from(*s)).sum();
    energy < SILENT * SILENT * frame.len() as i64
}

/// What a recording does while it is paused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pause {
    /// Leaves the time out.
    Skip,
    /// Records silence.
    Silence,
}

/// A `Record` command at work.
#[derive(Debug)]
pub struct Recorder {
    /// The command.
    pub command: CommandId,
    order: RecordOrder,
    form: Form,
    tape: Option<Tape>,
    pause: Option<Pause>,
    heard: Side,
    sent: Side,
    elapsed: u64,
    silent: u64,
    voiced: u64,
}

impl Recorder {
    /// Waits for its beep, or starts at once. `line` is the rate of the session's codec.
    pub fn new(command: CommandId, order: RecordOrder, line: u32, world: &mut dyn World) -> Self {
        let rate = if order.rate == 0 {
            line.clamp(RATE, WIDE)
        } else {
            order.rate
        };
        let form = Form {
            format: order.format,
            channels: order.channels,
            rate,
        };
        let mut recorder = Self {
            command,
            order,
            form,
            tape: None,
            pause: None,
            heard: Side::default(),
            sent: Side::default(),
            elapsed: 0,
            silent: 0,
            voiced: 0,
        };
        if !recorder.order.beep {
            recorder.start(world);
        }
        recorder
    }

    /// The beep is over.
    pub fn start(&mut self, world: &mut dyn World) {
        if self.tape.is_none() {
            self.tape = Some(Tape::start(
                self.command,
                &self.order.path,
                self.form,
                self.order.goes_on,
                world,
            ));
        }
    }

    /// Whether this key ends it.
    pub fn ends_on(&self, key: char) -> bool {
        self.order.finish_on.contains(key)
    }

    /// Whether it takes what the far end hears.
    pub fn takes_sent(&self) -> bool {
        self.order.track != Track::Heard
    }

    /// Pauses it, or with `None` lets it go on.
    pub fn pause(&mut self, pause: Option<Pause>) {
        self.pause = pause;
    }

    /// Takes 20 ms; says when it is enough.
    pub fn hear(&mut self, heard: Sound, sent: Sound, world: &mut dyn World) -> Option<RecordEnd> {
        let tape = self.tape.as_mut()?;
        if tape.broken() {
            return Some(RecordEnd::Broken);
        }
        if self.pause == Some(Pause::Skip) {
            self.silent = 0;
            return None;
        }
        let rate = self.form.rate;
        self.heard.take(heard, rate);
        self.sent.take(sent, rate);
        let mut quiet = match self.order.track {
            Track::Heard => silent(&self.heard.frame),
            Track::Sent => silent(&self.sent.frame),
            Track::Both => silent(&self.heard.frame) && silent(&self.sent.frame),
        };
        if self.pause == Some(Pause::Silence) {
            self.heard.frame.fill(0);
            self.sent.frame.fill(0);
            (quiet, self.silent) = (true, 0);
        } else {
            self.silent = if quiet { self.silent + FRAME_MS } else { 0 };
        }
        let room = self.order.max_length.saturating_sub(self.elapsed).min(FRAME_MS);
        self.elapsed += FRAME_MS;
        if !(self.order.trim && quiet && tape.length() == 0) {
            let length = (room * u64::from(rate) / 1000) as usize;
            let (heard, sent) = (&self.heard.frame[..length], &self.sent.frame[..length]);
            append(tape, &self.order, heard, sent, world);
        }
        if !quiet {
            self.voiced = tape.length();
        }
        if self.elapsed >= self.order.max_length {
            return Some(RecordEnd::MaxLength);
        }
        (self.order.silence > 0 && self.silent >= self.order.silence).then_some(RecordEnd::Silence)
    }

    /// Completes the file. A recording that never started is an empty one.
    pub fn finish(mut self, end: RecordEnd, key: Option<char>, world: &mut dyn World) -> Finishing {
        self.start(world);
        let keep = if self.order.trim { self.voiced } else { u64::MAX };
        let written = self.tape.map(|tape| tape.finish(keep, world)).unwrap_or_default();
        let finishing = Finishing::new(self.command, self.order.path, self.form.rate, end, written);
        Finishing { key, ..finishing }
    }
}

/// Of two channels the first is what is heard, the second what the far end hears; of one it is the sum.
fn append(tape: &mut Tape, order: &RecordOrder, heard: &[i16], sent: &[i16], world: &mut dyn World) {
    let (takes_heard, takes_sent) = (order.track != Track::Sent, order.track != Track::Heard);
    let both = heard.iter().zip(sent);
    let both = both.map(|(heard, sent)| (if takes_heard { *heard } else { 0 }, if takes_sent { *sent } else { 0 }));
    match order.channels {
        1 => tape.append(both.map(|(heard, sent)| heard.saturating_add(sent)), world),
        _ => tape.append(both.flat_map(|(heard, sent)| [heard, sent]), world),
    }
}
