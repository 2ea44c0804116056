//! The media engine as a machine: packets, commands and the time go in, packets, events and file writes come out.
//!
//! No sockets, threads, files, clock or Python here; those belong to `offhook-media-io` and `offhook-media-py`.
#![forbid(unsafe_code)]

pub mod bridge;
pub mod codec;
pub mod comfort;
pub mod command;
pub mod detect;
pub mod drift;
pub mod dtmf;
pub mod ear;
pub mod event;
pub mod exchange;
pub mod feed;
pub mod flow;
pub mod gain;
pub mod gate;
pub mod jitter;
pub mod keys;
pub mod latch;
pub mod leveller;
pub mod line;
pub mod member;
pub mod mixer;
pub mod mouth;
pub mod ogg_page;
pub mod opus_file;
pub mod player;
pub mod program;
pub mod prompt;
pub mod quality;
pub mod recorder;
pub mod resample;
pub mod room;
pub mod rooms;
pub mod rtcp;
pub mod rtp;
pub mod sender;
pub mod session;
pub mod shared;
pub mod srtp;
pub mod stream;
pub mod tap;
pub mod tape;
pub mod tone;
pub mod wav;
pub mod webrtc;
pub mod world;

/// Microseconds on a clock that only moves forward; its zero means nothing.
pub type Micros = u64;

/// Samples per second of recordings, and of most lines; others have their codec's rate.
pub const RATE: u32 = 8000;

/// Samples in one tick of 20 ms at `RATE`.
pub const FRAME: usize = 160;

/// Samples in one tick at the highest rate of a line, 48 kHz.
pub const LONGEST_FRAME: usize = 960;

/// One tick in microseconds.
pub const TICK: Micros = 20_000;
