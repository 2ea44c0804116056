"""Registrations of ours, in virtual time."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offhook.sip.registration import LONGEST, Answer, Attempt, Registration, RegistrationState

OK = Answer(code=200)
SILENCE = Answer(code=None, reason="it does not answer")


@dataclass
class Carrier:
    """Answers each REGISTER as the test says, and remembers them."""

    answers: dict[str, Answer]
    now: float = 0.0
    seen: list[tuple[float, str, int]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.registration = Registration(tuple(self.answers), expires=600, random_bits=lambda _: 0, now=0.0)

    def run(self, until: float) -> None:
        while (due := self.registration.deadline()) is not None and due <= until:
            self.now = max(self.now, due)
            attempt = self.registration.begin()
            self.seen.append((self.now, attempt.registrar, attempt.expires))
            self.registration.answered(self.answers[attempt.registrar], self.now)
        self.now = until


def test_it_is_refreshed_well_before_its_end() -> None:
    carrier = Carrier({"sip:a": OK})
    carrier.run(1000)
    assert [round(moment) for moment, _, _ in carrier.seen] == [0, 420, 840]
    registration = carrier.registration
    assert (registration.state, registration.registrar, registration.until) == (
        RegistrationState.REGISTERED,
        "sip:a",
        1440,
    )


def test_the_time_that_the_registrar_grants_counts() -> None:
    carrier = Carrier({"sip:a": Answer(code=200, expires=100)})
    carrier.run(75)
    assert [round(moment) for moment, _, _ in carrier.seen] == [0, 70]


def test_a_longer_time_that_the_registrar_demands_is_asked_for_once() -> None:
    carrier = Carrier({"sip:a": Answer(code=423, min_expires=1800)})
    carrier.run(10)
    assert [expires for _, _, expires in carrier.seen] == [600, 1800]
    assert carrier.registration.state is RegistrationState.FAILED
    assert "423" in carrier.registration.reason


@pytest.mark.parametrize("demanded", [None, 60, LONGEST + 1])
def test_a_demand_that_makes_no_sense_is_a_refusal(demanded: int | None) -> None:
    carrier = Carrier({"sip:a": Answer(code=423, min_expires=demanded)})
    carrier.run(10)
    assert len(carrier.seen) == 1
    assert carrier.registration.state is RegistrationState.FAILED


@pytest.mark.parametrize("trouble", [SILENCE, Answer(code=503), Answer(code=408), Answer(code=500)])
def test_a_registrar_in_trouble_is_passed_over_and_is_the_first_choice_again_next_time(trouble: Answer) -> None:
    carrier = Carrier({"sip:a": trouble, "sip:b": OK})
    carrier.run(1)
    assert [registrar for _, registrar, _ in carrier.seen] == ["sip:a", "sip:b"]
    assert carrier.registration.registrar == "sip:b"
    carrier.answers["sip:a"] = OK
    carrier.run(500)
    assert carrier.registration.registrar == "sip:a"


def test_attempts_become_rarer_and_a_success_begins_anew() -> None:
    carrier = Carrier({"sip:a": SILENCE})
    carrier.run(2000)
    assert [round(moment) for moment, _, _ in carrier.seen] == [0, 15, 45, 105, 225, 465, 945, 1845]
    assert carrier.registration.state is RegistrationState.FAILED
    assert carrier.registration.reason == "sip:a: it does not answer"
    carrier.answers["sip:a"] = OK
    carrier.run(10_000)
    assert carrier.registration.state is RegistrationState.REGISTERED
    carrier.answers["sip:a"] = SILENCE
    before = len(carrier.seen)
    carrier.run(12_000)
    pauses = [
        late - early for (early, *_), (late, *_) in zip(carrier.seen[before:], carrier.seen[before + 1 :], strict=False)
    ]
    assert pauses[0] == 15


def test_wrong_credentials_are_no_reason_to_ask_elsewhere() -> None:
    carrier = Carrier({"sip:a": Answer(code=403), "sip:b": OK})
    carrier.run(1)
    assert [registrar for _, registrar, _ in carrier.seen] == ["sip:a"]
    assert carrier.registration.reason == "sip:a answers 403"


def test_a_pause_that_the_registrars_ask_for_is_kept() -> None:
    carrier = Carrier({"sip:a": Answer(code=503, retry_after=120), "sip:b": Answer(code=503, retry_after=60)})
    carrier.run(119)
    assert len(carrier.seen) == 2
    carrier.run(121)
    assert len(carrier.seen) == 4


def test_a_registration_that_cannot_be_refreshed_stands_until_its_end() -> None:
    carrier = Carrier({"sip:a": OK})
    carrier.run(1)
    carrier.answers["sip:a"] = SILENCE
    carrier.run(500)
    assert carrier.registration.state is RegistrationState.REGISTERED
    assert carrier.registration.reason
    carrier.run(700)
    assert carrier.registration.state is RegistrationState.FAILED


def test_at_the_end_the_binding_is_taken_away_where_there_is_one() -> None:
    carrier = Carrier({"sip:a": OK})
    assert Registration(["sip:a"], expires=60, random_bits=lambda _: 0, now=0).end() is None
    carrier.run(1)
    attempt = carrier.registration.end()
    assert attempt == Attempt(registrar="sip:a", expires=0, cseq=8)
    assert carrier.registration.deadline() is None
    carrier.registration.answered(OK, 2)
    assert carrier.registration.state is RegistrationState.ENDED


@given(
    st.lists(st.sampled_from([200, 401, 403, 408, 423, 500, 503, None]), max_size=30),
    st.integers(1, 3),
    st.integers(0, 65_535),
)
def test_whatever_comes_back_something_is_due_and_sequence_numbers_grow(
    codes: list[int | None], registrars: int, dice: int
) -> None:
    registration = Registration(
        [f"sip:{number}" for number in range(registrars)], expires=600, random_bits=lambda _: dice, now=0.0
    )
    now, last = 0.0, 0
    for code in codes:
        due = registration.deadline()
        assert due is not None
        assert due - now <= max(1800, LONGEST)
        now = max(now, due)
        attempt = registration.begin()
        assert attempt.cseq > last
        last = attempt.cseq
        registration.answered(Answer(code=code, min_expires=900), now)
