//! Recordings of a session: of what it hears, of what its far end hears, or of both; and what else wants the latter.

use super::Session;
use crate::command::{Codec, CommandId, RecordOrder};
use crate::event::RecordEnd;
use crate::mouth::Mouth;
use crate::player::Track;
use crate::recorder::{Pause, Recorder};
use crate::world::World;
use crate::Micros;

impl Session {
    pub(super) fn start_recording(&mut self, command: CommandId, order: RecordOrder, world: &mut dyn World) {
        if order.beep {
            self.tracks.push_back(Track::beep(command));
        }
        let recorder = Recorder::new(command, order, self.spoken().rate(), world);
        if recorder.takes_sent() {
            self.open_mouth();
        }
        self.recorders.push(recorder);
    }

    pub(super) fn pause_recording(&mut self, command: CommandId, pause: Option<Pause>) {
        if let Some(recorder) = self.recorders.iter_mut().find(|r| r.command == command) {
            recorder.pause(pause);
        }
    }

    pub(super) fn end_recording(&mut self, at: usize, end: RecordEnd, key: Option<char>, world: &mut dyn World) {
        let recorder = self.recorders.remove(at);
        self.tracks.retain(|t| t.command != recorder.command);
        self.finishing.push(recorder.finish(end, key, world));
    }

    fn spoken(&self) -> Codec {
        self.connect.as_ref().map_or(Codec::Pcmu, |connect| connect.codec)
    }

    pub(super) fn open_mouth(&mut self) {
        let settings = self.settings;
        self.mouth
            .get_or_insert_with(|| Box::new(Mouth::new(settings.jitter_least, settings.jitter_most)));
    }

    /// After it has heard and spoken: hands out what the far end heard in this tick, and records.
    pub(super) fn note(&mut self, now: Micros, world: &mut dyn World) {
        let tapped = self.taps.iter().any(|tap| tap.tracks().1);
        if !tapped && !self.recorders.iter().any(Recorder::takes_sent) {
            self.mouth = None;
        }
        let codec = self.spoken();
        let (taps, recorders, ear) = (&mut self.taps, &mut self.recorders, &self.ear);
        let mut ended = Vec::new();
        let mut take = |frame: &[i16], rate: u32| {
            if tapped {
                taps.iter_mut().for_each(|tap| tap.hear(frame, rate, true, world));
            }
            for recorder in recorders.iter_mut() {
                let end = recorder.hear((ear.frame(), ear.rate()), (frame, rate), world);
                ended.extend(end.map(|end| (recorder.command, end)));
            }
        };
        match &mut self.mouth {
            Some(mouth) => mouth.tick(codec, now, take),
            None => take(&[], 0),
        }
        for (command, end) in ended {
            if let Some(at) = self.recorders.iter().position(|r| r.command == command) {
                self.end_recording(at, end, None, world);
            }
        }
    }
}
