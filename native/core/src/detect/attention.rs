//! What one session listens for, apart from passing audio on: keys as tones, and what `Detect` commands asked for.

use super::echo::Echo;
use super::keys::KeyDetector;
use super::pairing::{Pairing, Source};
use super::tone::{ToneDetector, ToneEvent};
use super::voice::{VoiceDetector, VoiceEvent, VoiceOptions};
use super::{STEP, STEP_MS};
use crate::command::CommandId;
use crate::event::{Event, Finding};
use crate::world::World;
use crate::FRAME;

/// A `Detect` command at work.
#[derive(Debug)]
pub struct Detection {
    command: CommandId,
    voice: Option<VoiceDetector>,
    tones: Option<ToneDetector>,
    /// Milliseconds without a voice that are told; 0 is never.
    silence: u64,
    elapsed: u64,
    quiet_since: u64,
    told: bool,
}

impl Detection {
    /// At the start of listening. Silence is that of the voice.
    pub fn new(command: CommandId, voice: Option<VoiceOptions>, silence: u32, tones: bool) -> Self {
        Self {
            command,
            voice: voice.map(VoiceDetector::new),
            tones: tones.then(ToneDetector::default),
            silence: u64::from(silence),
            elapsed: 0,
            quiet_since: 0,
            told: false,
        }
    }

    fn step(&mut self, samples: &[i16; STEP], echo: f32, key: bool, mut tell: impl FnMut(Finding, u64)) {
        self.elapsed += u64::from(STEP_MS);
        let now = self.elapsed;
        match self.tones.as_mut().and_then(|tones| tones.step(samples)) {
            Some(ToneEvent::Started(frequency, ago)) => tell(Finding::ToneStarted(frequency), now - u64::from(ago)),
            Some(ToneEvent::Stopped(length, ago)) => tell(Finding::ToneStopped(length), now - u64::from(ago)),
            None => {}
        }
        let Some(voice) = &mut self.voice else { return };
        match voice.step(samples, echo, key) {
            Some(VoiceEvent::Started(ago)) => tell(Finding::VoiceStarted, now - u64::from(ago)),
            Some(VoiceEvent::Stopped(ago)) => {
                self.quiet_since = now - u64::from(ago);
                self.told = false;
                tell(Finding::VoiceStopped, self.quiet_since);
            }
            None => {}
        }
        let quiet = now - self.quiet_since;
        if self.silence > 0 && !voice.active() && !self.told && quiet >= self.silence {
            self.told = true;
            tell(Finding::Silence, self.quiet_since);
        }
    }
}

/// The detectors of one session; none, until somebody asks.
#[derive(Debug, Default)]
pub struct Attention {
    keys: Option<Box<KeyDetector>>,
    pairing: Pairing,
    detections: Vec<Detection>,
    echo: Option<Box<Echo>>,
}

impl Attention {
    /// Listen for keys as tones, or no longer.
    pub fn keys(&mut self, wanted: bool) {
        if wanted {
            self.keys.get_or_insert_default();
        } else {
            self.keys = None;
        }
    }

    /// Whether anything must be listened to.
    pub fn wanted(&self) -> bool {
        self.keys.is_some() || !self.detections.is_empty()
    }

    /// A `Detect` command begins.
    pub fn begin(&mut self, detection: Detection) {
        self.detections.push(detection);
    }

    /// Ends a `Detect` command; whether there was one.
    pub fn cancel(&mut self, command: CommandId) -> bool {
        let before = self.detections.len();
        self.detections.retain(|detection| detection.command != command);
        self.detections.len() < before
    }

    /// The `Detect` commands at work.
    pub fn commands(&self) -> impl Iterator<Item = CommandId> + '_ {
        self.detections.iter().map(|detection| detection.command)
    }

    /// Whether a key sounds as a tone.
    pub fn key_sounds(&self) -> bool {
        self.keys.as_ref().is_some_and(|keys| keys.sounding())
    }

    /// Whether this key is told for the first time, not another way of telling one that was just told.
    pub fn is_new(&mut self, key: char, source: Source) -> bool {
        self.keys.is_none() || self.pairing.is_new(key, source)
    }

    /// What we made ourselves and sent in this tick, at any rate. Only what listens for voices wants to know.
    pub fn sent(&mut self, frame: &[i16], voices: bool) {
        if voices || self.detections.iter().any(|detection| detection.voice.is_some()) {
            self.echo.get_or_insert_default().sent(frame);
        } else {
            self.echo = None;
        }
    }

    /// Takes 20 ms; `barge` listens for a voice that stops what plays. Returns a new key, and whether a voice barged in.
    pub fn hear(
        &mut self,
        frame: &[i16; FRAME],
        mut barge: Option<&mut VoiceDetector>,
        world: &mut dyn World,
    ) -> (Option<char>, bool) {
        self.pairing.tick();
        let key = self.keys.as_mut().and_then(|keys| keys.hear(frame));
        let suspected = self.keys.as_ref().is_some_and(|keys| keys.suspects());
        let echo = self.echo.as_mut().map_or(f32::NEG_INFINITY, |echo| echo.tick());
        let mut barged = false;
        for step in frame.chunks_exact(STEP) {
            let Ok(step) = <&[i16; STEP]>::try_from(step) else {
                continue;
            };
            for detection in &mut self.detections {
                let command = detection.command;
                detection.step(step, echo, suspected, |what, at| {
                    world.emit(Event::Detected { command, what, at });
                });
            }
            if let Some(voice) = barge.as_deref_mut() {
                barged |= matches!(voice.step(step, echo, suspected), Some(VoiceEvent::Started(_)));
            }
        }
        let mut voices = self.detections.iter().filter_map(|detection| detection.voice.as_ref());
        let voice = barge.is_some_and(|voice| voice.active()) || voices.any(VoiceDetector::active);
        if let Some(echo) = self.echo.as_mut().filter(|_| !voice) {
            echo.heard(frame);
        }
        let key = key.filter(|key| self.is_new(*key, Source::Tone));
        (key, barged)
    }
}
