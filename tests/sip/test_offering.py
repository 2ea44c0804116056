from __future__ import annotations

import pytest

from offhook.sip.offering import TABLE, OfferInput, Offers, OfferState


@pytest.mark.parametrize("state", list(OfferState))
@pytest.mark.parametrize("what", list(OfferInput))
def test_every_cell_is_walked_and_what_has_none_changes_nothing(state: OfferState, what: OfferInput) -> None:
    offers = Offers(state)
    following = TABLE[state].get(what)
    assert offers.take(what) is (following is not None)
    assert offers.state is (following or state)
    assert offers.stable is (offers.state is OfferState.STABLE)


def test_an_open_offer_ends_with_its_answer_or_its_failure_and_nothing_else() -> None:
    for state in (OfferState.OURS, OfferState.THEIRS):
        assert len(TABLE[state]) == 2
        assert set(TABLE[state].values()) == {OfferState.STABLE}
