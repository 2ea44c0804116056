//! What a far end hears: of our own making at each tick, or what the other end of a bridge or the others in a room said.

use super::{Heard, Session};
use crate::codec::{opus, Codec, Encoder};
use crate::command::CommandId;
use crate::event::{Event, Outcome};
use crate::keys::KeySender;
use crate::player::{Fill, Track};
use crate::recorder::Recorder;
use crate::world::World;
use crate::{Micros, LONGEST_FRAME, TICK};

const TICK_MS: u32 = (TICK / 1000) as u32;

/// How a session hears the room that it is in.
#[derive(Debug, Clone, Copy)]
pub struct Hears {
    /// What its far end is sent.
    pub codec: Codec,
    /// How Opus is encoded.
    pub opus: opus::Options,
    /// Whether a tick of audio is a packet, so that its payload can be one that others get as well.
    pub whole: bool,
}

impl Session {
    /// How it hears a room; `None` while nothing may be sent to it.
    pub fn hears_room(&self) -> Option<Hears> {
        let connect = self.connect.as_ref().filter(|connect| connect.direction.sends())?;
        Some(Hears {
            codec: connect.codec,
            opus: connect.opus,
            whole: connect.codec.packet_ms(connect.ptime) == TICK_MS && self.sender.is_whole() && self.mouth.is_none(),
        })
    }

    /// What follows is encoded for this one alone again, by an encoder that remembers what all have heard.
    pub fn take_over(&mut self, codec: Codec, encoder: Encoder) {
        self.sender.take_over(codec, encoder);
    }

    /// The payload of this tick, encoded for all who listen to the same.
    pub fn feed_payload(&mut self, codec: Codec, payload: &[u8]) {
        self.fed.get_or_insert_default().put_payload(payload, codec);
    }

    /// Sends on what the other end of a bridge heard.
    pub fn pass(&mut self, heard: Heard, now: Micros, world: &mut dyn World) {
        let Some(connect) = &self.connect else { return };
        if self.speaks() || !connect.direction.sends() {
            return;
        }
        if connect.dtmf_signalled && matches!(heard, Heard::Event(..)) {
            return;
        }
        let (header, payload, codec) = match heard {
            Heard::Nothing => return,
            Heard::Audio(_, _, codec) if !codec.passes_as(connect.codec) => return, // decoded and fed at the tick
            Heard::Audio(header, payload, codec) => (header, payload, Some(codec)),
            Heard::Event(_, _, clock, key)
                if connect.dtmf.is_none() || self.fed.is_some() || clock != connect.dtmf_clock =>
            {
                // The far end knows no events, or has another clock: it gets the key anew, as a tone or as an event.
                self.keys.extend(key.and_then(KeySender::relayed));
                return;
            }
            Heard::Event(header, payload, _, _) => (header, payload, None),
            Heard::Noise(header, payload) => {
                if let Some(number) = connect.comfort_noise.filter(|_| self.fed.is_none()) {
                    let line = &mut self.line;
                    self.sender
                        .pass(number, header, payload, None, |packet| line.send(packet, now, world));
                }
                return;
            }
        };
        if let Some((mouth, codec)) = self.mouth.as_mut().zip(codec) {
            mouth.passes(&header, codec, payload, now);
        }
        let number = codec.map_or(connect.dtmf, |_| Some(connect.payload_type));
        let laws = codec.map(|codec| (codec, connect.codec));
        let line = &mut self.line;
        if let Some(number) = number {
            self.sender
                .pass(number, header, payload, laws, |packet| line.send(packet, now, world));
        }
    }

    /// A key that the other end of a bridge pressed as a tone: to those who know events it goes as one.
    pub fn relay_toned(&mut self, key: char) {
        if self
            .connect
            .as_ref()
            .is_some_and(|to| to.dtmf.is_some() && !to.dtmf_signalled)
        {
            self.keys.extend(KeySender::relayed(key));
        }
    }

    /// Whether its far end gets keys otherwise than as tones, and is to hear none.
    pub fn spares_tones(&self) -> bool {
        self.connect
            .as_ref()
            .is_some_and(|to| to.dtmf.is_some() || to.dtmf_signalled)
    }

    /// Whether its far end hears something of our own making, rather than a bridge.
    pub fn speaks(&self) -> bool {
        self.playing || !self.keys.is_empty()
    }

    /// The frame of this tick from the other end of a bridge, at `rate` hertz; `None` when packets pass as they are.
    pub fn feed_frame(&mut self, heard: Option<(&[i16], u32)>) {
        let Some(((frame, rate), connect)) = heard.zip(self.connect.as_ref()) else {
            self.fed = None;
            return;
        };
        self.fed.get_or_insert_default().put(frame, rate, connect.codec);
    }

    pub(super) fn louder(&mut self, command: CommandId, gain: f32) {
        let playing = self.tracks.iter_mut().find(|t| t.command == command && !t.is_beep());
        if let Some(track) = playing {
            track.set_gain(gain);
        }
    }

    pub(super) fn speak(&mut self, now: Micros, world: &mut dyn World) {
        let Some(connect) = &self.connect else { return };
        if !self.line.ready() {
            return; // what is to be heard waits for a way to be heard
        }
        let sends = connect.direction.sends();
        let line = &mut self.line;
        if let Some(keys) = self.keys.front_mut() {
            let over = keys.tick(connect, &mut self.sender, |packet| {
                if sends {
                    line.send(packet, now, world);
                }
            });
            if over {
                if let Some(command) = self.keys.pop_front().and_then(|k| k.command) {
                    world.emit(Event::Finished(command, Outcome::Done));
                }
            }
            return;
        }
        let mut frame = [0; LONGEST_FRAME];
        let frame = &mut frame[..connect.codec.frame()];
        while let Some(track) = self.tracks.front_mut() {
            let fill = track.fill(frame, connect.codec.rate());
            let audible = match &fill {
                Fill::Waiting => break,
                Fill::Failed(_) => false,
                Fill::Full => true,
                Fill::Ended(part) => *part > 0,
            };
            while let Some(name) = track.stream_mut().and_then(|stream| stream.reached()) {
                let command = track.command;
                world.emit(Event::Mark {
                    command,
                    name,
                    cleared: false,
                });
            }
            if audible && sends {
                self.attention.sent(frame, track.voice.is_some());
                if let Some(mouth) = &mut self.mouth {
                    mouth.makes(frame);
                }
                self.sender
                    .audio(connect, frame, |packet| line.send(packet, now, world));
            }
            self.playing = true;
            if fill == Fill::Full {
                return;
            }
            self.playing = false;
            if let Some(track) = self.tracks.pop_front() {
                ended(track, fill, &mut self.recorders, world);
            }
            if audible {
                return;
            }
        }
        self.playing = false;
        if let Some(fed) = &mut self.fed {
            if let Some(payload) = fed.take_payload(connect.codec) {
                if sends {
                    self.sender
                        .encoded(connect, payload, |packet| line.send(packet, now, world));
                }
                return;
            }
        }
        if let Some(frame) = self.fed.as_mut().and_then(|feed| feed.take(connect.codec)) {
            if sends {
                if let Some(mouth) = &mut self.mouth {
                    mouth.makes(frame);
                }
                self.sender
                    .audio(connect, frame, |packet| line.send(packet, now, world));
            }
            return;
        }
        if sends {
            self.sender.pause(connect, |packet| line.send(packet, now, world));
            let idle = now.saturating_sub(line.last) >= self.settings.keepalive * 1000;
            if self.settings.keepalive > 0 && idle {
                self.sender
                    .audio(connect, &[0; LONGEST_FRAME][..connect.codec.frame()], |packet| {
                        line.send(packet, now, world)
                    });
                self.sender.pause(connect, |packet| line.send(packet, now, world));
            }
        }
    }
}

fn ended(track: Track, fill: Fill, recorders: &mut [Recorder], world: &mut dyn World) {
    if track.is_beep() {
        if let Some(recorder) = recorders.iter_mut().find(|r| r.command == track.command) {
            recorder.start(world);
        }
        return;
    }
    world.emit(match fill {
        Fill::Failed(reason) => Event::Failed(track.command, reason),
        _ => Event::Finished(
            track.command,
            Outcome::Played {
                duration: track.duration(),
                stopped_by: None,
            },
        ),
    });
}
