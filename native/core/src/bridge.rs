//! A bridge of two sessions (or of one with itself): who hears whom.

use crate::command::{CommandId, SessionId};

/// A `Bridge` command at work.
#[derive(Debug)]
pub struct Bridge {
    /// The command.
    pub command: CommandId,
    /// The one end.
    pub a: SessionId,
    /// The other, or the same.
    pub b: SessionId,
}

impl Bridge {
    /// Whom the packets of `from` go to.
    pub fn other(&self, from: SessionId) -> SessionId {
        if from == self.a {
            self.b
        } else {
            self.a
        }
    }
}
