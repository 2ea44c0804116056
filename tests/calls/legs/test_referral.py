"""A REFER between two nodes: what the call sees of it."""

from __future__ import annotations

import pytest

from offhook.calls.leg import DialogName
from offhook.calls.legs.referral import SipReferral, replaced_by
from offhook.sip.errors import RemoteProtocolError
from offhook.sip.events import CallHandle, ReferReceived, SubscriptionHandle
from offhook.sip.message import Request, parse
from offhook.sip.refer import ReferTo
from tests.sip.raw import PEER, request


class Signals:
    def __init__(self) -> None:
        self.said: list[tuple[object, ...]] = []

    def accept_refer(self, refer: SubscriptionHandle) -> None:
        self.said.append(("accept", refer))

    def refuse_refer(self, refer: SubscriptionHandle, code: int) -> None:
        self.said.append(("refuse", refer, code))

    def tell_refer(self, refer: SubscriptionHandle, code: int, reason: str = "") -> None:
        self.said.append(("tell", refer, code))


def referral(signals: Signals, *headers: str) -> SipReferral:
    message = parse(request("REFER", headers=headers))
    assert isinstance(message, Request)
    event = ReferReceived(
        handle=SubscriptionHandle(7), call=CallHandle(1), request=message, source=PEER, refer_to=ReferTo.of(message)
    )
    return SipReferral(signals, event)  # type: ignore[arg-type]


def test_a_refer_names_whom_to_call_and_on_whose_behalf() -> None:
    signals = Signals()
    one = referral(signals, "Refer-To: <sip:bob@pbx.test>", "Referred-By: <sip:ann@pbx.test>")
    assert (one.user, one.domain, one.replaces, one.referred_by) == ("bob", "pbx.test", None, "<sip:ann@pbx.test>")
    one.accept()
    one.tell(180)
    one.refuse(603)
    assert signals.said == [("accept", 7), ("tell", 7, 180), ("refuse", 7, 603)]


@pytest.mark.parametrize("by", ["", "x" * 600])
def test_a_referred_by_that_is_none_is_not_passed_on(by: str) -> None:
    assert referral(Signals(), "Refer-To: <sip:bob@pbx.test>", f"Referred-By: {by}").referred_by is None


def test_a_dialog_to_be_replaced_is_named_from_our_side() -> None:
    one = referral(Signals(), "Refer-To: <sip:bob@h?Replaces=c%40h%3Bto-tag%3Dours%3Bfrom-tag%3Dtheirs>")
    assert one.replaces == DialogName(call_id="c@h", our_tag="ours", their_tag="theirs")


def test_an_invite_names_the_call_that_it_replaces_or_none() -> None:
    plain, naming, twice = (
        parse(request(headers=["Replaces: c@h;to-tag=a;from-tag=b;early-only"] * count)) for count in range(3)
    )
    assert isinstance(plain, Request)
    assert isinstance(naming, Request)
    assert isinstance(twice, Request)
    assert replaced_by(plain) is None
    named = replaced_by(naming)
    assert named == DialogName(call_id="c@h", our_tag="a", their_tag="b", early_only=True)
    assert str(named) == "c@h;to-tag=a;from-tag=b;early-only"
    with pytest.raises(RemoteProtocolError):
        replaced_by(twice)
