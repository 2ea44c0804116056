//! RTP and RTCP socket pairs out of a range of ports (RFC 3550 section 11: even for RTP, the next for RTCP).

use std::collections::HashSet;
use std::io;
use std::net::{IpAddr, UdpSocket};
use std::sync::Arc;

use parking_lot::Mutex;

/// The even ports that are free, as far as we know.
#[derive(Debug)]
pub struct PortRange {
    low: u16,
    high: u16,
    state: Mutex<Taken>,
}

#[derive(Debug, Default)]
struct Taken {
    next: u16,
    ports: HashSet<u16>,
}

/// A pair of sockets; the ports are free again when it is dropped.
#[derive(Debug)]
pub struct Pair {
    /// For audio and keys.
    pub rtp: UdpSocket,
    /// For reports.
    pub rtcp: UdpSocket,
    /// The RTP port.
    pub port: u16,
    lease: Option<Arc<PortRange>>,
}

impl Drop for Pair {
    fn drop(&mut self) {
        if let Some(range) = &self.lease {
            range.state.lock().ports.remove(&self.port);
        }
    }
}

impl PortRange {
    /// From `low` to `high`, both included.
    pub fn new(low: u16, high: u16) -> Self {
        let low = low.saturating_add(low % 2);
        Self {
            low,
            high,
            state: Mutex::new(Taken {
                next: low,
                ports: HashSet::new(),
            }),
        }
    }

    // Round and round, so that a port rests as long as possible before it is used again: what still arrives for the
    // call before must not be heard in the next.
    fn take(&self) -> Option<u16> {
        let mut state = self.state.lock();
        for _ in (self.low..self.high).step_by(2) {
            let port = state.next;
            state.next = if port >= self.high.saturating_sub(2) {
                self.low
            } else {
                port + 2
            };
            if port < self.high && state.ports.insert(port) {
                return Some(port);
            }
        }
        None
    }

    /// Binds the given even port, or the next free one when it is 0. The error is a sentence.
    pub fn bind(self: &Arc<Self>, host: IpAddr, port: u16) -> Result<Pair, String> {
        if port != 0 {
            return match bind_pair(host, port) {
                Ok((rtp, rtcp)) => Ok(Pair {
                    rtp,
                    rtcp,
                    port,
                    lease: None,
                }),
                Err(error) => Err(format!(
                    "cannot bind UDP ports {port} and {} of {host}: {error}",
                    port.wrapping_add(1)
                )),
            };
        }
        let mut refused = Vec::new();
        let result = loop {
            let Some(port) = self.take() else {
                break Err(format!("no UDP port is free between {} and {}", self.low, self.high));
            };
            match bind_pair(host, port) {
                Ok((rtp, rtcp)) => {
                    break Ok(Pair {
                        rtp,
                        rtcp,
                        port,
                        lease: Some(Arc::clone(self)),
                    })
                }
                // Another program has it; look further, but do not look again in this search.
                Err(error) if error.kind() == io::ErrorKind::AddrInUse => refused.push(port),
                Err(error) => {
                    refused.push(port);
                    break Err(format!("cannot bind UDP ports of {host}: {error}"));
                }
            }
        };
        let mut state = self.state.lock();
        refused.iter().for_each(|port| {
            state.ports.remove(port);
        });
        result
    }
}

fn bind_pair(host: IpAddr, port: u16) -> io::Result<(UdpSocket, UdpSocket)> {
    let next = port.checked_add(1).ok_or(io::ErrorKind::InvalidInput)?;
    let (rtp, rtcp) = (UdpSocket::bind((host, port))?, UdpSocket::bind((host, next))?);
    rtp.set_nonblocking(true)?;
    rtcp.set_nonblocking(true)?;
    Ok((rtp, rtcp))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOST: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

    #[test]
    fn ports_are_even_and_free_again_after_use() {
        let range = Arc::new(PortRange::new(41_001, 41_007));
        let pairs: Vec<Pair> = (0..3).map(|_| range.bind(HOST, 0).expect("a port")).collect();
        assert_eq!(
            pairs.iter().map(|p| p.port).collect::<Vec<_>>(),
            [41_002, 41_004, 41_006]
        );
        assert!(range.bind(HOST, 0).is_err());
        drop(pairs);
        assert!(range.bind(HOST, 0).is_ok());
    }

    #[test]
    fn a_port_that_another_program_holds_is_passed_over() {
        let held = UdpSocket::bind((HOST, 41_103)).expect("a free port");
        let range = Arc::new(PortRange::new(41_102, 41_105));
        assert_eq!(range.bind(HOST, 0).map(|p| p.port), Ok(41_104));
        drop(held);
    }
}
