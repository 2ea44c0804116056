//! The least that any RTP server does: `recvfrom` for each packet that comes, `sendto` for each that is due.
//!
//! One socket per leg, one epoll set, one packet to each leg every 20 ms. No RTP is understood; the payload is constant.

use std::io::{self, Write};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use offhook_media_core::rtp::Header;

use crate::sockets::Sockets;

const TICK: Duration = Duration::from_millis(20);

/// Serves until standard input ends.
pub fn run(legs: usize) -> io::Result<()> {
    let mut sockets = Sockets::bind(legs)?;
    let ports: Vec<String> = sockets
        .all
        .iter()
        .map(|s| Ok(s.local_addr()?.port().to_string()))
        .collect::<io::Result<_>>()?;
    let mut out = io::stdout();
    writeln!(out, "{}", ports.join(" "))?;
    out.flush()?;
    let stdin = io::stdin();
    sockets.watch(&stdin)?;
    let mut peers: Vec<Option<SocketAddr>> = vec![None; legs];
    let mut buffer = [0; 2048];
    let mut packet = [0xFF; 172];
    let mut count = 0u32;
    let mut due = Instant::now() + TICK;
    loop {
        let ready: Vec<u64> = sockets.wait(due)?.collect();
        for leg in ready {
            if leg == u64::MAX {
                return Ok(());
            }
            if let Ok((_, source)) = sockets.all[leg as usize].recv_from(&mut buffer) {
                peers[leg as usize] = Some(source);
            }
        }
        if Instant::now() < due {
            continue;
        }
        due += TICK;
        count += 1;
        let header = Header {
            marker: false,
            payload_type: 0,
            sequence: count as u16,
            timestamp: count.wrapping_mul(160),
            ssrc: 1,
        };
        packet[..12].copy_from_slice(&header.to_bytes());
        for (socket, peer) in sockets.all.iter().zip(&peers) {
            if let Some(peer) = peer {
                // A packet that is lost here shows in the driver's figures.
                let _ = socket.send_to(&packet, peer);
            }
        }
    }
}
