//! A bridge of two sessions (or of one with itself): who hears whom, and the stereo recording of both.

use crate::command::{CommandId, SessionId};
use crate::event::RecordEnd;
use crate::recorder::{Finishing, Tape};
use crate::world::World;
use crate::FRAME;

/// A `Bridge` command at work.
#[derive(Debug)]
pub struct Bridge {
    /// The command.
    pub command: CommandId,
    /// Left.
    pub a: SessionId,
    /// Right.
    pub b: SessionId,
    recording: Option<(String, Tape)>,
}

impl Bridge {
    /// Starts its recording, if there is to be one, or goes on with the file that is there.
    pub fn new(command: CommandId, a: SessionId, b: SessionId, path: Option<String>, world: &mut dyn World) -> Self {
        let recording = path.map(|path| {
            let tape = Tape::start(command, &path, 2, true, world);
            (path, tape)
        });
        Self {
            command,
            a,
            b,
            recording,
        }
    }

    /// Whether both must be listened to by ourselves.
    pub fn records(&self) -> bool {
        self.recording.is_some()
    }

    /// Whom the packets of `from` go to.
    pub fn other(&self, from: SessionId) -> SessionId {
        if from == self.a {
            self.b
        } else {
            self.a
        }
    }

    /// Takes 20 ms of both.
    pub fn hear(&mut self, left: &[i16; FRAME], right: &[i16; FRAME], world: &mut dyn World) {
        if let Some((_, tape)) = &mut self.recording {
            tape.append(left.iter().zip(right).flat_map(|(l, r)| [*l, *r]), world);
        }
    }

    /// Why the recording cannot be written, if so.
    pub fn failure(&self) -> Option<&str> {
        self.recording.as_ref().and_then(|(_, tape)| tape.failure())
    }

    /// Completes the recording, if there is one.
    pub fn finish(self, world: &mut dyn World) -> Option<Finishing> {
        let (path, tape) = self.recording?;
        let written = tape.finish(u64::MAX, world);
        Some(Finishing::new(self.command, path, RecordEnd::Cancelled, None, written))
    }
}
