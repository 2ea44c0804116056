//! How sessions come into being: with ports of their own for phones, or at the one that browsers share, if there is one.

use std::net::IpAddr;
use std::sync::Arc;

use offhook_media_core::command::{CommandId, SessionId};
use offhook_media_core::webrtc::ice::Credentials;
use offhook_media_core::webrtc::Opening;

use super::{Engine, Misuse, Owner, OVERLOADED};
use crate::gate::Gate;
use crate::inbox::Message;

impl Engine {
    /// Opens a session in the shard that has the fewest.
    pub fn open(&mut self, command: CommandId, session: SessionId, host: &str, port: u16) -> Result<(), Misuse> {
        if self.sessions.contains_key(&session) {
            return Err(Misuse::SessionInUse(session));
        }
        self.begin(command, Owner::Session(session))?;
        let Ok(host) = host.parse::<IpAddr>() else {
            self.fail(command, format!("{host} is no IP address to bind"));
            return Ok(());
        };
        let shard = self.house(command, session);
        if !self.tell(
            shard,
            Message::Open {
                command,
                session,
                host,
                port,
            },
        ) {
            self.fail(command, OVERLOADED);
        }
        Ok(())
    }

    /// The shard that has the fewest sessions, and now this one too.
    fn house(&mut self, command: CommandId, session: SessionId) -> usize {
        let mut load = vec![0usize; self.inboxes.len()];
        self.sessions.values().for_each(|shard| load[*shard] += 1);
        let fewest = load.iter().enumerate().min_by_key(|(_, sessions)| **sessions);
        let shard = fewest.map_or(0, |(shard, _)| shard);
        self.sessions.insert(session, shard);
        self.openings.insert(command);
        shard
    }

    /// Opens a session at the port that browsers share. A `lite` one answers checks and makes none.
    pub fn open_to_browser(
        &mut self,
        command: CommandId,
        session: SessionId,
        local: Credentials,
        lite: bool,
        controlling: bool,
    ) -> Result<(), Misuse> {
        if self.sessions.contains_key(&session) {
            return Err(Misuse::SessionInUse(session));
        }
        self.begin(command, Owner::Session(session))?;
        let gate = match &self.gate {
            Ok(gate) => gate,
            Err(reason) => {
                self.fail(command, reason.clone());
                return Ok(());
            }
        };
        let opening = Box::new(Opening {
            local,
            lite,
            controlling,
            identity: Arc::clone(&gate.identity),
            epoch: self.clock.epoch(),
            patience: gate.patience,
        });
        let shard = self.house(command, session);
        let message = Message::OpenToBrowser {
            command,
            session,
            opening,
        };
        if !self.tell(shard, message) {
            self.fail(command, OVERLOADED);
        }
        Ok(())
    }

    /// The port of browsers, or why there is none.
    pub fn browsers(&self) -> Result<&Gate, &str> {
        match &self.gate {
            Ok(gate) => Ok(gate),
            Err(reason) => Err(reason),
        }
    }
}
