//! What sessions of browsers are told across the border, put into the engine's words.

use offhook_media_core::webrtc::dtls::Fingerprint;
use offhook_media_core::webrtc::ice::Credentials;
use offhook_media_core::webrtc::Peer;
use offhook_media_io::gate::{Gate, GateSettings};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

/// Host (empty: all addresses), port, certificate, key, milliseconds of patience.
pub type Browsers = (String, u16, Vec<u8>, Vec<u8>, u64);

/// Both sides' credentials, hash and bytes of the far end's fingerprint, whether we begin the handshake, candidates.
pub type BrowserPeer = ((String, String), (String, String), (String, Vec<u8>), bool, Vec<String>);

/// Settings of the shared port.
pub fn settings((host, port, certificate, private_key, patience): Browsers) -> PyResult<GateSettings> {
    let unreadable = || PyValueError::new_err(format!("{host} is no IP address to bind"));
    let address = host.parse().map_err(|_| unreadable());
    Ok(GateSettings {
        host: if host.is_empty() { None } else { Some(address?) },
        port,
        certificate,
        private_key,
        patience: patience * 1000,
    })
}

/// The port, or 0 and why there is none.
pub fn port(gate: Result<&Gate, &str>) -> (u16, String) {
    match gate {
        Ok(gate) => (gate.port, String::new()),
        Err(reason) => (0, reason.to_owned()),
    }
}

/// User fragment and password.
pub fn credentials((ufrag, password): (String, String)) -> Credentials {
    Credentials {
        ufrag,
        password: password.into(),
    }
}

/// The far end.
pub fn peer((local, remote, (hash, bytes), active, candidates): BrowserPeer) -> PyResult<Peer> {
    let fingerprint = Fingerprint::new(&hash, bytes);
    let unknown = || PyValueError::new_err(format!("a fingerprint by {hash} of this length is not known"));
    Ok(Peer {
        local: credentials(local),
        remote: credentials(remote),
        fingerprint: fingerprint.ok_or_else(unknown)?,
        active,
        candidates,
    })
}
