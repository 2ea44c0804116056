//! What a shard is told to do: the commands of `offhook.media.commands` after loading and checking.

use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};

use crate::codec::opus;
pub use crate::codec::Codec;
use crate::detect::voice::VoiceOptions;
use crate::flow::Opening;
use crate::prompt::Prompt;
use crate::recorder::Pause;
use crate::srtp::Security;
use crate::tape::Format;
use crate::webrtc::Peer;

/// Names a session; chosen above the border.
pub type SessionId = u64;
/// Names a command; never used twice.
pub type CommandId = u64;
/// Names a room; chosen above the border.
pub type RoomId = u64;

/// Which way audio flows, seen from us (RFC 8866 section 6.7).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// Both ways.
    SendRecv,
    /// From us only.
    SendOnly,
    /// To us only.
    RecvOnly,
    /// Neither.
    Inactive,
}

impl Direction {
    /// Whether we may send audio.
    pub fn sends(self) -> bool {
        matches!(self, Self::SendRecv | Self::SendOnly)
    }

    /// Whether we listen to audio.
    pub fn receives(self) -> bool {
        matches!(self, Self::SendRecv | Self::RecvOnly)
    }
}

/// Where to send and how to read what arrives.
#[derive(Debug, Clone)]
pub struct Connect {
    /// Where signalling says that the far end listens.
    pub remote: SocketAddr,
    /// What is sent.
    pub codec: Codec,
    /// Under which number it is sent.
    pub payload_type: u8,
    /// What may be received.
    pub accepts: Vec<(u8, Codec)>,
    /// telephone-event (RFC 4733) as it is sent; `None` when the far end does not know it.
    pub dtmf: Option<u8>,
    /// telephone-event as it was promised to be received: RFC 3264 lets each side choose its own number.
    pub dtmf_accepts: Option<u8>,
    /// Milliseconds per packet that we make, 10..=60.
    pub ptime: u32,
    /// Hertz of the clock of telephone-event.
    pub dtmf_clock: u32,
    /// Listen for keys that come as tones.
    pub inband_dtmf: bool,
    /// Keys for the far end go by signalling: a bridge relays none.
    pub dtmf_signalled: bool,
    /// How Opus is encoded, where it is sent.
    pub opus: opus::Options,
    /// Which way audio flows.
    pub direction: Direction,
    /// Packets that may go to an address that never sent any.
    pub unconfirmed_limit: u32,
    /// Keys for SRTP; `None` sends and takes plain RTP only.
    pub security: Option<Box<Security>>,
    /// Reports share the port of RTP (RFC 5761).
    pub rtcp_mux: bool,
    /// Comfort noise (RFC 3389), both ways, on the clock of 8 kHz; then silence is not sent.
    pub comfort_noise: Option<u8>,
    /// Of a browser: who it is. Its keys come by a handshake, and `remote` means nothing.
    pub peer: Option<Box<Peer>>,
}

impl Connect {
    /// Whether a packet of this type is a telephone event. Some far ends send the number that they asked for, not the
    /// one that they were offered, so that one counts too where it means nothing else.
    pub fn is_event(&self, payload_type: u8) -> bool {
        let stated = self.dtmf_accepts == Some(payload_type);
        stated || self.dtmf == Some(payload_type) && self.accepts.iter().all(|(other, _)| *other != payload_type)
    }
}

/// A sum of sines, on and off.
#[derive(Debug, Clone, PartialEq)]
pub struct Tone {
    /// Hertz.
    pub frequencies: Vec<f64>,
    /// Milliseconds of sound.
    pub on: u32,
    /// Milliseconds of silence after it.
    pub off: u32,
    /// How often; 0 is for ever.
    pub repeat: u32,
    /// dBm0 of each sine.
    pub level: f64,
}

/// What a `Play` plays, after loading.
#[derive(Debug, Clone)]
pub enum Source {
    /// Decoded audio, shared by everybody who plays it.
    Prompt(Arc<Prompt>),
    /// Milliseconds of nothing.
    Silence(u32),
    /// Generated as it is played.
    Tone(Tone),
    /// Decoded as it is played.
    Flow(Opening),
}

/// The sources of a `Play`, which a loader fills in from its own thread; a failure is a sentence.
pub type Loading = Arc<OnceLock<Result<Vec<Source>, String>>>;

/// Which side of a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Track {
    /// What the far end says.
    Heard,
    /// What the far end hears.
    Sent,
    /// Both.
    Both,
}

/// How a recording is to be made.
#[derive(Debug, Clone)]
pub struct RecordOrder {
    /// Where the file goes.
    pub path: String,
    /// How it is written.
    pub format: Format,
    /// Which side is recorded.
    pub track: Track,
    /// 1, or 2: what is heard first, what the far end hears second.
    pub channels: u16,
    /// Hertz; 0 is that of the line, 16,000 at most.
    pub rate: u32,
    /// Go on with the recording that is in the file already.
    pub goes_on: bool,
    /// Milliseconds, at most.
    pub max_length: u64,
    /// Milliseconds of continuous silence that end it; 0 is never.
    pub silence: u64,
    /// Keys that end it.
    pub finish_on: String,
    /// Beep first.
    pub beep: bool,
    /// Cut silence at both ends.
    pub trim: bool,
}

/// What a member of a room may, and how it is heard.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Membership {
    /// Nobody hears it.
    pub muted: bool,
    /// It hears nobody.
    pub deaf: bool,
    /// Whom alone it is heard by.
    pub coaches: Option<SessionId>,
    /// Decibels by which it is louder than it came.
    pub gain: f32,
    /// Bring it slowly to the loudness of the others.
    pub level: bool,
    /// Tell when it begins and stops to speak.
    pub reports: bool,
}

/// A command for a room.
#[derive(Debug)]
pub enum RoomOrder {
    /// Play to everybody, over what they say.
    Announce {
        /// The audio.
        loading: Loading,
        /// How often; 0 is until stopped.
        repeat: u32,
    },
    /// Write what all say together.
    Record {
        /// Where the WAV file goes.
        path: String,
    },
    /// End the command that `id` names.
    Cancel,
}

/// A command for one session, or for two.
#[derive(Debug)]
pub enum Order {
    /// Bind sockets; done by the owner of the sockets before the machine hears of it.
    Connect(Connect),
    /// Queue audio.
    Play {
        /// The audio.
        loading: Loading,
        /// How often; 0 is until stopped.
        repeat: u32,
        /// Milliseconds that are passed over at first.
        offset: u64,
        /// dB by which it is louder.
        gain: f32,
        /// Keys that stop it.
        stop_on: String,
        /// A voice that stops it.
        stop_on_voice: Option<VoiceOptions>,
    },
    /// Send keys.
    Digits {
        /// Keys, `w` and `W`.
        digits: String,
        /// Milliseconds of each key.
        on: u32,
        /// Milliseconds between keys.
        off: u32,
    },
    /// Write what is said.
    Record(RecordOrder),
    /// Pause the recording that `id` names, or with `None` let it go on.
    Pause(Option<Pause>),
    /// Let `with` and the addressed session hear each other.
    Bridge {
        /// The other session, or the same for an echo.
        with: SessionId,
    },
    /// Come into a room.
    Join {
        /// Which.
        room: RoomId,
        /// As what.
        membership: Membership,
    },
    /// Change what a member of a room may.
    ChangeMember(Membership),
    /// Hand out what is heard, what the far end hears, or both.
    Tap {
        /// What is heard.
        inbound: bool,
        /// What the far end hears.
        outbound: bool,
        /// Hertz of the chunks.
        rate: u32,
        /// Milliseconds per chunk.
        chunk: u32,
        /// Chunks that may wait.
        backlog: u32,
    },
    /// Tell of voices, silence and tones.
    Detect {
        /// What counts as voice; `None` listens for none.
        voice: Option<VoiceOptions>,
        /// Milliseconds without a voice that are told; 0 is never.
        silence: u32,
        /// Whether single tones are told.
        tones: bool,
    },
    /// Open a stream towards the far end.
    Inject {
        /// Hertz of what will be fed.
        rate: u32,
        /// Milliseconds that may wait.
        backlog: u32,
    },
    /// Samples for the stream that `id` names.
    InjectAudio {
        /// 16-bit samples.
        samples: Vec<i16>,
        /// Nothing follows.
        last: bool,
    },
    /// Tell when all that the stream was fed so far has been sent.
    InjectMark(String),
    /// Drop what waits in the stream.
    InjectClear,
    /// Tell what the session has seen so far.
    Measure,
    /// Play what `id` names so much louder from now on, in dB.
    Gain(f32),
    /// End the command that `id` names.
    Cancel,
    /// End everything of the session.
    Close,
}
