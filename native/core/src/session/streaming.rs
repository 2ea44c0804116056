//! What streams from a session and towards it: taps, and audio that is fed, with its marks.

use super::Session;
use crate::command::CommandId;
use crate::event::Event;
use crate::tap::Tap;
use crate::world::World;

impl Session {
    pub(super) fn tap(&mut self, tap: Tap) {
        if tap.tracks().1 {
            self.open_mouth();
        }
        self.taps.push(tap);
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
