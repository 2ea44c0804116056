//! A room: its members hear each other and nobody hears himself.
//!
//! Sums are made at each rate that a member hears, of the voices of those who speak, and a voice that is known at a higher rate
//! than a listener's is brought down once for all of them. Whoever adds nothing hears the same as all others who add nothing,
//! and for each of their codecs that is encoded once.

use std::collections::HashMap;

use crate::command::{CommandId, Loading, Membership, SessionId};
use crate::event::{Event, Outcome, RecordEnd};
use crate::member::{slot, Each, Member, Voice, RATES};
use crate::mixer::{scale, Sum};
use crate::player::{Fill, Track};
use crate::program::Program;
use crate::recorder::Finishing;
use crate::session::{settle, Session};
use crate::shared::Shared;
use crate::tape::{Form, Format, Tape};
use crate::world::World;
use crate::{Micros, LONGEST_FRAME, RATE};

/// The sessions of a shard.
pub type Sessions = HashMap<SessionId, Box<Session>>;

/// Announcements that may be under way in one room.
const MOST_ANNOUNCED: usize = 16;
/// Ticks of hearing what all listeners hear, until a codec with a memory can be fed from their encoder: by then its own and
/// theirs remember the same.
const SETTLED: u32 = 50;

/// Something that is played to a whole room.
#[derive(Debug)]
struct Announcement {
    track: Track,
    voice: Voice,
}

/// One room.
#[derive(Debug, Default)]
pub struct Room {
    members: Vec<Member>,
    announcements: Vec<Announcement>,
    recordings: Vec<(CommandId, String, Tape)>,
    /// What follows on voices that broke off.
    tails: Vec<Each<Vec<i16>>>,
    needed: Each<bool>,
    sums: Each<Sum>,
    whole: Each<Vec<i16>>,
    shared: Shared,
    rest: Vec<i32>,
    mix: Vec<i16>,
}

impl Room {
    /// Whether nobody is in it.
    pub fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    /// Somebody comes.
    pub fn join(&mut self, member: Member) {
        self.members.push(member);
    }

    /// Whether `command` brought a session here.
    pub fn came_by(&self, session: SessionId, command: CommandId) -> bool {
        let mut members = self.members.iter();
        members.any(|m| m.session == session && m.command == command)
    }

    /// What a member may, from now on.
    pub fn change(&mut self, session: SessionId, membership: Membership) {
        if let Some(member) = self.members.iter_mut().find(|m| m.session == session) {
            member.membership = membership;
        }
    }

    /// Somebody leaves; returns the command that had brought it here.
    pub fn leave(&mut self, session: SessionId) -> Option<CommandId> {
        let at = self.members.iter().position(|m| m.session == session)?;
        let member = self.members.swap_remove(at);
        if member.speaks && member.membership.coaches.is_none() {
            self.tails.push(member.voice.tails());
        }
        Some(member.command)
    }

    /// Plays to everybody.
    pub fn announce(&mut self, command: CommandId, loading: Loading, repeat: u32) -> Result<(), String> {
        if self.announcements.len() >= MOST_ANNOUNCED {
            return Err(format!("{MOST_ANNOUNCED} announcements are under way in this room"));
        }
        self.announcements.push(Announcement {
            track: Track::play(command, Program::new(loading, repeat, 0), String::new()),
            voice: Voice::default(),
        });
        Ok(())
    }

    /// Writes what all say together.
    pub fn record(&mut self, command: CommandId, path: String, world: &mut dyn World) {
        let form = Form {
            format: if path.ends_with(".ogg") {
                Format::Opus
            } else {
                Format::Wav
            },
            channels: 1,
            rate: RATE,
        };
        let tape = Tape::start(command, &path, form, false, world);
        self.recordings.push((command, path, tape));
    }

    /// Ends an announcement or a recording; returns what is left to be done for it.
    pub fn cancel(&mut self, command: CommandId, world: &mut dyn World) -> Option<Finishing> {
        if let Some(at) = self.announcements.iter().position(|a| a.track.command == command) {
            let announcement = self.announcements.swap_remove(at);
            self.tails.push(announcement.voice.tails());
            let duration = announcement.track.duration();
            let played = Outcome::Played {
                duration,
                stopped_by: None,
            };
            world.emit(Event::Cancelled(command, Some(played)));
            return None;
        }
        let at = self.recordings.iter().position(|(known, ..)| *known == command)?;
        let (command, path, tape) = self.recordings.swap_remove(at);
        let written = tape.finish(u64::MAX, world);
        Some(Finishing::new(command, path, RATE, RecordEnd::Cancelled, written))
    }

    /// The commands that play to it or write it.
    pub fn commands(&self) -> Vec<CommandId> {
        let played = self.announcements.iter().map(|a| a.track.command);
        played
            .chain(self.recordings.iter().map(|(command, ..)| *command))
            .collect()
    }

    /// 20 ms have passed: listens to all, and brings to each what the others say.
    pub fn tick(&mut self, sessions: &mut Sessions, now: Micros, world: &mut dyn World) {
        self.needed[0] |= !self.recordings.is_empty();
        self.listen(sessions, now, world);
        self.speak(world);
        self.sum();
        self.shared.advance();
        let mut needed = Each::default();
        for at in 0..self.members.len() {
            let session = sessions.get_mut(&self.members[at].session);
            if let Some(heard) = session.and_then(|session| self.bring(at, session)) {
                needed[heard] = true;
            }
        }
        self.needed = needed;
        self.write(world);
    }

    fn listen(&mut self, sessions: &mut Sessions, now: Micros, world: &mut dyn World) {
        for member in &mut self.members {
            let Some(session) = sessions.get_mut(&member.session) else {
                continue;
            };
            session.overheard = member.listens();
            let change = if session.overheard {
                session.listen_ahead(now, world);
                member.hear(session.ear.frame(), session.ear.rate(), self.needed)
            } else {
                member.rest()
            };
            if let Some(speaking) = change {
                world.emit(Event::Speaking(member.session, speaking));
            }
        }
    }

    /// Announcements are made at the highest rate that anybody hears.
    fn speak(&mut self, world: &mut dyn World) {
        let highest = self.needed.iter().rposition(|needed| *needed).unwrap_or(0);
        let mut samples = [0; LONGEST_FRAME];
        let samples = &mut samples[..RATES[highest] as usize / 50];
        let needed = self.needed;
        self.announcements.retain_mut(|announcement| {
            let track = &mut announcement.track;
            let end = match track.fill(samples, RATES[highest]) {
                Fill::Waiting => {
                    announcement.voice.rest();
                    return true;
                }
                Fill::Full => None,
                Fill::Failed(reason) => {
                    world.emit(Event::Failed(track.command, reason));
                    return false;
                }
                Fill::Ended(_) => Some(Outcome::Played {
                    duration: track.duration(),
                    stopped_by: None,
                }),
            };
            announcement.voice.put(samples, RATES[highest], needed);
            let Some(played) = end else { return true };
            world.emit(Event::Finished(track.command, played));
            self.tails.push(announcement.voice.frames().clone());
            false
        });
    }

    fn sum(&mut self) {
        for (at, sum) in self.sums.iter_mut().enumerate() {
            sum.clear(if self.needed[at] { RATES[at] as usize / 50 } else { 0 });
            self.whole[at].clear();
            if sum.is_empty() {
                continue;
            }
            for member in self
                .members
                .iter()
                .filter(|m| m.speaks && m.membership.coaches.is_none())
            {
                sum.add(member.voice.frame(at));
            }
            for announcement in &self.announcements {
                sum.add(announcement.voice.frame(at));
            }
            for tail in &self.tails {
                sum.add(&tail[at]);
            }
        }
        self.tails.clear();
    }

    /// Brings to one member what it hears, and returns at which rate.
    fn bring(&mut self, at: usize, session: &mut Session) -> Option<usize> {
        let hears = session.hears_room()?;
        let slot = slot(hears.codec.rate());
        let (member, sum) = (&self.members[at], &self.sums[slot]);
        let own = (member.speaks && member.membership.coaches.is_none()).then(|| member.voice.frame(slot));
        let coached = Some(member.session);
        let mut coaches = self
            .members
            .iter()
            .filter(|m| m.speaks && m.membership.coaches == coached)
            .map(|m| m.voice.frame(slot))
            .peekable();
        let deaf = member.membership.deaf || sum.is_empty();
        let alone = deaf || own.is_some() || coaches.peek().is_some() || member.settled.is_none();
        let settled = member.settled.unwrap_or_default().saturating_add(1);
        let shares = !alone && hears.whole && (hears.codec.forgets() || settled > SETTLED);
        if member.shares && !shares {
            if let Some(encoder) = self.shared.copy(hears.codec) {
                session.take_over(hears.codec, encoder);
            }
        }
        if !alone && self.whole[slot].is_empty() {
            sum.whole(&mut self.whole[slot]);
        }
        if deaf {
            session.feed_frame(Some((&[0; LONGEST_FRAME][..RATES[slot] as usize / 50], RATES[slot])));
        } else if alone {
            sum.without(own, coaches, &mut self.rest, &mut self.mix);
            if member.settled.is_none() {
                let length = self.mix.len();
                scale(&mut self.mix, 0.0, 1.0, length);
            }
            session.feed_frame(Some((&self.mix, RATES[slot])));
        } else {
            if hears.whole {
                // Before somebody with a memory joins, theirs must have heard the same for as long.
                let payload = self.shared.payload(hears.codec, hears.opus, &self.whole[slot]);
                if shares {
                    session.feed_payload(hears.codec, payload);
                }
            }
            if !shares {
                session.feed_frame(Some((&self.whole[slot], RATES[slot])));
            }
        }
        let member = &mut self.members[at];
        member.shares = shares;
        member.settled = match (deaf, alone) {
            (true, _) => None,
            (false, true) => Some(0),
            (false, false) => Some(settled),
        };
        Some(slot)
    }

    fn write(&mut self, world: &mut dyn World) {
        if self.recordings.is_empty() {
            return;
        }
        if self.whole[0].is_empty() {
            self.sums[0].whole(&mut self.whole[0]);
        }
        let frame = &self.whole[0];
        for (_, _, tape) in &mut self.recordings {
            tape.append(frame.iter().copied(), world);
        }
        while let Some(at) = self.recordings.iter().position(|(_, _, tape)| tape.broken()) {
            let (command, path, tape) = self.recordings.swap_remove(at);
            let written = tape.finish(u64::MAX, world);
            settle(&Finishing::new(command, path, RATE, RecordEnd::Broken, written), world);
        }
    }
}
