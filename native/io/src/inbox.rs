//! How shards are told what to do, by the engine and by each other.

use std::net::IpAddr;
use std::os::fd::OwnedFd;
use std::sync::Arc;

use crossbeam_channel::{Sender, TrySendError};
use offhook_media_core::command::{CommandId, Order, RoomId, RoomOrder, SessionId};
use offhook_media_core::session::Session;
use offhook_media_core::webrtc::Opening;

use crate::sockets::Ends;

/// What a shard is told.
pub enum Message {
    /// Bind sockets for a session.
    Open {
        command: CommandId,
        session: SessionId,
        host: IpAddr,
        port: u16,
    },
    /// Let a session be reached at the port that browsers share.
    OpenToBrowser {
        command: CommandId,
        session: SessionId,
        opening: Box<Opening>,
    },
    /// A command of a session.
    Order {
        session: SessionId,
        command: CommandId,
        order: Box<Order>,
    },
    /// A command of a room.
    Room {
        room: RoomId,
        command: CommandId,
        order: RoomOrder,
    },
    /// This session is on its way from another shard: what follows waits until it is here.
    Expect(SessionId),
    /// Hand a session over to another shard.
    Move(Handover),
    /// A session that another shard hands over; without one it does not exist (any more).
    Adopt(SessionId, Option<Moved>),
    /// End the thread.
    Stop,
    /// Fall over, to prove that the others stand.
    #[cfg(test)]
    Fault,
}

/// A session with its sockets.
pub struct Moved {
    /// The machine.
    pub session: Box<Session>,
    /// Its sockets.
    pub ends: Ends,
}

/// The order to hand a session over. Whatever becomes of the order, the other shard gets an answer: it waits for one.
pub struct Handover {
    /// Which.
    pub session: SessionId,
    to: Option<Inbox>,
}

impl Handover {
    /// Of `session` to the shard behind `to`.
    pub fn new(session: SessionId, to: Inbox) -> Self {
        Self { session, to: Some(to) }
    }

    /// Sends the session, or the news that there is none.
    pub fn answer(&mut self, moved: Option<Moved>) {
        let Some(to) = self.to.take() else { return };
        let mut message = Message::Adopt(self.session, moved);
        // The other shard empties its queue whatever it waits for; a session must not be lost on the way.
        while let Err(TrySendError::Full(back)) = to.queue.try_send(message) {
            message = back;
            std::thread::yield_now();
        }
        to.wake();
    }
}

impl Drop for Handover {
    fn drop(&mut self) {
        self.answer(None);
    }
}

/// How a shard is reached.
#[derive(Clone)]
pub struct Inbox {
    queue: Sender<Message>,
    wake: Arc<OwnedFd>,
}

impl Inbox {
    /// `wake` is the eventfd that the shard sleeps on.
    pub fn new(queue: Sender<Message>, wake: Arc<OwnedFd>) -> Self {
        Self { queue, wake }
    }

    /// Never waits; gives the message back when the queue is full or the thread is gone.
    pub fn send(&self, message: Message) -> Result<(), Message> {
        self.queue.try_send(message).map_err(TrySendError::into_inner)?;
        self.wake();
        Ok(())
    }

    fn wake(&self) {
        // Only a full counter can refuse, and then the thread is awake anyway.
        let _ = rustix::io::write(&self.wake, &1u64.to_ne_bytes());
    }
}
