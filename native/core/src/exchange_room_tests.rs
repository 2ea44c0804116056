//! Rooms: everybody hears the others and not himself, whatever they speak, and nobody hears how they come and go.

use super::codecs::Phone;
use super::*;

const TONES: [f64; 8] = [400.0, 600.0, 900.0, 1100.0, 1400.0, 1700.0, 2100.0, 2600.0];

fn join(room: u64) -> Order {
    as_member(room, Membership::default())
}

fn as_member(room: u64, membership: Membership) -> Order {
    Order::Join { room, membership }
}

// Sessions 1.. in room 7, each a phone with a tone of its own.
fn room(codecs: &[Codec]) -> (Scene, Vec<Phone>) {
    let mut scene = Scene::new(codecs.len() as u64);
    let phones = codecs
        .iter()
        .zip(TONES)
        .zip(1..)
        .map(|((codec, hertz), session)| {
            let phone = Phone::new(&mut scene, session, *codec, hertz);
            scene.order(session, 10 + session, join(7));
            phone
        })
        .collect();
    scene.world.events.clear();
    (scene, phones)
}

// Those of `speakers` say 20 ms in each tick, all hear what comes of it.
fn talk(scene: &mut Scene, phones: &mut [Phone], speakers: &[usize], ticks: u32) {
    scene.world.sent.clear();
    for _ in 0..ticks {
        for at in speakers {
            (0..2).for_each(|_| phones[*at].says(scene, 10));
        }
        scene.tick();
    }
    phones.iter_mut().for_each(|phone| phone.hears(scene));
    // Phones that only listen count as lost after a while; that is not what these tests are about.
    scene.world.events.retain(|event| !matches!(event, Event::RtpLost(..)));
}

fn steepest(samples: &[i16]) -> i32 {
    let steps = samples
        .windows(2)
        .map(|pair| (i32::from(pair[0]) - i32::from(pair[1])).abs());
    steps.max().unwrap_or(0)
}

#[test]
fn everybody_hears_the_sum_of_the_others_whatever_they_speak() {
    let codecs = Codec::NAMED.map(|(_, codec)| codec);
    let (mut scene, mut phones) = room(&codecs);
    talk(&mut scene, &mut phones, &[0, 2, 3, 5], 80);
    for (at, phone) in phones.iter().enumerate() {
        for (other, hertz) in TONES.iter().enumerate().take(codecs.len()) {
            let level = phone.level(*hertz);
            if other != at && [0, 2, 3, 5].contains(&other) {
                assert!((6400.0..9200.0).contains(&level), "{at} hears {other} at {level:.0}");
            } else {
                assert!(level < 400.0, "{at} hears {other} at {level:.0}");
            }
        }
    }
}

#[test]
fn wide_lines_hear_each_other_in_full_beside_narrow_ones() {
    let mut scene = Scene::new(3);
    let codecs = [Codec::G722, Codec::L16(48_000), Codec::Pcmu];
    let mut phones: Vec<Phone> = codecs
        .iter()
        .zip([6000.0, 600.0, 900.0])
        .zip(1..)
        .map(|((codec, hertz), session)| Phone::new(&mut scene, session, *codec, hertz))
        .collect();
    (1..=3).for_each(|session| scene.order(session, 10 + session, join(7)));
    talk(&mut scene, &mut phones, &[0], 80);
    assert!(phones[1].level(6000.0) > 6400.0);
    assert!(
        phones[2].level(2000.0) < 300.0,
        "what a narrow line cannot carry must not fold into it"
    );
}

#[test]
fn listeners_of_one_codec_get_the_same_payload_under_names_of_their_own() {
    let (mut scene, mut phones) = room(&[Codec::Pcmu, Codec::G722, Codec::G722, Codec::G722]);
    talk(&mut scene, &mut phones, &[0], 100);
    let last = |session| {
        let mut packets = scene.world.sent.iter().rev();
        let (.., packet) = packets.find(|(to, ..)| *to == session).expect("a packet");
        parse(packet)
            .map(|(header, payload)| (header.ssrc, payload.to_vec()))
            .expect("ours")
    };
    let heard = [2, 3, 4].map(last);
    assert!(heard
        .windows(2)
        .all(|pair| pair[0].1 == pair[1].1 && pair[0].0 != pair[1].0));
}

#[test]
fn who_begins_to_speak_goes_on_hearing_without_a_click() {
    let (mut scene, mut phones) = room(&[Codec::L16(16_000), Codec::G722]);
    talk(&mut scene, &mut phones, &[0], 100);
    phones[1].heard.clear();
    talk(&mut scene, &mut phones, &[0, 1], 50);
    let bound = 8000.0 * std::f64::consts::TAU * TONES[0] / 16_000.0;
    let steepest = f64::from(steepest(&phones[1].heard));
    assert!(steepest < 1.2 * bound, "{steepest} against {bound:.0}");
}

#[test]
fn two_rooms_do_not_hear_each_other_and_a_third_is_nobodys() {
    let mut scene = Scene::new(4);
    let mut phones: Vec<Phone> = (1..=4)
        .map(|session| Phone::new(&mut scene, session, Codec::Pcmu, TONES[session as usize]))
        .collect();
    for session in 1..=4 {
        scene.order(session, 10 + session, join(session % 2));
    }
    talk(&mut scene, &mut phones, &[0, 1, 2, 3], 60);
    assert!(phones[0].level(TONES[3]) > 6400.0 && phones[1].level(TONES[4]) > 6400.0);
    assert!(phones[0].level(TONES[2]) < 400.0 && phones[1].level(TONES[3]) < 400.0);
    scene
        .exchange
        .order_room(9, 99, RoomOrder::Record { path: "memory".into() }, &mut scene.world);
    assert_eq!(
        scene.world.events.last(),
        Some(&Event::Failed(99, "nobody is in room 9".into()))
    );
}

#[test]
fn who_comes_leaves_is_muted_or_deafened_is_not_heard_to_do_so() {
    let (mut scene, mut phones) = room(&[Codec::L16(8000); 5]);
    let muted = Membership {
        muted: true,
        ..Membership::default()
    };
    let deaf = Membership {
        deaf: true,
        ..Membership::default()
    };
    talk(&mut scene, &mut phones, &[0, 1, 2], 40);
    phones.iter_mut().for_each(|phone| phone.heard.clear());
    // The phone in between changes in the middle of its tone; the last one only listens.
    for order in [
        Order::ChangeMember(muted),
        Order::ChangeMember(Membership::default()),
        Order::ChangeMember(deaf),
    ] {
        scene.order(2, 50, order);
        talk(&mut scene, &mut phones, &[0, 1, 2], 13);
    }
    scene.order(2, 12, Order::Cancel);
    talk(&mut scene, &mut phones, &[0, 1, 2], 13);
    scene.order(2, 13, join(7));
    talk(&mut scene, &mut phones, &[0, 1, 2], 13);
    scene.order(2, 51, Order::Close);
    talk(&mut scene, &mut phones, &[0, 2], 13);
    // Peaks of 8000 at 400, 600 and 900 Hz cannot change faster than this from one sample to the next.
    let bound = TONES[..3]
        .iter()
        .map(|hertz| 8000.0 * std::f64::consts::TAU * hertz / 8000.0)
        .sum::<f64>();
    for phone in [3, 4] {
        let steepest = steepest(&phones[phone].heard);
        assert!(f64::from(steepest) < bound + 300.0, "{steepest} against {bound:.0}");
        assert_eq!(phones[phone].heard.len(), 6 * 13 * 160, "no gap");
    }
    assert!(phones[4].level(TONES[1]) < 4000.0 && phones[4].level(TONES[0]) > 7000.0);
}

#[test]
fn one_who_is_muted_is_not_heard_and_one_who_is_deaf_does_not_hear() {
    let (mut scene, mut phones) = room(&[Codec::Pcmu; 3]);
    let muted = Membership {
        muted: true,
        ..Membership::default()
    };
    let deaf = Membership {
        deaf: true,
        ..Membership::default()
    };
    scene.order(1, 50, Order::ChangeMember(muted));
    scene.order(2, 51, Order::ChangeMember(deaf));
    talk(&mut scene, &mut phones, &[0, 1, 2], 60);
    assert!(phones[2].level(TONES[0]) < 400.0 && phones[2].level(TONES[1]) > 6400.0);
    assert!(phones[1].level(TONES[0]) < 400.0 && phones[1].level(TONES[2]) < 400.0);
    assert!(phones[0].level(TONES[1]) > 6400.0 && phones[0].level(TONES[2]) > 6400.0);
    assert_eq!(phones[1].heard.len(), 60 * 160, "silence is sent to who is deaf");
}

#[test]
fn a_coach_is_heard_by_one_alone_and_hears_all() {
    let (mut scene, mut phones) = room(&[Codec::Pcmu, Codec::G722, Codec::Pcma, Codec::Pcmu]);
    let coach = Membership {
        coaches: Some(2),
        ..Membership::default()
    };
    scene.order(1, 50, Order::ChangeMember(coach));
    talk(&mut scene, &mut phones, &[0, 1, 2], 60);
    let hears = |at: usize, other: usize| phones[at].level(TONES[other]) > 6400.0;
    assert!(hears(1, 0) && hears(1, 2) && !hears(1, 1));
    assert!(!hears(2, 0) && hears(2, 1));
    assert!(!hears(3, 0) && hears(3, 1) && hears(3, 2));
    assert!(hears(0, 1) && hears(0, 2) && !hears(0, 0));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn who_hears_whom_follows_from_what_each_may(
        may in proptest::collection::vec((any::<bool>(), any::<bool>(), 0u64..8), 4),
        codecs in proptest::collection::vec(0..Codec::NAMED.len(), 4),
        speakers in proptest::collection::vec(any::<bool>(), 4),
    ) {
        let codecs: Vec<Codec> = codecs.into_iter().map(|at| Codec::NAMED[at].1).collect();
        let (mut scene, mut phones) = room(&codecs);
        let members: Vec<Membership> = may
            .into_iter()
            .map(|(muted, deaf, coaches)| Membership {
                muted,
                deaf,
                coaches: (1..=4).contains(&coaches).then_some(coaches),
                ..Membership::default()
            })
            .collect();
        for (member, session) in members.iter().zip(1..) {
            scene.order(session, 50 + session, Order::ChangeMember(*member));
        }
        let speaking: Vec<usize> = (0..4).filter(|at| speakers[*at]).collect();
        talk(&mut scene, &mut phones, &speaking, 60);
        for listener in 0..4 {
            for speaker in 0..4 {
                let (says, own) = (&members[speaker], listener == speaker);
                let to_all = says.coaches.is_none() && !own;
                let to_one = says.coaches == Some(listener as u64 + 1);
                let hears = speakers[speaker] && !says.muted && !members[listener].deaf && (to_all || to_one);
                let level = phones[listener].level(TONES[speaker]);
                prop_assert_eq!(level > 6000.0, hears, "{} hears {} at {:.0}", listener, speaker, level);
                prop_assert!(hears || level < 500.0, "{} hears {} at {:.0}", listener, speaker, level);
            }
        }
    }
}

#[test]
fn an_announcement_is_heard_by_all_over_what_they_say() {
    let (mut scene, mut phones) = room(&[Codec::Pcmu, Codec::G722, Codec::Pcma]);
    talk(&mut scene, &mut phones, &[0], 10);
    let announced = Tone {
        frequencies: vec![3000.0],
        on: 1000,
        off: 0,
        repeat: 1,
        level: -12.0,
    };
    let order = RoomOrder::Announce {
        loading: loaded(vec![Source::Tone(announced)]),
        repeat: 1,
    };
    scene.exchange.order_room(7, 60, order, &mut scene.world);
    talk(&mut scene, &mut phones, &[0], 49);
    assert!(phones.iter().all(|phone| phone.level(3000.0) > 4000.0));
    assert!(phones[1].level(TONES[0]) > 6400.0 && phones[2].level(TONES[0]) > 6400.0);
    talk(&mut scene, &mut phones, &[0], 50);
    assert!(phones.iter().all(|phone| phone.level(3000.0) < 600.0));
    let played = Outcome::Played {
        duration: 1000,
        stopped_by: None,
    };
    assert_eq!(scene.world.events, [Event::Finished(60, played)]);
}

#[test]
fn a_room_is_recorded_as_it_sounds_until_the_last_one_leaves() {
    let (mut scene, mut phones) = room(&[Codec::Pcmu, Codec::G722, Codec::Opus]);
    let path = "memory".to_owned();
    scene
        .exchange
        .order_room(7, 70, RoomOrder::Record { path }, &mut scene.world);
    talk(&mut scene, &mut phones, &[0, 1], 100);
    for session in 1..=3 {
        scene.order(session, 100 + session, Order::Close);
    }
    (0..3).for_each(|_| scene.tick());
    let recorded = scene.world.events.iter().find_map(|event| match event {
        Event::Cancelled(70, Some(Outcome::Recorded { duration, .. })) => Some(*duration),
        _ => None,
    });
    assert_eq!(recorded, Some(2000));
    let mut tape = Phone::new(&mut Scene::new(1), 1, Codec::L16(8000), 0.0);
    tape.heard.clone_from(&scene.world.finished[&70]);
    assert!(tape.level(TONES[0]) > 6400.0 && tape.level(TONES[1]) > 6400.0);
}

#[test]
fn who_speaks_is_told_of_those_of_whom_it_is_asked() {
    let (mut scene, mut phones) = room(&[Codec::Pcmu; 3]);
    let reports = Membership {
        reports: true,
        ..Membership::default()
    };
    scene.order(1, 50, Order::ChangeMember(reports));
    scene.world.events.clear();
    talk(&mut scene, &mut phones, &[0, 1], 30);
    talk(&mut scene, &mut phones, &[], 60);
    assert_eq!(
        scene.world.events,
        [Event::Speaking(1, true), Event::Speaking(1, false)]
    );
}

#[test]
fn quiet_lines_are_brought_to_the_loudness_of_others() {
    let level = Membership {
        level: true,
        ..Membership::default()
    };
    let (mut scene, mut phones) = room(&[Codec::Pcmu, Codec::Pcmu, Codec::L16(8000)]);
    phones[0].peak = 400.0;
    for session in [1, 2] {
        scene.order(session, 50 + session, Order::ChangeMember(level));
    }
    talk(&mut scene, &mut phones, &[0, 1], 500);
    let (quiet, loud) = (phones[2].level(TONES[0]), phones[2].level(TONES[1]));
    assert!(quiet > 1100.0, "{quiet:.0}");
    assert!((6000.0..8500.0).contains(&loud), "{loud:.0}");
}

#[test]
fn many_who_shout_are_bent_and_not_cut_off() {
    let (mut scene, mut phones) = room(&[Codec::L16(8000); 6]);
    phones.iter_mut().for_each(|phone| phone.peak = 30_000.0);
    talk(&mut scene, &mut phones, &[0, 1, 2, 3, 4], 60);
    let loudest = phones[5].heard.iter().map(|s| i32::from(*s).abs()).max();
    assert!(
        loudest.is_some_and(|loudest| (30_000..32_767).contains(&loudest)),
        "{loudest:?}"
    );
}

#[test]
fn five_hundred_in_one_room_hear_the_one_who_speaks() {
    let mut scene = Scene::new(500);
    let mut phone = Phone::new(&mut scene, 1, Codec::Pcmu, 600.0);
    let mut last = Phone::new(&mut scene, 500, Codec::Pcmu, 900.0);
    (1..=500).for_each(|session| scene.order(session, 1000 + session, join(1)));
    for _ in 0..40 {
        phone.says(&mut scene, 20);
        last.says(&mut scene, 20);
        scene.world.sent.clear();
        scene.tick();
        last.hears(&scene);
    }
    assert!(last.level(600.0) > 6400.0);
}

#[test]
fn whoever_is_in_a_room_stays_in_its_shard_and_is_in_no_bridge() {
    let (mut scene, _) = room(&[Codec::Pcmu; 2]);
    let bridge = Order::Bridge { with: 2 };
    scene.order(1, 50, bridge);
    scene.order(2, 51, join(8));
    let reason = |session| format!("media session {session} is in a room already");
    assert_eq!(
        scene.world.events,
        [Event::Failed(50, reason(1)), Event::Failed(51, reason(2))]
    );
    assert!(scene.exchange.extract(1).is_none());
    scene.order(1, 11, Order::Cancel);
    assert!(scene.exchange.extract(1).is_some());
    scene.order(2, 99, Order::ChangeMember(Membership::default()));
    scene.order(2, 12, Order::Cancel);
    scene.order(2, 100, Order::ChangeMember(Membership::default()));
    assert_eq!(
        scene.world.events[2..],
        [
            Event::Cancelled(11, None),
            Event::Finished(99, Outcome::Done),
            Event::Cancelled(12, None),
            Event::Failed(100, "media session 2 is in no room".into()),
        ]
    );
}
