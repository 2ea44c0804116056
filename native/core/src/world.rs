//! What the machine needs from outside: a way to send, to tell and to write. Implemented by sockets, and by tests.

use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};

use crate::command::SessionId;
use crate::event::Event;
use crate::tape::Form;
use crate::webrtc::path::Path;

/// A file that nothing more is written to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Complete {
    /// Samples per channel.
    pub samples: u64,
    /// Why it ends too early, if it does: a sentence.
    pub broken: Option<String>,
}

/// How the writing of a file ended; a sentence when there is none.
pub type Written = Arc<OnceLock<Result<Complete, String>>>;

/// Names a file while it is being written.
pub type FileId = u64;

/// What is to be done to a recording's file, in order.
#[derive(Debug)]
pub enum FileWrite {
    /// Create it, or empty the one that is there.
    Open {
        /// Names it from now on.
        file: FileId,
        /// Where.
        path: String,
        /// What will be in it.
        form: Form,
        /// Whether a recording that is there already is gone on with.
        goes_on: bool,
        /// Is told when the file is complete, or why it cannot be.
        written: Written,
    },
    /// Append samples (interleaved).
    Append {
        /// Which file.
        file: FileId,
        /// The samples.
        samples: Vec<i16>,
        /// Samples that were lost before these, because the disk is slow; silence stands for them.
        missing: usize,
    },
    /// Keep this many samples per channel, besides those that were there before it was opened, complete the header and close.
    Finish {
        /// Which file.
        file: FileId,
        /// Samples per channel.
        keep: u64,
    },
}

/// The outside, for the length of one call into the machine.
pub trait World {
    /// Send an RTP packet from the session's socket. Lost packets are nobody's business.
    fn rtp(&mut self, session: SessionId, to: SocketAddr, packet: &[u8]);
    /// Send an RTCP packet.
    fn rtcp(&mut self, session: SessionId, to: SocketAddr, packet: &[u8]);
    /// Send a packet of any kind to a browser, from the port that all such sessions share.
    fn web(&mut self, _session: SessionId, _to: Path, _packet: &[u8]) {}
    /// Checks that name this user fragment are the session's from now on, wherever they come from.
    fn named(&mut self, _session: SessionId, _ufrag: &str) {}
    /// What comes by this path answers a check of the session, unless it is known to be another's.
    fn asked(&mut self, _session: SessionId, _path: Path) {}
    /// Whatever comes by this path is the session's from now on.
    fn reached(&mut self, _session: SessionId, _path: Path) {}
    /// Tell what happened.
    fn emit(&mut self, event: Event);
    /// Write to a file, later and elsewhere. `false` when the disk cannot follow: the samples are lost (an `Append`
    /// only; the others are always taken).
    fn write(&mut self, write: FileWrite) -> bool;
    /// Whether packets of this session should be looked at on receipt (it is bridged) or may wait a few milliseconds.
    fn urgent(&mut self, session: SessionId, urgent: bool);
    /// The session is over; its sockets can go.
    fn closed(&mut self, session: SessionId);
    /// A random number: stream names and starting points must not be guessable (RFC 3550 section 8).
    fn random(&mut self) -> u64;
    /// Wall clock as NTP time (RFC 3550 section 4), for sender reports.
    fn ntp(&self) -> u64;
}
