//! The shared port on real sockets: whose a packet is, by datagram and by connection.

use super::*;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

const CERTIFICATE: &[u8] = include_bytes!("../../core/src/webrtc/fixtures/one.crt.der");
const KEY: &[u8] = include_bytes!("../../core/src/webrtc/fixtures/one.key.der");

struct Scene {
    gate: Arc<Gate>,
    letters: Receiver<Letter>,
    thread: Option<JoinHandle<()>>,
}

impl Scene {
    fn new() -> Self {
        let (desks, mut drawers) = Desk::of(1).expect("an eventfd");
        let (_, letters) = drawers.remove(0);
        let settings = GateSettings {
            host: Some(Ipv4Addr::LOCALHOST.into()),
            port: 0,
            certificate: CERTIFICATE.to_vec(),
            private_key: KEY.to_vec(),
            patience: 1_000_000,
        };
        let (gate, thread) = Gate::open(settings, desks).expect("a port");
        gate.place(7, 0);
        gate.named(7, "ours");
        let thread = Some(thread);
        Self { gate, letters, thread }
    }

    fn letter(&self) -> Option<Letter> {
        self.letters.recv_timeout(Duration::from_secs(5)).ok()
    }

    fn nothing(&self) -> bool {
        self.letters.recv_timeout(Duration::from_millis(100)).is_err()
    }

    fn browser(&self) -> UdpSocket {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).expect("a socket");
        socket
            .connect((Ipv4Addr::LOCALHOST, self.gate.port))
            .expect("connected");
        socket
    }

    fn connection(&self) -> TcpStream {
        let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, self.gate.port)).expect("connected");
        stream.set_read_timeout(Some(Duration::from_secs(5))).expect("set");
        stream
    }
}

impl Drop for Scene {
    fn drop(&mut self) {
        self.gate.stop();
        self.thread.take().map(JoinHandle::join);
    }
}

/// A connectivity check for whom `ufrag` names, as far as a reader without the password can tell.
fn check(ufrag: &str) -> Vec<u8> {
    let mut body = Vec::new();
    for (kind, value) in [
        (0x0006u16, format!("{ufrag}:them").into_bytes()),
        (0x0024, vec![1; 4]),
        (0x0008, vec![2; 20]),
    ] {
        body.extend(kind.to_be_bytes());
        body.extend((value.len() as u16).to_be_bytes());
        body.extend(&value);
        body.resize(body.len().next_multiple_of(4), 0);
    }
    let head = [
        &[0, 1][..],
        &(body.len() as u16).to_be_bytes(),
        &[0x21, 0x12, 0xA4, 0x42],
        &[9; 12],
    ];
    [head.concat(), body].concat()
}

fn framed(packet: &[u8]) -> Vec<u8> {
    [&(packet.len() as u16).to_be_bytes()[..], packet].concat()
}

const AUDIO: [u8; 13] = [0x80, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 7, 1];

#[test]
fn checks_are_for_whom_they_name_and_audio_for_whose_checks_came_from_there() {
    let scene = Scene::new();
    let browser = scene.browser();
    browser.send(&AUDIO).expect("sent");
    browser.send(&check("theirs")).expect("sent");
    assert!(scene.nothing(), "nobody's");
    browser.send(&check("ours")).expect("sent");
    let letter = scene.letter().expect("a letter");
    assert_eq!((letter.session, letter.packet), (7, check("ours")));
    browser.send(&AUDIO).expect("sent");
    assert!(scene.nothing(), "a name alone proves nothing");
    scene.gate.reached(7, letter.path);
    browser.send(&AUDIO).expect("sent");
    assert_eq!(scene.letter().map(|letter| letter.packet), Some(AUDIO.to_vec()));
    assert!(scene.gate.send(letter.path, b"hello"));
    let mut heard = [0; 16];
    assert_eq!(browser.recv(&mut heard).ok(), Some(5));
    scene.gate.release(7);
    browser.send(&AUDIO).expect("sent");
    assert!(scene.nothing());
    assert!(scene.gate.is_empty());
}

#[test]
fn who_is_asked_at_an_address_of_another_does_not_get_what_comes_from_there() {
    let scene = Scene::new();
    let browser = scene.browser();
    browser.send(&check("ours")).expect("sent");
    let path = scene.letter().expect("a letter").path;
    scene.gate.reached(7, path);
    scene.gate.place(8, 0);
    scene.gate.asked(8, path);
    browser.send(&AUDIO).expect("sent");
    assert_eq!(scene.letter().map(|letter| letter.session), Some(7));
}

#[test]
fn a_session_has_one_name_and_a_bounded_number_of_sources() {
    let scene = Scene::new();
    scene.gate.named(7, "again");
    let browser = scene.browser();
    browser.send(&check("ours")).expect("sent");
    assert!(scene.nothing());
    browser.send(&check("again")).expect("sent");
    assert!(scene.letter().is_some());
    for port in 1..=1000 {
        let (protocol, address) = (Protocol::Udp, (Ipv4Addr::LOCALHOST, port).into());
        scene.gate.reached(7, Path { protocol, address });
    }
    assert_eq!(scene.gate.len(), 2 + MOST_PATHS);
    scene.gate.place(8, 0);
    let newest = Path {
        protocol: Protocol::Udp,
        address: (Ipv4Addr::LOCALHOST, 1000).into(),
    };
    scene.gate.reached(8, newest);
    scene.gate.release(7);
    assert_eq!(scene.gate.len(), 2, "what became another's stays his");
    scene.gate.release_shard(0);
    assert!(scene.gate.is_empty());
}

#[test]
fn a_connection_carries_frames_both_ways_until_its_session_ends() {
    let scene = Scene::new();
    let mut browser = scene.connection();
    let frames = [framed(&check("ours")), framed(&AUDIO)].concat();
    browser.write_all(&frames[..30]).expect("sent");
    assert!(scene.nothing(), "half a frame");
    browser.write_all(&frames[30..]).expect("sent");
    let letter = scene.letter().expect("a letter");
    assert_eq!((letter.path.protocol, letter.packet), (Protocol::Tcp, check("ours")));
    scene.gate.reached(7, letter.path);
    browser.write_all(&framed(&AUDIO)).expect("sent");
    assert_eq!(scene.letter().map(|letter| letter.packet), Some(AUDIO.to_vec()));
    assert!(scene.gate.send(letter.path, b"hello"));
    let mut heard = [0; 7];
    browser.read_exact(&mut heard).expect("a frame");
    assert_eq!(heard, *b"\0\x05hello");
    scene.gate.release(7);
    assert_eq!(browser.read(&mut heard).ok(), Some(0), "closed with its session");
    assert!(scene.gate.is_empty());
    assert!(!scene.gate.send(letter.path, b"hello"));
}

#[test]
fn a_reader_who_does_not_read_costs_a_bounded_queue_and_gets_what_fitted() {
    let scene = Scene::new();
    let mut browser = scene.connection();
    browser.write_all(&framed(&check("ours"))).expect("sent");
    let path = scene.letter().expect("a letter").path;
    scene.gate.reached(7, path);
    let packet = [5; 1000];
    let taken = (0..20_000).take_while(|_| scene.gate.send(path, &packet)).count();
    assert!(taken < 20_000, "the kernel's buffers and ours are full");
    let mut whole = vec![0; taken * 1002];
    browser.read_exact(&mut whole).expect("all that was taken");
    assert!(whole
        .chunks(1002)
        .all(|frame| frame[..2] == [3, 232] && frame[2..] == packet));
}

#[test]
fn a_frame_that_is_too_long_ends_the_connection() {
    let scene = Scene::new();
    let mut browser = scene.connection();
    browser.write_all(&[0xFF, 0xFF, 1, 2, 3]).expect("sent");
    let ended = browser.read(&mut [0; 8]);
    assert!(matches!(ended, Ok(0)) || ended.is_err());
}
