"""Offer and answer in one dialog as a table: whose offer waits for its answer (RFC 3264 §4; RFC 3311 §5; RFC 6337).

One at a time: an offer that comes while ours is open is glare (491), one that comes while theirs is open comes too soon
(500 with Retry-After). What is offered is not looked at.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Final


class OfferState(Enum):
    """Whose turn it is to answer."""

    STABLE = "Stable"
    OURS = "Ours is open"
    THEIRS = "Theirs is open"


class OfferInput(Enum):
    """What is said."""

    OFFER_SENT = "we offer"
    OFFER_CAME = "they offer"
    ANSWER_SENT = "we answer"
    ANSWER_CAME = "they answer"
    FAILED = "the offer is refused or lost"


TABLE: Final[Mapping[OfferState, Mapping[OfferInput, OfferState]]] = {
    OfferState.STABLE: {
        OfferInput.OFFER_SENT: OfferState.OURS,
        OfferInput.OFFER_CAME: OfferState.THEIRS,
    },
    OfferState.OURS: {
        OfferInput.ANSWER_CAME: OfferState.STABLE,
        OfferInput.FAILED: OfferState.STABLE,
    },
    OfferState.THEIRS: {
        OfferInput.ANSWER_SENT: OfferState.STABLE,
        OfferInput.FAILED: OfferState.STABLE,
    },
}


class Offers:
    """The offer and answer of one dialog. An input without a cell changes nothing."""

    __slots__ = ("state",)

    def __init__(self, state: OfferState = OfferState.STABLE) -> None:
        self.state = state

    @property
    def stable(self) -> bool:
        """Whether either side may offer."""
        return self.state is OfferState.STABLE

    def take(self, what: OfferInput) -> bool:
        """Walk on; False when ``what`` has no meaning now."""
        state = TABLE[self.state].get(what)
        if state is None:
            return False
        self.state = state
        return True
