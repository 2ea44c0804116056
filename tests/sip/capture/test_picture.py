from __future__ import annotations

from offhook.sip.capture.ladder import CallLadder
from offhook.sip.capture.picture import draw, text
from tests.sip.capture.messages import CALLER, captured, request, two_legs


def test_the_text_shows_both_legs_side_by_side() -> None:
    assert text(two_legs()) == EXPECTED


EXPECTED = """\
first message at 2026-01-05T17:00:00.000Z

                198.51.100.7:5062 udp                   offhook                    203.0.113.9:5060 tcp
                          |                                |                                |
+0.000                    |---------- INVITE sdp --------->|                                |
+0.001                    |<- 401 Unauthorized (INVITE) ---|                                |
+0.500                    |------ INVITE sdp (again) ----->|                                |
+0.502                    |<---- 100 Trying (INVITE) ------|                                |
+0.520                    |                                |---------- INVITE sdp --------->|
+0.560                    |                                |<--- 486 Busy Here (INVITE) ----|
+0.565                    |<--- 486 Busy Here (INVITE) ----|                                |
                          |                                |                                |
"""


def test_we_stand_between_the_first_leg_and_the_others() -> None:
    picture = draw(two_legs())
    assert picture.columns == ("198.51.100.7:5062 udp", "offhook", "203.0.113.9:5060 tcp")
    assert [(arrow.start, arrow.end, arrow.again) for arrow in picture.arrows] == [
        (0, 1, False),
        (1, 0, False),
        (0, 1, True),
        (1, 0, False),
        (1, 2, False),
        (2, 1, False),
        (1, 0, False),
    ]


def test_one_address_on_both_legs_stands_on_both_sides() -> None:
    there = captured(0, request("INVITE"), sent=False)
    back = captured(5, request("INVITE", "two"), sent=True, peer=CALLER, leg="CA2")
    assert draw(CallLadder(messages=(there, back))).columns == (
        "198.51.100.7:5062 udp",
        "offhook",
        "198.51.100.7:5062 udp",
    )


def test_what_was_dropped_is_said() -> None:
    ladder = CallLadder(messages=two_legs().messages, dropped=3)
    assert "(3 messages in the middle were not kept)" in text(ladder)


def test_an_empty_ladder_says_so() -> None:
    assert text(CallLadder(messages=())) == "no messages\n"


def test_far_ends_beyond_the_last_column_share_it() -> None:
    peers = [CALLER._replace(port=6000 + number) for number in range(20)]
    messages = tuple(captured(at, request("INVITE"), sent=False, peer=peer) for at, peer in enumerate(peers))
    picture = draw(CallLadder(messages=messages))
    assert len(picture.columns) == 13
    assert {arrow.end for arrow in picture.arrows} == {picture.us}
    assert text(CallLadder(messages=messages)).count("INVITE") == 20
