//! Crypto suites and master keys, as session descriptions name them (RFC 4568 section 6.2, RFC 6188, RFC 7714).

use zeroize::Zeroizing;

/// How packets are enciphered and authenticated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Suite {
    /// `AES_CM_128_HMAC_SHA1_80` (RFC 4568): what every SRTP end knows.
    AesCm128Sha1_80,
    /// `AES_CM_128_HMAC_SHA1_32` (RFC 4568): a tag of four bytes for RTP, ten for RTCP.
    AesCm128Sha1_32,
    /// `AES_256_CM_HMAC_SHA1_80` (RFC 6188).
    AesCm256Sha1_80,
    /// `AEAD_AES_128_GCM` (RFC 7714).
    AesGcm128,
    /// `AEAD_AES_256_GCM` (RFC 7714).
    AesGcm256,
}

impl Suite {
    /// All of them, under their names.
    pub const NAMED: [(&'static str, Self); 5] = [
        ("AES_CM_128_HMAC_SHA1_80", Self::AesCm128Sha1_80),
        ("AES_CM_128_HMAC_SHA1_32", Self::AesCm128Sha1_32),
        ("AES_256_CM_HMAC_SHA1_80", Self::AesCm256Sha1_80),
        ("AEAD_AES_128_GCM", Self::AesGcm128),
        ("AEAD_AES_256_GCM", Self::AesGcm256),
    ];

    /// The suite of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::NAMED
            .iter()
            .find(|(known, _)| *known == name)
            .map(|(_, suite)| *suite)
    }

    /// Bytes of a master key (and of each session key for ciphers).
    pub fn key_length(self) -> usize {
        match self {
            Self::AesCm128Sha1_80 | Self::AesCm128Sha1_32 | Self::AesGcm128 => 16,
            Self::AesCm256Sha1_80 | Self::AesGcm256 => 32,
        }
    }

    /// Bytes of a master salt.
    pub fn salt_length(self) -> usize {
        match self {
            Self::AesGcm128 | Self::AesGcm256 => 12,
            _ => 14,
        }
    }
}

/// A master key with its salt, for one direction. Neither is ever shown, both are wiped when they go.
#[derive(Clone, PartialEq, Eq)]
pub struct MasterKey {
    suite: Suite,
    bytes: Zeroizing<Vec<u8>>,
}

impl MasterKey {
    /// From the key and, behind it, the salt; `None` when the length is wrong for the suite.
    pub fn new(suite: Suite, bytes: Vec<u8>) -> Option<Self> {
        let bytes = Zeroizing::new(bytes);
        (bytes.len() == suite.key_length() + suite.salt_length()).then_some(Self { suite, bytes })
    }

    /// What it is for.
    pub fn suite(&self) -> Suite {
        self.suite
    }

    /// The key.
    pub fn key(&self) -> &[u8] {
        &self.bytes[..self.suite.key_length()]
    }

    /// The salt.
    pub fn salt(&self) -> &[u8] {
        &self.bytes[self.suite.key_length()..]
    }
}

impl std::fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "MasterKey({:?})", self.suite)
    }
}

/// What both sides agreed on: the key that we send under, and theirs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Security {
    /// Ours.
    pub sends: MasterKey,
    /// Theirs.
    pub receives: MasterKey,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_neither_shown_nor_taken_at_a_wrong_length() {
        for (name, suite) in Suite::NAMED {
            let length = suite.key_length() + suite.salt_length();
            assert_eq!(Suite::named(name), Some(suite));
            let key = MasterKey::new(suite, vec![0xA7; length]).expect("a key");
            assert_eq!(format!("{key:?}"), format!("MasterKey({suite:?})"));
            assert!(MasterKey::new(suite, vec![0; length - 1]).is_none());
        }
        assert_eq!(Suite::named("F8_128_HMAC_SHA1_80"), None);
    }
}
