//! Where packets of a browser leg travel: an address behind the one UDP or TCP port that all such legs share.

use std::net::SocketAddr;

/// What carries a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Protocol {
    /// A datagram.
    Udp,
    /// A frame of a connection that the far end opened (RFC 4571, RFC 6544).
    Tcp,
}

/// The far end of a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Path {
    /// By which protocol.
    pub protocol: Protocol,
    /// From or to where.
    pub address: SocketAddr,
}
