//! ICE (RFC 8445) of one session: which path the far end is reached by, and whether it still agrees to be sent to
//! (RFC 7675). The agent is the crate `is`; this names its addresses, bounds it and remembers consent.
//!
//! The agent knows its own addresses as tokens, one for each protocol and family: all sessions share one port, packets
//! leave from there whatever it is called, and what the far end calls it is the business of session descriptions.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Instant;

use is::stun::{StunMessage, StunPacket};
use is::{Candidate, IceAgent, IceAgentEvent, IceCreds};
use zeroize::Zeroizing;

use super::path::{Path, Protocol};

/// Sources of one session that are answered; more are none of an honest browser.
const MOST_PATHS: usize = 64;
/// Candidates of a far end that are looked at.
const MOST_CANDIDATES: usize = 32;

/// User fragment and password of one side.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    /// Names the session on the shared port.
    pub ufrag: String,
    /// Proves who answers. Never shown.
    pub password: Zeroizing<String>,
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Credentials({})", self.ufrag)
    }
}

impl From<&Credentials> for IceCreds {
    fn from(credentials: &Credentials) -> Self {
        Self {
            ufrag: credentials.ufrag.clone(),
            pass: credentials.password.to_string(),
        }
    }
}

/// What the agent wants.
#[derive(Debug)]
pub enum Wish {
    /// Send this.
    Send(Path, Vec<u8>),
    /// Media go there from now on.
    Use(Path),
}

/// The agent of one session.
#[derive(Debug)]
pub struct Ice {
    agent: IceAgent,
    heard: Vec<Path>,
}

impl Ice {
    /// `lite` answers checks and makes none; `controlling` decides which path is used, unless it is lite.
    pub fn new(local: &Credentials, lite: bool, controlling: bool) -> Self {
        let mut agent = IceAgent::new(local.into());
        agent.set_ice_lite(lite);
        agent.set_controlling(controlling && !lite);
        agent.set_max_candidate_pairs(4 * MOST_CANDIDATES);
        for protocol in [Protocol::Udp, Protocol::Tcp] {
            for address in [token(true), token(false)] {
                if let Ok(candidate) = Candidate::host(address, proto(protocol)) {
                    agent.add_local_candidate(candidate);
                }
            }
        }
        Self {
            agent,
            heard: Vec::new(),
        }
    }

    /// Signalling says who the far end is. Other credentials than before are an ICE restart (RFC 8445 section 9).
    pub fn connect(&mut self, local: &Credentials, remote: &Credentials, candidates: &[String]) {
        if self
            .agent
            .remote_credentials()
            .is_some_and(|known| *known != remote.into())
        {
            self.agent.ice_restart(local.into(), true);
            self.heard.clear();
        }
        self.agent.set_local_credentials(local.into());
        self.agent.set_remote_credentials(remote.into());
        // Names (RFC 8828 hides addresses behind `.local` ones) and what cannot be read are left out: the far end's
        // checks show where it is.
        for candidate in candidates.iter().take(MOST_CANDIDATES) {
            if let Ok(candidate) = Candidate::from_sdp_string(&format!("candidate:{candidate}")) {
                self.agent.add_remote_candidate(candidate);
            }
        }
    }

    /// A STUN message arrived; returns whether it proves that the far end is there and agrees.
    pub fn receive(&mut self, packet: &[u8], path: Path, now: Instant) -> bool {
        let Ok(message) = StunMessage::parse(packet) else {
            return false;
        };
        if !self.heard.contains(&path) && self.heard.len() >= MOST_PATHS {
            return false;
        }
        let genuine = self.agent.handle_packet(
            now,
            StunPacket {
                proto: proto(path.protocol),
                source: path.address,
                destination: token(path.address.is_ipv4()),
                message,
            },
        );
        if genuine && !self.heard.contains(&path) {
            self.heard.push(path);
        }
        self.agent.handle_timeout(now);
        genuine
    }

    /// Time has passed.
    pub fn tick(&mut self, now: Instant) {
        if self.agent.poll_timeout().is_none_or(|due| due <= now) {
            self.agent.handle_timeout(now);
        }
    }

    /// The next thing that it wants.
    pub fn wish(&mut self) -> Option<Wish> {
        if let Some(transmit) = self.agent.poll_transmit() {
            let path = path(transmit.proto, transmit.destination);
            return Some(Wish::Send(path, transmit.contents.to_vec()));
        }
        loop {
            match self.agent.poll_event()? {
                IceAgentEvent::NominatedSend { proto, destination, .. } => {
                    return Some(Wish::Use(path(proto, destination)));
                }
                IceAgentEvent::DiscoveredRecv { .. }
                | IceAgentEvent::IceRestart(_)
                | IceAgentEvent::IceConnectionStateChange(_) => {}
            }
        }
    }
}

fn token(ipv4: bool) -> SocketAddr {
    // Addresses of documentation (RFC 5737, RFC 3849), which nobody has.
    if ipv4 {
        (Ipv4Addr::new(192, 0, 2, 1), 9).into()
    } else {
        (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1), 9).into()
    }
}

fn proto(protocol: Protocol) -> is::Protocol {
    match protocol {
        Protocol::Udp => is::Protocol::Udp,
        Protocol::Tcp => is::Protocol::Tcp,
    }
}

fn path(proto: is::Protocol, address: SocketAddr) -> Path {
    let protocol = match proto {
        is::Protocol::Udp => Protocol::Udp,
        _ => Protocol::Tcp,
    };
    Path { protocol, address }
}
