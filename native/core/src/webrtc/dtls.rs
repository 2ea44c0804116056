//! DTLS-SRTP (RFC 5763, RFC 5764) of one session: proves by its certificate's fingerprint that the far end is who
//! signalled, and yields the keys of both directions. The handshake is the crate `dimpl`.

use std::sync::Arc;
use std::time::Instant;

use dimpl::{Config, Dtls, DtlsCertificate, Output, SrtpProfile};
use sha2::{Digest, Sha256, Sha384, Sha512};

use crate::srtp::{MasterKey, Security, Suite};

/// Room for one record; a greater one is asked for by the handshake itself.
const RECORD: usize = 2048;

/// Who this engine is in all handshakes.
#[derive(Debug)]
pub struct Identity {
    config: Arc<Config>,
    certificate: DtlsCertificate,
}

impl Identity {
    /// From a certificate and its PKCS#8 key, both DER. The error is a sentence.
    pub fn new(certificate: Vec<u8>, private_key: Vec<u8>) -> Result<Self, String> {
        let config = Config::builder()
            .build()
            .map_err(|error| format!("DTLS cannot be set up: {error}"))?;
        Ok(Self {
            config: Arc::new(config),
            certificate: DtlsCertificate {
                certificate,
                private_key,
            },
        })
    }
}

/// What signalling says of the far end's certificate (RFC 8122).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fingerprint {
    hash: Hash,
    bytes: Vec<u8>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Hash {
    Sha256,
    Sha384,
    Sha512,
}

impl Fingerprint {
    /// `None` for a hash that we do not know, or of another length than its own.
    pub fn new(hash: &str, bytes: Vec<u8>) -> Option<Self> {
        let (hash, length) = match hash {
            "sha-256" => (Hash::Sha256, 32),
            "sha-384" => (Hash::Sha384, 48),
            "sha-512" => (Hash::Sha512, 64),
            _ => return None,
        };
        (bytes.len() == length).then_some(Self { hash, bytes })
    }

    fn is_of(&self, certificate: &[u8]) -> bool {
        match self.hash {
            Hash::Sha256 => Sha256::digest(certificate).as_slice() == self.bytes,
            Hash::Sha384 => Sha384::digest(certificate).as_slice() == self.bytes,
            Hash::Sha512 => Sha512::digest(certificate).as_slice() == self.bytes,
        }
    }
}

/// What the handshake wants, or has come to.
#[derive(Debug)]
pub enum Step {
    /// Send this.
    Send(Vec<u8>),
    /// Media are enciphered with these.
    Keys(Security),
    /// It is over; a sentence says why.
    Failed(String),
}

/// One association.
pub struct Handshake {
    dtls: Dtls,
    expected: Fingerprint,
    active: bool,
    proved: bool,
    over: bool,
    due: Option<Instant>,
    buffer: Vec<u8>,
}

impl std::fmt::Debug for Handshake {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Handshake({:?}, active: {})", self.expected, self.active)
    }
}

impl Handshake {
    /// With the far end whose certificate has this fingerprint; who is `active` begins.
    pub fn new(identity: &Identity, expected: Fingerprint, active: bool, now: Instant) -> Self {
        let mut dtls = Dtls::new_auto(Arc::clone(&identity.config), identity.certificate.clone(), now);
        if active {
            dtls.set_active(true);
        }
        Self {
            dtls,
            expected,
            active,
            proved: false,
            over: false,
            due: None,
            buffer: vec![0; RECORD],
        }
    }

    /// Whether it is the same association still (RFC 8842 section 3.1).
    pub fn is_with(&self, expected: &Fingerprint, active: bool) -> bool {
        self.expected == *expected && self.active == active
    }

    /// A record arrived.
    pub fn receive(&mut self, packet: &[u8], now: Instant, steps: &mut Vec<Step>) {
        if self.over {
            return;
        }
        let done = self
            .dtls
            .handle_timeout(now)
            .and_then(|()| self.dtls.handle_packet(packet));
        self.advance(done, steps);
    }

    /// Time has passed. An active one begins by it.
    pub fn tick(&mut self, now: Instant, steps: &mut Vec<Step>) {
        if !self.over && self.due.is_none_or(|due| due <= now) {
            let done = self.dtls.handle_timeout(now);
            self.advance(done, steps);
        }
    }

    /// Says farewell.
    pub fn close(&mut self, steps: &mut Vec<Step>) {
        if !self.over && self.proved {
            // One that cannot say it any more is as closed as one that did.
            let _ = self.dtls.close();
            self.poll(steps);
        }
        self.over = true;
    }

    fn advance(&mut self, done: Result<(), dimpl::Error>, steps: &mut Vec<Step>) {
        self.poll(steps);
        if let Err(error) = done {
            self.fail(format!("the DTLS handshake failed: {error}"), steps);
        }
    }

    fn fail(&mut self, reason: String, steps: &mut Vec<Step>) {
        if !self.over {
            self.over = true;
            steps.push(Step::Failed(reason));
        }
    }

    fn poll(&mut self, steps: &mut Vec<Step>) {
        let mut failure = None;
        loop {
            match self.dtls.poll_output(&mut self.buffer) {
                Output::Packet(packet) => steps.push(Step::Send(packet.to_vec())),
                Output::BufferTooSmall { needed } => self.buffer.resize(needed, 0),
                Output::PeerCert(certificate) => {
                    self.proved = self.expected.is_of(certificate);
                    if !self.proved {
                        failure = Some("the far end's certificate is not the one that it signalled".to_owned());
                    }
                }
                Output::KeyingMaterial(material, profile) if self.proved => {
                    match security(&material, profile, self.active) {
                        Some(security) => steps.push(Step::Keys(security)),
                        None => failure = Some(format!("SRTP keys of {profile} are of a wrong length")),
                    }
                }
                Output::CloseNotify => failure = Some("the far end closed its DTLS association".to_owned()),
                Output::Timeout(due) => {
                    self.due = Some(due);
                    break;
                }
                _ => {}
            }
        }
        if let Some(reason) = failure {
            self.fail(reason, steps);
        }
    }
}

/// The exported bytes: both keys, the client's first, then both salts (RFC 5764 section 4.2).
fn security(material: &[u8], profile: SrtpProfile, client: bool) -> Option<Security> {
    let suite = match profile {
        SrtpProfile::AES128_CM_SHA1_80 => Suite::AesCm128Sha1_80,
        SrtpProfile::AEAD_AES_128_GCM => Suite::AesGcm128,
        SrtpProfile::AEAD_AES_256_GCM => Suite::AesGcm256,
        _ => return None,
    };
    let (keys, salts) = material.split_at_checked(2 * suite.key_length())?;
    let half = |client: bool| {
        let key = keys.chunks(suite.key_length()).nth(usize::from(!client))?;
        let salt = salts.chunks(suite.salt_length()).nth(usize::from(!client))?;
        MasterKey::new(suite, [key, salt].concat())
    };
    Some(Security {
        sends: half(client)?,
        receives: half(!client)?,
    })
}
