//! The way to a browser: ICE finds the path, DTLS the keys; the session's RTP then goes as to any phone.
//!
//! Sans-I/O like everything here. The crates below count time in `Instant`s, so an opening carries the one that stands
//! for zero. TURN is the far end's business: we are reachable, or nothing helps.

pub mod demux;
pub mod dtls;
pub mod ice;
pub mod path;

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::command::SessionId;
use crate::event::Event;
use crate::srtp::Security;
use crate::world::World;
use crate::Micros;

use dtls::{Fingerprint, Handshake, Identity, Step};
use ice::{Credentials, Ice, Wish};
use path::Path;

/// Without a check on the path that was settled on for so long, another that is checked takes its place: the far end's
/// address has changed. Browsers check every 2.5 s.
const STALE: Micros = 6_000_000;

/// What a session on the shared port begins with.
#[derive(Debug, Clone)]
pub struct Opening {
    /// Ours.
    pub local: Credentials,
    /// Only answer checks.
    pub lite: bool,
    /// Decide which path is used.
    pub controlling: bool,
    /// Who we are in the handshake.
    pub identity: Arc<Identity>,
    /// What `Micros` count from.
    pub epoch: Instant,
    /// Without a sign of the far end for so long, the session's path is lost.
    pub patience: Micros,
}

/// What signalling says of the far end.
#[derive(Debug, Clone)]
pub struct Peer {
    /// Ours; new ones with an ICE restart.
    pub local: Credentials,
    /// Theirs.
    pub remote: Credentials,
    /// Of their certificate.
    pub fingerprint: Fingerprint,
    /// Whether we begin the handshake.
    pub active: bool,
    /// Where they may be, as written in session descriptions.
    pub candidates: Vec<String>,
}

/// ICE and DTLS of one session.
#[derive(Debug)]
pub struct Transport {
    session: SessionId,
    opening: Opening,
    ice: Ice,
    handshake: Option<Handshake>,
    early: Option<(Vec<u8>, Path)>,
    path: Option<Path>,
    /// Where their last record came from: they may begin before they have settled on a path.
    shaking: Option<Path>,
    keys: Option<Security>,
    consent: Option<Micros>,
    /// When the path was checked last.
    checked: Micros,
    lost: bool,
}

impl Transport {
    /// Nothing is known of the far end yet.
    pub fn new(session: SessionId, opening: Opening, world: &mut dyn World) -> Self {
        world.named(session, &opening.local.ufrag);
        Self {
            session,
            ice: Ice::new(&opening.local, opening.lite, opening.controlling),
            opening,
            handshake: None,
            early: None,
            path: None,
            shaking: None,
            keys: None,
            consent: None,
            checked: 0,
            lost: false,
        }
    }

    fn instant(&self, now: Micros) -> Instant {
        self.opening.epoch + Duration::from_micros(now)
    }

    /// Signalling says who the far end is; may be repeated, with more candidates or for an ICE restart.
    pub fn connect(&mut self, peer: &Peer, now: Micros, world: &mut dyn World) {
        let at = self.instant(now);
        world.named(self.session, &peer.local.ufrag);
        self.ice.connect(&peer.local, &peer.remote, &peer.candidates);
        self.consent.get_or_insert(now);
        let same = self
            .handshake
            .as_ref()
            .is_some_and(|h| h.is_with(&peer.fingerprint, peer.active));
        if !same {
            self.handshake = Some(Handshake::new(
                &self.opening.identity,
                peer.fingerprint.clone(),
                peer.active,
                at,
            ));
            if let Some((packet, path)) = self.early.take() {
                self.shake(&packet, path, now, world);
            }
        }
        self.tick(now, world);
    }

    /// A STUN message arrived.
    pub fn check(&mut self, packet: &[u8], path: Path, now: Micros, world: &mut dyn World) {
        let genuine = self.ice.receive(packet, path, self.instant(now));
        self.obey(world);
        if genuine {
            world.reached(self.session, path);
            self.agreed(path, now);
        }
    }

    /// The far end agrees to be sent to (RFC 7675).
    fn agreed(&mut self, path: Path, now: Micros) {
        if self.consent.is_some() {
            self.consent = Some(now);
        }
        if self.path.is_some() && self.path != Some(path) && now.saturating_sub(self.checked) >= STALE {
            self.path = Some(path);
        }
        if self.path == Some(path) {
            self.checked = now;
        }
    }

    /// A DTLS record arrived. One that is faster than the far end's answer in signalling waits for it.
    pub fn shake(&mut self, packet: &[u8], path: Path, now: Micros, world: &mut dyn World) {
        let at = self.instant(now);
        let mut steps = Vec::new();
        match &mut self.handshake {
            Some(handshake) => handshake.receive(packet, at, &mut steps),
            None => self.early = Some((packet.to_vec(), path)),
        }
        self.shaking = Some(path);
        self.walk(steps, world);
    }

    /// 20 ms have passed.
    pub fn tick(&mut self, now: Micros, world: &mut dyn World) {
        let at = self.instant(now);
        self.ice.tick(at);
        self.obey(world);
        let mut steps = Vec::new();
        // An active one would begin before there is a path.
        if let Some(handshake) = self.handshake.as_mut().filter(|_| self.path.or(self.shaking).is_some()) {
            handshake.tick(at, &mut steps);
        }
        self.walk(steps, world);
        if let Some(silent) = self.consent.map(|heard| now.saturating_sub(heard)) {
            if silent >= self.opening.patience {
                let seconds = silent / 1_000_000;
                self.lose(
                    format!("no path to the browser: nothing was heard of it for {seconds} s"),
                    world,
                );
            }
        }
    }

    /// Says farewell.
    pub fn end(&mut self, world: &mut dyn World) {
        let mut steps = Vec::new();
        if let Some(handshake) = &mut self.handshake {
            handshake.close(&mut steps);
        }
        self.lost = true; // and nobody need be told
        self.walk(steps, world);
    }

    /// Where media go, once there is a way.
    pub fn path(&self) -> Option<Path> {
        self.path
    }

    /// Keys that were agreed on since this was asked last.
    pub fn take_keys(&mut self) -> Option<Security> {
        self.keys.take()
    }

    fn obey(&mut self, world: &mut dyn World) {
        while let Some(wish) = self.ice.wish() {
            match wish {
                Wish::Send(path, packet) => {
                    if demux::asks(&packet) {
                        world.asked(self.session, path);
                    }
                    world.web(self.session, path, &packet);
                }
                Wish::Use(path) => self.path = Some(path),
            }
        }
    }

    fn walk(&mut self, steps: Vec<Step>, world: &mut dyn World) {
        for step in steps {
            match step {
                Step::Send(packet) => {
                    if let Some(path) = self.path.or(self.shaking) {
                        world.web(self.session, path, &packet);
                    }
                }
                Step::Keys(security) => self.keys = Some(security),
                Step::Failed(reason) => self.lose(reason, world),
            }
        }
    }

    fn lose(&mut self, reason: String, world: &mut dyn World) {
        if !self.lost {
            self.lost = true;
            world.emit(Event::PathLost(self.session, reason));
        }
    }
}

#[cfg(test)]
mod tests;
