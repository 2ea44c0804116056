//! What a shard says: the events of `offhook.media.events`.

use crate::command::{Codec, CommandId, SessionId};

/// Why a recording ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RecordEnd {
    /// It is as long as it may be.
    MaxLength,
    /// Silence for as long as it was told to wait.
    Silence,
    /// The finish key.
    Key,
    /// Cancelled, or its session closed.
    Cancelled,
    /// The file could not be written any further.
    Broken,
}

/// What a session has seen of its line (RFC 3550 section 6.4).
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Statistics {
    /// What we send.
    pub codec_sent: Option<Codec>,
    /// What came last.
    pub codec_received: Option<Codec>,
    /// RTP packets sent.
    pub packets_sent: u64,
    /// Valid RTP packets received.
    pub packets_received: u64,
    /// Expected, but never arrived.
    pub packets_lost: u64,
    /// Arrived after they were needed.
    pub packets_late: u64,
    /// Arrived again.
    pub packets_duplicate: u64,
    /// Not believed to be the far end's.
    pub packets_refused: u64,
    /// Milliseconds of audio that were made up for.
    pub concealed: u64,
    /// Milliseconds that the jitter buffer holds packets.
    pub delay: u32,
    /// Interarrival jitter, ms.
    pub jitter: f64,
    /// From RTCP, ms.
    pub round_trip: Option<f64>,
    /// Parts in a million by which the far end's clock is fast.
    pub drift: Option<f64>,
    /// Of ours, as the far end says: never arrived there.
    pub far_lost: Option<u64>,
    /// Interarrival jitter there, ms.
    pub far_jitter: Option<f64>,
    /// Rating factor of what we hear.
    pub r_factor: Option<f64>,
    /// Rating factor of what the far end hears.
    pub far_r_factor: Option<f64>,
}

/// What stopped something that played.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stop {
    /// A key.
    Key(char),
    /// A voice.
    Voice,
}

/// What a `Detect` command found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Finding {
    /// A voice began.
    VoiceStarted,
    /// It ended.
    VoiceStopped,
    /// There was no voice for as long as was asked for.
    Silence,
    /// A single tone of so many hertz began.
    ToneStarted(u32),
    /// It ended after so many milliseconds.
    ToneStopped(u32),
}

/// What came of a command.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// The session is open at this address.
    Opened {
        /// An IP literal.
        host: String,
        /// RTP, even; RTCP is the next.
        port: u16,
    },
    /// So much was sent.
    Played {
        /// Milliseconds.
        duration: u64,
        /// What stopped it before its end.
        stopped_by: Option<Stop>,
    },
    /// So much is in the file.
    Recorded {
        /// The file.
        path: String,
        /// Milliseconds.
        duration: u64,
        /// Why it ended.
        end: RecordEnd,
        /// The key that ended it.
        key: Option<char>,
        /// Why the file ends too early, if it does: a sentence.
        reason: Option<String>,
    },
    /// The session's life.
    Closed(Box<Statistics>),
    /// The session's life so far.
    Measured(Box<Statistics>),
    /// Nothing to tell.
    Done,
}

/// What happened.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// The command did what it was to do.
    Finished(CommandId, Outcome),
    /// It could not be done; a sentence says why.
    Failed(CommandId, String),
    /// `Cancel` or `Close` ended it.
    Cancelled(CommandId, Option<Outcome>),
    /// A key, once.
    Digit(SessionId, char),
    /// A member of a room began or stopped to speak.
    Speaking(SessionId, bool),
    /// Nothing arrived for so many ms.
    RtpLost(SessionId, u64),
    /// Something that a `Detect` command listens for.
    Detected {
        /// The command.
        command: CommandId,
        /// What.
        what: Finding,
        /// When it began or ended, in milliseconds of what was heard since the command began.
        at: u64,
    },
    /// A mark of a stream was reached.
    Mark {
        /// The stream.
        command: CommandId,
        /// Its name.
        name: String,
        /// What was before it was dropped, not sent.
        cleared: bool,
    },
    /// There is no way to a browser (any more); a sentence says why.
    PathLost(SessionId, String),
    /// Audio of a tap, 16-bit little-endian.
    Chunk {
        /// The tap.
        command: CommandId,
        /// Whether it is what the far end hears.
        outbound: bool,
        /// The samples.
        data: Vec<u8>,
        /// How many chunks may wait; the oldest go first.
        backlog: u32,
    },
}
