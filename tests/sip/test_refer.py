"""What phones write into REFER, as they write it."""

from __future__ import annotations

import pytest

from offhook.sip.errors import RemoteProtocolError
from offhook.sip.message import Request, parse
from offhook.sip.refer import ReferTo, Replaces, TargetDialog, sipfrag, status_of, wants_no_subscription
from tests.sip.raw import request

DIALOG = Replaces(call_id="1a@192.0.2.7", to_tag="t", from_tag="f")


def refer(*headers: str) -> Request:
    message = parse(request("REFER", headers=headers))
    assert isinstance(message, Request)
    return message


@pytest.mark.parametrize(
    ("text", "user", "replaces"),
    [
        ("<sip:2001@pbx.test>", "2001", None),
        ("sip:2001@pbx.test", "2001", None),
        ("<sip:2001@pbx.test;user=phone;method=INVITE>", "2001", None),
        ('"Bob" <sip:bob@pbx.test;transport=tcp>', "bob", None),
        ("<tel:+1-555-0100>", "+15550100", None),
        # as RFC 3891 has it, and Cisco
        ("<sip:bob@pbx.test?Replaces=1a%40192.0.2.7%3Bto-tag%3Dt%3Bfrom-tag%3Df>", "bob", DIALOG),
        # Yealink and Snom leave @ as it is
        ("<sip:bob@pbx.test?Replaces=1a@192.0.2.7%3Bto-tag%3Dt%3Bfrom-tag%3Df>", "bob", DIALOG),
        # Polycom: more headers, parameters before them, tags the other way round
        (
            "<sip:bob@pbx.test;user=phone?Require=replaces&Replaces=1a%40192.0.2.7%3Bfrom-tag%3Df%3Bto-tag%3Dt>",
            "bob",
            DIALOG,
        ),
        ("sip:bob@pbx.test?REPLACES=1a%40192.0.2.7%3Bto-tag%3Dt%3Bfrom-tag%3Df", "bob", DIALOG),
        ("<sip:bob@pbx.test?Replaces=1a%40192.0.2.7;to-tag=t;from-tag=f>", "bob", DIALOG),
    ],
)
def test_a_refer_to_is_read_in_the_forms_that_phones_send(text: str, user: str, replaces: Replaces | None) -> None:
    read = ReferTo.of(refer(f"Refer-To: {text}"))
    assert (read.uri.number, read.replaces) == (user, replaces)
    assert read.uri.headers == {}
    assert ReferTo.parse(str(read)) == read


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ((), 400),
        (("Refer-To: <sip:a@b>", "Refer-To: <sip:c@d>"), 400),
        (("Refer-To: <sip:a@b",), 400),
        (("Refer-To: <http://a.test/>",), 416),
        (("Refer-To: <sip:a@b;method=BYE>",), 501),
        (("Refer-To: <sip:a@b?Replaces=x>",), 400),
        (("Refer-To: <sip:a@b?Replaces=%3Bto-tag%3D1%3Bfrom-tag%3D2>",), 400),
    ],
)
def test_a_refer_that_asks_for_no_call_is_refused(headers: tuple[str, ...], status: int) -> None:
    with pytest.raises(RemoteProtocolError) as refused:
        ReferTo.of(refer(*headers))
    assert refused.value.status_hint == status


def test_replaces_knows_early_only_and_survives_a_round_trip() -> None:
    text = "12@h;from-tag=a;to-tag=b;early-only"
    read = Replaces.parse(text)
    assert (read.call_id, read.to_tag, read.from_tag, read.early_only) == ("12@h", "b", "a", True)
    assert Replaces.parse(str(read)) == read


def test_a_target_dialog_names_both_tags() -> None:
    read = TargetDialog.parse("12@h ;local-tag=a;remote-tag=b")
    assert TargetDialog.parse(str(read)) == read == TargetDialog(call_id="12@h", local_tag="a", remote_tag="b")
    with pytest.raises(RemoteProtocolError):
        TargetDialog.parse("12@h;local-tag=a")


@pytest.mark.parametrize(
    ("header", "silent"), [("Refer-Sub: false", True), ("Refer-Sub: true", False), ("X: 1", False)]
)
def test_who_wants_no_subscription_says_so(header: str, silent: bool) -> None:
    assert wants_no_subscription(refer("Refer-To: <sip:a@b>", header)) is silent


def test_a_fragment_tells_a_status() -> None:
    assert sipfrag(180) == b"SIP/2.0 180 Ringing\r\n"
    assert status_of(sipfrag(486)) == 486
    assert status_of(b"SIP/2.0 200 OK") == 200
    assert status_of(b"HTTP/1.1 200 OK") is status_of(b"") is status_of(b"SIP/2.0 999 No") is None
    assert status_of(b"SIP/2.0 2") is status_of(b"SIP/2.0 20 OK") is status_of(b"SIP/2.0 099 No") is None
