//! Load for the media benchmark, on loopback only: `drive` sends and receives G.711 streams, `baseline` is the server
//! that does nothing but `recvfrom` and `sendto`, to compare CPU with.
//!
//! ```text
//! offhook-rtp-load drive --seconds S --speaking K     reads the ports to drive from standard input
//! offhook-rtp-load baseline --legs N     prints its ports; ends with standard input
//! offhook-rtp-load codecs                CPU of each codec and cipher
//! ```
#![forbid(unsafe_code)]

mod baseline;
mod codecs;
mod drive;
mod sockets;

use std::process::ExitCode;

fn option(arguments: &[String], name: &str) -> Option<u64> {
    let at = arguments.iter().position(|a| a == name)?;
    arguments.get(at + 1)?.parse().ok()
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let outcome = match arguments.first().map(String::as_str) {
        Some("drive") => drive::run(
            option(&arguments, "--seconds").unwrap_or(5).min(60),
            option(&arguments, "--speaking").unwrap_or(0) as usize,
        ),
        Some("baseline") => baseline::run(option(&arguments, "--legs").unwrap_or(100).min(5000) as usize),
        Some("codecs") => {
            codecs::run();
            Ok(())
        }
        _ => {
            eprintln!("usage: offhook-rtp-load drive --seconds S --speaking K | baseline --legs N | codecs");
            return ExitCode::from(2);
        }
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("offhook-rtp-load: {error}");
            ExitCode::FAILURE
        }
    }
}
