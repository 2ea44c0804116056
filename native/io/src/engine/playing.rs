//! What is played to sessions and rooms, and what is supplied to it.

use std::sync::Arc;

use offhook_media_core::command::{CommandId, Order, RoomId, RoomOrder, SessionId};
use offhook_media_core::detect::voice::VoiceOptions;
use offhook_media_core::RATE;

use super::{Engine, Misuse};
use crate::loader::{Bytes, Purpose, SourceOrder};
use crate::supply::{StreamId, Supply};

/// Hertz of what is announced in rooms: all of a voice.
const ROOM_RATE: u32 = 16_000;

/// A source of a `Play`.
pub enum PlaySource {
    /// One that is all there.
    Ready(SourceOrder),
    /// One whose bytes come by `supply`.
    Supplied {
        /// Names it.
        stream: StreamId,
        /// What it is called when it cannot be played.
        name: String,
        /// What its sender says that it is; empty when nothing.
        stated: String,
    },
}

/// What is to be played, and how.
pub struct Play {
    /// One after the other.
    pub sources: Vec<PlaySource>,
    /// How often; 0 is until stopped.
    pub repeat: u32,
    /// Milliseconds that are passed over at first.
    pub offset: u64,
    /// dB by which it is louder.
    pub gain: f32,
    /// Keys that stop it.
    pub stop_on: String,
    /// A voice stops it.
    pub stop_on_voice: Option<VoiceOptions>,
}

impl Engine {
    /// Plays sources that are loaded meanwhile.
    pub fn play(&mut self, session: SessionId, command: CommandId, play: Play) -> Result<(), Misuse> {
        let Some(loader) = &self.loader else { return Ok(()) };
        let purpose = Purpose {
            line: self.rates.get(&session).copied().unwrap_or(RATE),
            repeats: play.repeat != 1,
        };
        let mut supplies = Vec::new();
        let sources = play.sources.into_iter().map(|source| match source {
            PlaySource::Ready(source) => source,
            PlaySource::Supplied { stream, name, stated } => {
                let supply = Supply::new(command, stream, Arc::clone(&self.outbox));
                supplies.push((stream, Arc::clone(&supply)));
                SourceOrder::Supplied { supply, name, stated }
            }
        });
        let loading = loader.load(sources.collect(), purpose);
        let order = Order::Play {
            loading,
            repeat: play.repeat,
            offset: play.offset,
            gain: play.gain,
            stop_on: play.stop_on,
            stop_on_voice: play.stop_on_voice,
        };
        self.order(session, command, order)?;
        if !supplies.is_empty() {
            self.supplies.insert(command, supplies);
        }
        Ok(())
    }

    /// Bytes of a sound that is supplied as it comes; without effect when nobody plays it any more.
    pub fn supply(&mut self, stream: StreamId, bytes: Bytes, last: bool) {
        let mut all = self.supplies.values().flatten();
        if let Some((_, supply)) = all.find(|(id, _)| *id == stream) {
            supply.put(bytes, last);
        }
    }

    /// Plays to a room what is loaded meanwhile, from its beginning to its end.
    pub fn announce(
        &mut self,
        room: RoomId,
        command: CommandId,
        sources: Vec<PlaySource>,
        repeat: u32,
    ) -> Result<(), Misuse> {
        let Some(loader) = &self.loader else { return Ok(()) };
        // Everybody in a room hears it from its beginning: it is loaded first.
        let purpose = Purpose {
            line: ROOM_RATE,
            repeats: true,
        };
        let sources = sources.into_iter().map(|source| match source {
            PlaySource::Ready(source) => source,
            PlaySource::Supplied { stream, name, stated } => SourceOrder::Supplied {
                supply: Supply::new(command, stream, Arc::clone(&self.outbox)),
                name,
                stated,
            },
        });
        let loading = loader.load(sources.collect(), purpose);
        self.order_room(room, command, RoomOrder::Announce { loading, repeat })
    }
}
