from __future__ import annotations

import pytest

from offhook.calls.allowance import Allowances
from offhook.calls.capacity import CallLimits
from offhook.calls.directory import AccountPolicy
from offhook.calls.errors import Unroutable
from offhook.calls.settings import CallSettings
from offhook.vocabulary.sids import AccountSid
from tests.calls.twins import DirectoryTwin
from tests.support.virtual_loop import run

ONE = AccountSid("AC1")
SETTINGS = CallSettings(max_calls_per_account=5, max_rate_per_account=2.0, destinations=("!premium",))


def test_what_was_said_of_an_account_counts_and_else_the_settings() -> None:
    async def main() -> None:
        directory = DirectoryTwin()
        allowances = Allowances(directory, SETTINGS)
        assert (await allowances.of(ONE)).limits == CallLimits(max_calls=5, calls_per_second=2.0)
        directory.policies[ONE] = AccountPolicy(domain="one.test", max_calls=0, calls_per_second=9.0)
        allowance = await allowances.of(ONE)
        assert allowance.limits == CallLimits(max_calls=0, calls_per_second=9.0)
        assert allowance.domain == "one.test"

    run(main())


@pytest.mark.parametrize(
    ("own", "number", "allowed"),
    [
        (None, "+18765550123", True),
        (None, "+499001123456", False),
        (("DE",), "+4989123456", True),
        (("DE",), "+18765550123", False),
        (("DE",), "+499001123456", False),
        (("no longer understood",), "+4989123456", False),
        (("no longer understood",), "1001", False),
    ],
)
def test_a_number_must_be_allowed_by_the_server_and_for_the_account(
    own: tuple[str, ...] | None, number: str, allowed: bool
) -> None:
    async def main() -> None:
        directory = DirectoryTwin()
        directory.policies[ONE] = AccountPolicy(destinations=own)
        allowance = await Allowances(directory, SETTINGS).of(ONE)
        if allowed:
            allowance.check(number)
        else:
            with pytest.raises(Unroutable, match="not allowed"):
                allowance.check(number)

    run(main())


def test_a_directory_that_does_not_answer_refuses() -> None:
    async def main() -> None:
        directory = DirectoryTwin()
        directory.delay = 100
        with pytest.raises(Unroutable, match="in time"):
            await Allowances(directory, SETTINGS).of(ONE)

    run(main())
