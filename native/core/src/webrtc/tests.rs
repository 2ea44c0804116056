//! Whole browser legs in virtual time: a session of ours against one that plays the browser.

use std::collections::VecDeque;
use std::net::SocketAddr;

use super::path::Protocol;
use super::*;
use crate::command::{Codec, Connect, Direction, Order, Source, Tone};
use crate::exchange::Exchange;
use crate::session::Settings;
use crate::world::FileWrite;
use crate::TICK;
use sha2::{Digest, Sha256};

const OURS: &[u8] = include_bytes!("fixtures/one.crt.der");
const OUR_KEY: &[u8] = include_bytes!("fixtures/one.key.der");
const THEIRS: &[u8] = include_bytes!("fixtures/other.crt.der");
const THEIR_KEY: &[u8] = include_bytes!("fixtures/other.key.der");

const SERVER: SessionId = 1;
const BROWSER: SessionId = 2;
const PATIENCE: Micros = 30_000_000;

/// What each side said, and to where.
#[derive(Default)]
struct Ether {
    sent: VecDeque<(SessionId, Path, Vec<u8>)>,
    events: Vec<Event>,
    reached: Vec<(SessionId, Path)>,
    named: Vec<(SessionId, String)>,
    random: u64,
}

impl World for Ether {
    fn rtp(&mut self, _: SessionId, _: SocketAddr, _: &[u8]) {
        panic!("plain RTP to a browser");
    }
    fn rtcp(&mut self, _: SessionId, _: SocketAddr, _: &[u8]) {
        panic!("plain RTCP to a browser");
    }
    fn web(&mut self, session: SessionId, to: Path, packet: &[u8]) {
        self.sent.push_back((session, to, packet.to_vec()));
    }
    fn named(&mut self, session: SessionId, ufrag: &str) {
        self.named.push((session, ufrag.to_owned()));
    }
    fn reached(&mut self, session: SessionId, path: Path) {
        self.reached.push((session, path));
    }
    fn emit(&mut self, event: Event) {
        self.events.push(event);
    }
    fn write(&mut self, _: FileWrite) -> bool {
        true
    }
    fn urgent(&mut self, _: SessionId, _: bool) {}
    fn closed(&mut self, _: SessionId) {}
    fn random(&mut self) -> u64 {
        self.random = self.random.wrapping_add(0x1234_5678_9ABC_DEF1);
        self.random
    }
    fn ntp(&self) -> u64 {
        0
    }
}

struct Scene {
    exchange: Exchange,
    ether: Ether,
    now: Micros,
    /// Where the browser's packets come from.
    browser_at: SocketAddr,
    protocol: Protocol,
    /// Nothing arrives anywhere.
    cut: bool,
    dropped: u32,
}

fn server_at() -> SocketAddr {
    ([192, 0, 2, 10], 10_000).into()
}

fn credentials(of: &str) -> Credentials {
    Credentials {
        ufrag: format!("ufrag-{of}"),
        password: format!("password-of-{of}-long-enough").into(),
    }
}

fn fingerprint(certificate: &[u8]) -> Fingerprint {
    Fingerprint::new("sha-256", Sha256::digest(certificate).to_vec()).expect("a fingerprint")
}

fn opening(epoch: Instant, of: &str, certificate: &[u8], key: &[u8], lite: bool) -> Opening {
    Opening {
        local: credentials(of),
        lite,
        controlling: of == "browser",
        identity: Arc::new(Identity::new(certificate.to_vec(), key.to_vec()).expect("an identity")),
        epoch,
        patience: PATIENCE,
    }
}

fn connect(peer: Peer) -> Order {
    Order::Connect(Connect {
        remote: ([0, 0, 0, 0], 9).into(),
        codec: Codec::Pcmu,
        payload_type: 0,
        accepts: vec![(0, Codec::Pcmu)],
        dtmf: Some(101),
        dtmf_accepts: Some(101),
        dtmf_clock: 8000,
        ptime: 20,
        opus: crate::codec::opus::Options::default(),
        direction: Direction::SendRecv,
        unconfirmed_limit: 500,
        security: None,
        rtcp_mux: true,
        comfort_noise: None,
        inband_dtmf: false,
        dtmf_signalled: false,
        peer: Some(Box::new(peer)),
    })
}

impl Scene {
    fn new(lite: bool) -> Self {
        let settings = Settings {
            jitter_least: 40,
            jitter_most: 200,
            rtp_timeout: 0,
            keepalive: 0,
        };
        let (mut exchange, mut ether, epoch) = (Exchange::new(settings), Ether::default(), Instant::now());
        exchange.open_to_browser(SERVER, opening(epoch, "server", OURS, OUR_KEY, lite), 0, &mut ether);
        let browser = opening(epoch, "browser", THEIRS, THEIR_KEY, false);
        exchange.open_to_browser(BROWSER, browser, 0, &mut ether);
        Self {
            exchange,
            ether,
            now: 0,
            browser_at: ([192, 0, 2, 20], 50_000).into(),
            protocol: Protocol::Udp,
            cut: false,
            dropped: 0,
        }
    }

    fn order(&mut self, session: SessionId, command: u64, order: Order) {
        self.exchange.order(session, command, order, self.now, &mut self.ether);
    }

    fn server_learns(&mut self, command: u64, certificate: &[u8]) {
        let peer = Peer {
            local: credentials("server"),
            remote: credentials("browser"),
            fingerprint: fingerprint(certificate),
            active: false,
            candidates: vec!["1 1 udp 2113937151 0b5b0d5e.local 50000 typ host".into()],
        };
        self.order(SERVER, command, connect(peer));
    }

    fn browser_learns(&mut self, command: u64, server: &str) {
        let (protocol, tcp) = match self.protocol {
            Protocol::Udp => ("udp", ""),
            Protocol::Tcp => ("tcp", " tcptype passive"),
        };
        let candidate = format!("1 1 {protocol} 2130706431 192.0.2.10 10000 typ host{tcp}");
        let peer = Peer {
            local: credentials("browser"),
            remote: credentials(server),
            fingerprint: fingerprint(OURS),
            active: true,
            candidates: vec![candidate],
        };
        self.order(BROWSER, command, connect(peer));
    }

    fn met(lite: bool) -> Self {
        let mut scene = Self::new(lite);
        scene.server_learns(1, THEIRS);
        scene.browser_learns(2, "server");
        scene
    }

    /// Lets time pass, and packets on their way arrive.
    fn pass(&mut self, milliseconds: u64) {
        let until = self.now + milliseconds * 1000;
        while self.now < until {
            self.now += TICK;
            self.exchange.tick(self.now, &mut self.ether);
            while let Some((from, to, mut packet)) = self.ether.sent.pop_front() {
                let (to_session, source) = match from {
                    SERVER => (BROWSER, server_at()),
                    _ => (SERVER, self.browser_at),
                };
                let arrives = from == BROWSER || to.address == self.browser_at;
                if self.cut || !arrives {
                    self.dropped += 1;
                    continue;
                }
                let path = Path {
                    protocol: self.protocol,
                    address: source,
                };
                self.exchange
                    .receive_web(to_session, &mut packet, path, self.now, &mut self.ether);
            }
        }
    }

    fn plays(&mut self, session: SessionId, command: u64) {
        let tone = Tone {
            frequencies: vec![600.0],
            on: 400,
            off: 0,
            repeat: 1,
            level: -10.0,
        };
        let loading = Arc::new(std::sync::OnceLock::from(Ok(vec![Source::Tone(tone)])));
        let order = Order::Play {
            loading,
            repeat: 1,
            stop_on: String::new(),
            stop_on_voice: None,
            offset: 0,
            gain: 0.0,
        };
        self.order(session, command, order);
    }

    fn received(&mut self, session: SessionId) -> u64 {
        let command = 9000 + session;
        self.order(session, command, Order::Close);
        let closed = |event: &Event| match event {
            Event::Finished(id, crate::event::Outcome::Closed(statistics)) if *id == command => {
                Some(statistics.packets_received)
            }
            _ => None,
        };
        self.ether.events.iter().find_map(closed).expect("closed")
    }

    fn lost(&self) -> Vec<(SessionId, &str)> {
        let lost = |event| match event {
            &Event::PathLost(session, ref reason) => Some((session, reason.as_str())),
            _ => None,
        };
        self.ether.events.iter().filter_map(lost).collect()
    }
}

#[test]
fn audio_waits_for_the_handshake_and_then_is_heard_whole() {
    for lite in [true, false] {
        let mut scene = Scene::met(lite);
        scene.plays(SERVER, 3);
        scene.pass(2000);
        assert_eq!(scene.lost(), [], "lite: {lite}");
        assert_eq!(scene.received(BROWSER), 20, "lite: {lite}");
    }
}

#[test]
fn a_connection_carries_it_as_well() {
    let mut scene = Scene::new(true);
    scene.protocol = Protocol::Tcp;
    scene.server_learns(1, THEIRS);
    scene.browser_learns(2, "server");
    scene.plays(BROWSER, 3);
    scene.pass(2000);
    assert_eq!(scene.received(SERVER), 20);
}

#[test]
fn checks_and_records_that_are_faster_than_signalling_wait_for_it() {
    let mut scene = Scene::new(true);
    scene.browser_learns(1, "server");
    scene.pass(300);
    scene.server_learns(2, THEIRS);
    scene.plays(SERVER, 3);
    scene.pass(2000);
    assert_eq!(scene.received(BROWSER), 20);
}

#[test]
fn another_certificate_than_the_signalled_one_ends_it_unheard() {
    let mut scene = Scene::new(true);
    scene.server_learns(1, OURS);
    scene.browser_learns(2, "server");
    scene.plays(BROWSER, 3);
    scene.pass(1000);
    let reason = "the far end's certificate is not the one that it signalled";
    assert_eq!(scene.lost().first(), Some(&(SERVER, reason)));
    assert_eq!(scene.received(SERVER), 0);
}

#[test]
fn a_browser_whose_address_changes_is_followed() {
    let mut scene = Scene::met(true);
    scene.pass(1000);
    scene.browser_at = ([198, 51, 100, 7], 61_000).into();
    scene.pass(10_000);
    scene.plays(SERVER, 3);
    scene.pass(1000);
    assert_eq!(scene.received(BROWSER), 20);
    assert!(scene
        .ether
        .reached
        .iter()
        .any(|(_, path)| path.address == scene.browser_at));
}

#[test]
fn a_browser_that_no_longer_answers_is_lost_after_a_while_and_told_once() {
    for lite in [true, false] {
        let mut scene = Scene::met(lite);
        scene.pass(1000);
        scene.cut = true;
        scene.pass(29_000);
        assert!(!scene.lost().iter().any(|(session, _)| *session == SERVER));
        scene.pass(10_000);
        let lost: Vec<_> = scene.lost().into_iter().filter(|(s, _)| *s == SERVER).collect();
        let reason = "no path to the browser: nothing was heard of it for 30 s";
        assert_eq!(lost, [(SERVER, reason)], "lite: {lite}");
    }
}

#[test]
fn a_browser_that_never_comes_is_lost_too() {
    let mut scene = Scene::new(true);
    scene.server_learns(1, THEIRS);
    scene.pass(31_000);
    assert_eq!(scene.lost().len(), 1);
}

#[test]
fn an_ice_restart_changes_names_and_leaves_keys_alone() {
    let mut scene = Scene::met(true);
    scene.pass(1000);
    let again = |of: &str| credentials(&format!("{of}-again"));
    scene.browser_at = ([203, 0, 113, 9], 40_404).into();
    for (command, session, local, remote, certificate, active, candidates) in [
        (10, SERVER, "server", "browser", THEIRS, false, vec![]),
        (
            11,
            BROWSER,
            "browser",
            "server",
            OURS,
            true,
            vec!["1 1 udp 2130706431 192.0.2.10 10000 typ host".to_owned()],
        ),
    ] {
        let peer = Peer {
            local: again(local),
            remote: again(remote),
            fingerprint: fingerprint(certificate),
            active,
            candidates,
        };
        scene.order(session, command, connect(peer));
    }
    scene.pass(1000);
    scene.plays(SERVER, 3);
    scene.pass(1000);
    assert!(scene.ether.named.contains(&(SERVER, "ufrag-server-again".to_owned())));
    assert_eq!(scene.received(BROWSER), 20);
}

#[test]
fn closing_says_farewell_and_a_farewell_is_a_lost_path() {
    let mut scene = Scene::met(true);
    scene.pass(1000);
    scene.order(BROWSER, 5, Order::Close);
    scene.pass(40);
    assert_eq!(scene.lost(), [(SERVER, "the far end closed its DTLS association")]);
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(8))]
    #[test]
    fn no_packets_make_it_panic(packets in proptest::collection::vec(
        (0u8..4, proptest::collection::vec(proptest::prelude::any::<u8>(), 0..120)), 0..20,
    )) {
        let mut scene = Scene::met(true);
        scene.pass(200);
        for (kind, mut packet) in packets {
            if let Some(first) = packet.first_mut() {
                *first = [0, 22, 0x80, *first][usize::from(kind)];
            }
            let path = Path { protocol: Protocol::Udp, address: scene.browser_at };
            scene.exchange.receive_web(SERVER, &mut packet, path, scene.now, &mut scene.ether);
        }
        scene.pass(100);
        proptest::prop_assert!(scene.lost().is_empty());
    }
}
