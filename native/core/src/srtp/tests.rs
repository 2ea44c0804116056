//! Both ends of a protected line.

use super::*;
use crate::rtp::Header;
use proptest::prelude::*;

fn key(suite: Suite, fill: u8) -> MasterKey {
    MasterKey::new(suite, vec![fill; suite.key_length() + suite.salt_length()]).expect("a key")
}

fn packet(sequence: u16, payload: &[u8]) -> Vec<u8> {
    let header = Header {
        marker: false,
        payload_type: 0,
        sequence,
        timestamp: u32::from(sequence) * 160,
        ssrc: 77,
    };
    [&header.to_bytes()[..], payload].concat()
}

const REPORT: [u8; 12] = [0x80, 201, 0, 2, 0, 0, 0, 77, 1, 2, 3, 4];

#[test]
fn libsrtp_and_we_make_the_same_packets() {
    // The reference packets of libsrtp's test driver, under the master key of RFC 3711 appendix B.3.
    let master = unhex("e1f97a0d3e018be0d64fa32c06de41390ec675ad498afeebb6960b3aabe6");
    let mut out = Outbound::new(MasterKey::new(Suite::AesCm128Sha1_80, master).expect("a key"));
    let rtp = unhex("800f1234decafbadcafebabeabababababababababababababababab");
    let rtcp = unhex("81c8000bcafebabeabababababababababababababababab");
    assert_eq!(
        out.rtp(&rtp),
        Some(&unhex("800f1234decafbadcafebabe4e55dc4ce79978d88ca4d215949d2402b78d6acc99ea179b8dbb")[..])
    );
    out.reports = 1;
    assert_eq!(
        out.rtcp(&rtcp),
        Some(&unhex("81c8000bcafebabe7128035be487b9bdbef89041f977a5a880000001993e08cd54d6c1230798")[..])
    );
}

#[test]
fn every_suite_carries_audio_and_reports_over_rollovers_loss_and_reordering() {
    for (name, suite) in Suite::NAMED {
        let (mut out, mut inn) = (Outbound::new(key(suite, 1)), Inbound::new(key(suite, 1)));
        let mut held: Option<Vec<u8>> = None;
        let numbered = |n: u32| packet((65_000 + 31 * n) as u16, &[n as u8; 20]);
        for n in 0..4500u32 {
            let plain = numbered(n);
            let mut sealed = out.rtp(&plain).expect("sealed").to_vec();
            assert_ne!(sealed[12..32], plain[12..], "{name}");
            match n % 97 {
                0 => {}
                1 => held = Some(sealed),
                2 => {
                    assert_eq!(inn.rtp(&mut sealed), Some(&plain[..]), "{name} {n}");
                    let mut late = held.take().expect("held");
                    assert_eq!(inn.rtp(&mut late), Some(&numbered(n - 1)[..]), "{name} {n}");
                }
                _ => assert_eq!(inn.rtp(&mut sealed), Some(&plain[..]), "{name} {n}"),
            }
        }
        for _ in 0..3 {
            let mut sealed = out.rtcp(&REPORT).expect("sealed").to_vec();
            assert_eq!(inn.rtcp(&mut sealed), Some(&REPORT[..]), "{name}");
        }
    }
}

#[test]
fn a_packet_is_heard_once_and_no_index_is_used_twice() {
    for (_, suite) in Suite::NAMED {
        let (mut out, mut inn) = (Outbound::new(key(suite, 1)), Inbound::new(key(suite, 1)));
        let sealed = out.rtp(&packet(9, b"one")).expect("sealed").to_vec();
        assert!(inn.rtp(&mut sealed.clone()).is_some());
        assert_eq!(inn.rtp(&mut sealed.clone()), None);
        assert_eq!(out.rtp(&packet(9, b"two")), None);
        let sealed = out.rtcp(&REPORT).expect("sealed").to_vec();
        assert!(inn.rtcp(&mut sealed.clone()).is_some());
        assert_eq!(inn.rtcp(&mut sealed.clone()), None);
    }
}

#[test]
fn another_key_a_changed_bit_and_plain_packets_are_not_genuine() {
    for (_, suite) in Suite::NAMED {
        let mut out = Outbound::new(key(suite, 1));
        let sealed = out.rtp(&packet(9, &[7; 40])).expect("sealed").to_vec();
        assert_eq!(Inbound::new(key(suite, 2)).rtp(&mut sealed.clone()), None);
        let mut inn = Inbound::new(key(suite, 1));
        for at in 0..sealed.len() {
            let mut forged = sealed.clone();
            forged[at] ^= 0x10;
            assert_eq!(inn.rtp(&mut forged), None, "{at}");
        }
        assert_eq!(inn.rtp(&mut packet(9, &[7; 40])), None);
        assert_eq!(inn.rtcp(&mut REPORT.to_vec()), None);
        assert!(inn.streams.is_empty(), "who has no key leaves no trace");
        assert!(inn.rtp(&mut sealed.clone()).is_some());
    }
}

#[test]
fn streams_of_one_key_are_told_apart_and_bounded() {
    let suite = Suite::AesGcm128;
    let mut inn = Inbound::new(key(suite, 1));
    for ssrc in 0..100u32 {
        let mut plain = packet(9, b"audio");
        plain[8..12].copy_from_slice(&ssrc.to_be_bytes());
        let mut out = Outbound::new(key(suite, 1));
        let sealed = out.rtp(&plain).expect("sealed").to_vec();
        assert!(inn.rtp(&mut sealed.clone()).is_some());
        assert_eq!(inn.rtp(&mut sealed.clone()), None);
    }
    assert_eq!(inn.streams.len(), MOST_STREAMS);
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..120), suite in 0usize..5) {
        let suite = Suite::NAMED[suite].1;
        let mut inn = Inbound::new(key(suite, 1));
        prop_assert!(inn.rtp(&mut bytes.clone()).is_none());
        prop_assert!(inn.rtcp(&mut bytes.clone()).is_none());
        let mut out = Outbound::new(key(suite, 1));
        let _ = out.rtp(&bytes);
        let _ = out.rtcp(&bytes);
    }
}
