//! Session keys from a master key (RFC 3711 section 4.3, RFC 6188 section 3, RFC 7714 section 11). The key derivation rate is zero.

use aes::cipher::consts::U16;
use aes::cipher::{BlockCipherEncrypt, BlockSizeUser, InnerIvInit, KeyInit, StreamCipher};
use aes::{Aes128Enc, Aes256Enc};
use ctr::{Ctr128BE, CtrCore};
use zeroize::Zeroizing;

use super::suite::MasterKey;

/// What a session key is for: the labels of RFC 3711 section 4.3.2, for RTP; RTCP's are three higher.
#[derive(Debug, Clone, Copy)]
pub enum Label {
    /// The cipher's key.
    Cipher = 0,
    /// The authentication key.
    Authentication = 1,
    /// The salt.
    Salt = 2,
}

/// `length` bytes of session key.
pub fn derive(master: &MasterKey, label: Label, rtcp: bool, length: usize) -> Zeroizing<Vec<u8>> {
    let mut iv = [0; 16];
    // A salt of 96 bits is padded on the right.
    iv[..master.salt().len()].copy_from_slice(master.salt());
    iv[7] ^= label as u8 + if rtcp { 3 } else { 0 };
    let mut out = Zeroizing::new(vec![0; length]);
    keystream(master.key(), &iv, &mut out);
    out
}

fn keystream(key: &[u8], iv: &[u8; 16], out: &mut [u8]) {
    if let Ok(cipher) = Aes128Enc::new_from_slice(key) {
        apply(&cipher, iv, out);
    } else if let Ok(cipher) = Aes256Enc::new_from_slice(key) {
        apply(&cipher, iv, out);
    }
}

/// Counter mode over `data`, in place.
pub fn apply<C>(cipher: &C, iv: &[u8; 16], data: &mut [u8])
where
    C: BlockCipherEncrypt + BlockSizeUser<BlockSize = U16>,
{
    Ctr128BE::from_core(CtrCore::inner_iv_init(cipher, iv.into())).apply_keystream(data);
}

#[cfg(test)]
mod tests {
    use super::super::suite::Suite;
    use super::super::unhex;
    use super::*;

    fn derived(suite: Suite, master: &str, cipher: &str, salt: &str, authentication: &str) {
        let master = MasterKey::new(suite, unhex(master)).expect("a key");
        let session = |label, length| derive(&master, label, false, length).to_vec();
        assert_eq!(session(Label::Cipher, suite.key_length()), unhex(cipher));
        assert_eq!(session(Label::Salt, 14), unhex(salt));
        assert_eq!(session(Label::Authentication, 20), unhex(authentication));
    }

    #[test]
    fn session_keys_are_those_of_rfc_3711_appendix_b3() {
        derived(
            Suite::AesCm128Sha1_80,
            "e1f97a0d3e018be0d64fa32c06de41390ec675ad498afeebb6960b3aabe6",
            "c61e7a93744f39ee10734afe3ff7a087",
            "30cbbc08863d8c85d49db34a9ae1",
            "cebe321f6ff7716b6fd4ab49af256a156d38baa4",
        );
    }

    #[test]
    fn session_keys_are_those_of_rfc_6188_section_7() {
        derived(
            Suite::AesCm256Sha1_80,
            "f0f04914b513f2763a1b1fa130f10e2998f6f6e43e4309d1e622a0e332b9f1b63b04803de51ee7c96423ab5b78d2",
            "5ba1064e30ec51613cad926c5a28ef731ec7fb397f70a960653caf06554cd8c4",
            "fa31791685ca444a9e07c6c64e93",
            "fd9c32d39ed5fbb5a9dc96b30818454d1313dc05",
        );
    }
}
