//! The media engine's outside: UDP sockets and the 20 ms tick, one thread per shard, files on threads of their own.
//!
//! Everything that a packet or a command means is `offhook-media-core`'s business.
#![forbid(unsafe_code)]

mod cache;
pub mod clock;
mod connections;
pub mod disk;
pub mod engine;
pub mod file;
pub mod gate;
pub mod histogram;
mod inbox;
pub mod loader;
pub mod metrics;
pub mod outbox;
pub mod ports;
mod shard;
mod sockets;
pub mod streams;
pub mod supply;
