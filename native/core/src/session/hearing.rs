//! What a session does with what arrives: packets as they come, and 20 ms of sound at each tick.

use std::net::SocketAddr;

use super::{Heard, Session};
use crate::codec::Codec;
use crate::detect::pairing::Source;
use crate::ear::Ear;
use crate::event::{Event, Outcome, RecordEnd, Stop};
use crate::world::World;
use crate::{rtp, Micros};

impl Session {
    /// A datagram arrived on the RTP socket.
    pub fn receive<'a>(
        &mut self,
        packet: &'a mut [u8],
        source: SocketAddr,
        now: Micros,
        world: &mut dyn World,
    ) -> Heard<'a> {
        if self.connect.as_ref().is_some_and(|connect| connect.rtcp_mux) && rtp::is_rtcp(packet) {
            self.receive_rtcp(packet, source, now, world);
            return Heard::Nothing;
        }
        // What is not genuine may neither be heard nor move the line.
        let genuine = self.open.is_some();
        let opened = match &mut self.open {
            Some(open) => open.rtp(packet),
            None => Some(&*packet).filter(|_| self.web.is_none()),
        };
        let Some(packet) = opened else { return Heard::Nothing };
        let Ok((header, payload)) = rtp::parse(packet) else {
            return Heard::Nothing;
        };
        let Some(connect) = &self.connect else {
            return Heard::Nothing;
        };
        let event = connect.is_event(header.payload_type);
        let codec = self.accepts[usize::from(header.payload_type & 127)];
        let noise = connect.comfort_noise == Some(header.payload_type);
        if !event && !noise && codec.is_none() {
            return Heard::Nothing;
        }
        // What a browser sends proves by its key whose it is.
        if self.web.is_none() && !self.line.latch.admit(source, &header, genuine, now) {
            return Heard::Nothing;
        }
        let (listens, clock) = (connect.direction.receives(), connect.dtmf_clock);
        self.heard = now;
        self.lost = false;
        let ticks = codec.filter(|_| !event && !noise).map(Codec::clock);
        if !self.reception.receive(&header, now, ticks) {
            return Heard::Nothing;
        }
        if event {
            let key = self.digits.receive(header.ssrc, header.timestamp, payload);
            if let Some(key) = key.filter(|key| self.attention.is_new(*key, Source::Event)) {
                self.pressed(key, world);
            }
            return Heard::Event(header, payload, clock, key);
        }
        if noise {
            if listens {
                self.ear.push_noise(&header, payload, now);
            }
            return Heard::Noise(header, payload);
        }
        match codec {
            Some(codec) if listens => {
                self.hears = Some(codec);
                self.ear.push(&header, codec, payload, now);
                Heard::Audio(header, payload, codec)
            }
            _ => Heard::Nothing,
        }
    }

    /// A datagram arrived on the RTCP socket.
    pub fn receive_rtcp(&mut self, packet: &mut [u8], source: SocketAddr, now: Micros, world: &mut dyn World) {
        let far_end = self.line.latch.confirmed() && self.line.latch.target().map(|t| t.ip()) == Some(source.ip());
        if !far_end && self.web.is_none() {
            return;
        }
        let opened = match &mut self.open {
            Some(open) => open.rtcp(packet),
            None => Some(&*packet).filter(|_| self.web.is_none()),
        };
        if let Some(packet) = opened.filter(|packet| packet.first().is_some_and(|first| first >> 6 == 2)) {
            self.rtcp_source = Some(source);
            let ntp = (world.ntp() >> 16) as u32;
            let told = self.reception.receive_rtcp(packet, self.sender.ssrc(), ntp, now);
            if let Some(far) = self.reception.far_end().filter(|_| told) {
                self.sender.hear_loss(far.fraction);
            }
        }
    }

    pub(super) fn pressed(&mut self, key: char, world: &mut dyn World) {
        world.emit(Event::Digit(self.id, key));
        if self.playing && self.tracks.front().is_some_and(|t| t.stop_on.contains(key)) {
            self.stop_playing(Stop::Key(key), world);
        }
        while let Some(at) = self.recorders.iter().position(|r| r.ends_on(key)) {
            self.end_recording(at, RecordEnd::Key, Some(key), world);
        }
    }

    fn stop_playing(&mut self, by: Stop, world: &mut dyn World) {
        if let Some(track) = self.tracks.pop_front() {
            self.playing = false;
            let played = Outcome::Played {
                duration: track.duration(),
                stopped_by: Some(by),
            };
            world.emit(Event::Finished(track.command, played));
        }
    }

    /// Listens ahead of its tick, for a bridge that brings the frame to another session.
    pub fn listen_ahead(&mut self, now: Micros, world: &mut dyn World) {
        self.listen(now, world);
        self.listened = true;
    }

    /// Hands out the ear for a moment, to be put back.
    pub fn lend_ear(&mut self) -> Ear {
        std::mem::replace(&mut self.ear, Ear::new(0, 0))
    }

    /// Whether what it hears must be decoded for `other`, which speaks another codec.
    pub fn differs_from(&self, other: &Self) -> bool {
        let spoken = other.connect.as_ref().map(|connect| connect.codec);
        matches!((self.hears, spoken), (Some(heard), Some(spoken)) if !heard.passes_as(spoken))
    }

    /// Whether a voice would stop what plays.
    pub(super) fn awaits_voice(&self) -> bool {
        self.playing && self.tracks.front().is_some_and(|track| track.voice.is_some())
    }

    fn attend(&mut self, world: &mut dyn World) {
        let track = self.tracks.front_mut().filter(|_| self.playing);
        let voice = track.and_then(|track| track.voice.as_deref_mut());
        let (key, barged) = self.attention.hear(self.ear.narrow(), voice, world);
        if barged {
            self.stop_playing(Stop::Voice, world);
        }
        self.toned = key;
        if let Some(key) = key {
            self.pressed(key, world);
        }
    }

    /// The key that came as a tone in this tick, once.
    pub fn take_toned(&mut self) -> Option<char> {
        self.toned.take()
    }

    /// Whether a key sounds that comes as a tone.
    pub fn key_sounds(&self) -> bool {
        self.attention.key_sounds()
    }

    pub(super) fn listen(&mut self, now: Micros, world: &mut dyn World) {
        if std::mem::take(&mut self.listened) {
            return;
        }
        let attends = self.attention.wanted() || self.awaits_voice();
        if self.recorders.is_empty() && !self.taps.iter().any(|tap| tap.tracks().0) && !self.overheard && !attends {
            self.ear.rest();
            return;
        }
        let expected = self.connect.as_ref().map_or(Codec::Pcmu, |connect| connect.codec);
        self.ear.listen(self.hears.unwrap_or(expected), now);
        for tap in &mut self.taps {
            tap.hear(self.ear.frame(), self.ear.rate(), false, world);
        }
        if attends {
            self.attend(world);
        }
    }
}
