//! What streams from a session and towards it: taps, and audio that is fed, with its marks.

use super::Session;
use crate::codec::Codec;
use crate::command::CommandId;
use crate::event::Event;
use crate::mouth::Mouth;
use crate::tap::Tap;
use crate::world::World;
use crate::Micros;

impl Session {
    pub(super) fn tap(&mut self, tap: Tap) {
        let settings = self.settings;
        if tap.tracks().1 {
            self.mouth
                .get_or_insert_with(|| Box::new(Mouth::new(settings.jitter_least, settings.jitter_most)));
        }
        self.taps.push(tap);
    }

    /// Hands out what the far end heard in this tick, where somebody taps that.
    pub(super) fn tap_spoken(&mut self, now: Micros, world: &mut dyn World) {
        let Some(mouth) = &mut self.mouth else { return };
        if !self.taps.iter().any(|tap| tap.tracks().1) {
            self.mouth = None;
            return;
        }
        let codec = self.connect.as_ref().map_or(Codec::Pcmu, |connect| connect.codec);
        let taps = &mut self.taps;
        mouth.tick(codec, now, |frame, rate| {
            for tap in taps.iter_mut() {
                tap.hear(frame, rate, true, world);
            }
        });
    }

    pub(super) fn feed(&mut self, stream: CommandId, samples: &[i16], last: bool, world: &mut dyn World) {
        let Some(at) = self.tracks.iter().position(|t| t.command == stream && !t.is_beep()) else {
            return;
        };
        if !self.tracks[at].feed(samples, last) {
            self.tracks.remove(at);
            world.emit(Event::Failed(
                stream,
                "more audio was injected than the stream's backlog holds".into(),
            ));
        }
    }

    pub(super) fn mark(&mut self, stream: CommandId, name: String, world: &mut dyn World) {
        let Some(at) = self.tracks.iter().position(|t| t.command == stream) else {
            return;
        };
        if self.tracks[at].stream_mut().is_some_and(|stream| !stream.mark(name)) {
            self.tracks.remove(at);
            world.emit(Event::Failed(stream, "more marks wait than a stream may have".into()));
        }
    }

    pub(super) fn clear(&mut self, command: CommandId, world: &mut dyn World) {
        let track = self.tracks.iter_mut().find(|track| track.command == command);
        for name in track
            .and_then(|track| track.stream_mut())
            .map_or(Vec::new(), |stream| stream.clear())
        {
            world.emit(Event::Mark {
                command,
                name,
                cleared: true,
            });
        }
    }
}
