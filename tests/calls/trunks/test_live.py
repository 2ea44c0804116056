from __future__ import annotations

from dataclasses import replace

import pytest

from offhook.calls.errors import Unroutable
from offhook.calls.leg import Caller, Destination, LegEnded
from offhook.calls.trunks.book import TrunkBook
from offhook.calls.trunks.health import State
from offhook.calls.trunks.live import Trunks
from offhook.calls.trunks.trunk import Gateway, Trunk, TrunkKey

KEY = TrunkKey("T")
TRUNK = Trunk(
    key=KEY,
    name="carrier",
    gateways=(Gateway(uri="sip:a", priority=1), Gateway(uri="sip:b", priority=2)),
)


class Live:
    """Trunks and a clock."""

    def __init__(self, *trunks: Trunk) -> None:
        self.now = 0.0
        self.trunks = Trunks(TrunkBook.of(trunks or (TRUNK,)), now=lambda: self.now, random_bits=lambda _: 0)

    def ways(self) -> list[Destination]:
        return list(self.trunks.ways("+49", Caller(user="+1"), ()))

    def hosts(self) -> list[str]:
        return [way.uri.partition("@")[2] for way in self.ways()]

    def fails(self, host: str, ended: LegEnded) -> None:
        (way,) = [way for way in self.ways() if way.uri.endswith(host)]
        assert way.channel is not None
        way.channel.fails(ended)

    def states(self) -> list[State]:
        return [
            found.state for uri in ("sip:a", "sip:b", "sip:c") if (found := self.trunks.condition(KEY, uri)) is not None
        ]


STALLED = LegEnded(by_far_end=True, sip_code=408, silent=True, stalled=True, reason="it took the call and said nothing")
SILENT = LegEnded(by_far_end=True, sip_code=408, silent=True, reason="the far end did not respond")


def test_a_gateway_that_is_down_is_tried_last_and_comes_first_again_when_it_is_up() -> None:
    live = Live()
    assert live.hosts() == ["a", "b"]
    live.fails("a", SILENT)
    live.fails("a", SILENT)
    assert live.hosts() == ["b", "a"]
    assert live.states() == [State.DOWN, State.UNKNOWN]
    live.now = 9
    condition = live.trunks.condition(KEY, "sip:a")
    assert condition is not None
    assert (condition.reason, condition.age) == ("the far end did not respond", 9)
    live.trunks.worked(TRUNK, TRUNK.gateways[0])
    assert live.hosts() == ["a", "b"]
    assert live.states() == [State.UP, State.UNKNOWN]


@pytest.mark.parametrize("ended", [STALLED, LegEnded(by_far_end=True, sip_code=500)])
def test_a_gateway_that_takes_no_calls_is_not_brought_back_by_its_answers_to_options(ended: LegEnded) -> None:
    live = Live()
    live.fails("a", ended)
    live.fails("a", ended)
    live.trunks.worked(TRUNK, TRUNK.gateways[0], call=False)
    assert live.hosts() == ["b", "a"]
    live.now = 30
    assert live.hosts() == ["a", "b"]
    assert live.states() == [State.PROBING, State.UNKNOWN]


def test_a_gateway_that_was_down_is_tried_by_one_call_while_the_others_go_elsewhere() -> None:
    live = Live()
    live.fails("a", STALLED)
    live.fails("a", STALLED)
    live.now = 30
    (first, _) = (way.channel for way in live.ways())
    assert first is not None
    assert first.seize() == ""
    assert live.hosts() == ["b", "a"]
    first.release()
    assert live.hosts() == ["a", "b"]
    assert first.seize() == ""
    first.works()
    assert live.hosts() == ["a", "b"]
    first.release()


def test_calls_that_come_in_take_channels_as_well_but_nothing_of_the_rate() -> None:
    live = Live(replace(TRUNK, max_calls=2, calls_per_second=1))
    first, refusal = live.trunks.occupy(TRUNK)
    assert (refusal, live.trunks.in_use(KEY)) == ("", 1)
    (channel, other) = (way.channel for way in live.ways())
    assert channel is not None
    assert other is not None
    assert (channel.trunk, channel.seize()) == (KEY, "")
    assert "2 calls at once" in live.trunks.occupy(TRUNK)[1]
    assert "2 calls at once" in other.seize()
    assert first is not None
    first.release()
    assert live.trunks.occupy(TRUNK)[1] == ""
    live.trunks.replace(TrunkBook.of([replace(TRUNK, enabled=False)]))
    assert "no longer configured" in live.trunks.occupy(TRUNK)[1]


def test_a_gateway_that_asks_for_a_pause_is_left_alone_and_when_all_do_there_is_no_way() -> None:
    live = Live()
    live.fails("a", LegEnded(by_far_end=True, sip_code=503, retry_after=20))
    assert live.hosts() == ["b"]
    live.fails("b", LegEnded(by_far_end=True, sip_code=503, retry_after=30))
    with pytest.raises(Unroutable, match="no gateway of carrier takes calls") as refusal:
        live.ways()
    assert refusal.value.sip_code == 503
    live.now = 20
    assert live.hosts() == ["a"]


def test_one_that_asks_for_a_pause_of_no_time_is_taken_out_like_any_other() -> None:
    live = Live()
    for _ in range(2):
        live.fails("a", LegEnded(by_far_end=True, sip_code=503, retry_after=0))
    assert live.hosts() == ["b", "a"]


def test_a_trunk_that_is_deleted_during_a_call_and_its_gateway_are_told_nothing_any_more() -> None:
    live = Live()
    (channel, _) = (way.channel for way in live.ways())
    assert channel is not None
    assert channel.seize() == ""
    live.trunks.replace(TrunkBook())
    channel.works()
    channel.fails(SILENT)
    channel.release()
    live.trunks.replace(TrunkBook.of([TRUNK]))
    assert (live.trunks.seized, live.states()) == (0, [State.UNKNOWN, State.UNKNOWN])


def test_a_channel_is_seized_within_the_limits_and_given_back_once() -> None:
    live = Live(replace(TRUNK, max_calls=1))
    first, second = (way.channel for way in live.ways())
    assert first is not None
    assert second is not None
    assert first.seize() == ""
    assert "1 calls at once" in second.seize()
    second.release()
    assert (live.trunks.in_use(KEY), live.trunks.seized) == (1, 1)
    first.release()
    first.release()
    assert live.trunks.seized == 0
    assert first.name == "carrier (sip:a)"


def test_a_change_counts_at_once_and_what_is_known_of_gateways_stays() -> None:
    live = Live()
    (channel, _) = (way.channel for way in live.ways())
    assert channel is not None
    assert channel.seize() == ""
    live.fails("a", SILENT)
    live.fails("a", SILENT)
    live.trunks.replace(TrunkBook.of([replace(TRUNK, max_calls=1, gateways=(*TRUNK.gateways, Gateway(uri="sip:c")))]))
    assert live.states() == [State.DOWN, State.UNKNOWN, State.UNKNOWN]
    (other, *_) = (way.channel for way in live.ways())
    assert other is not None
    assert other.seize() != ""
    live.trunks.replace(TrunkBook())
    channel.release()
    assert "no longer configured" in other.seize()
    live.trunks.worked(TRUNK, TRUNK.gateways[0])
    channel.fails(SILENT)
    assert (live.states(), live.trunks.in_use(KEY)) == ([], 0)
