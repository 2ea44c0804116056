"""Tests of trunks: does the name resolve, is somebody there, does it answer, does a call get through; and what to do if not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Final

from fastapi import APIRouter
from starlette.responses import Response

from offhook.api import checks
from offhook.api.auth import Authorized
from offhook.api.errors import Code, NotFound
from offhook.api.operations import Operation, body, operation
from offhook.api.trunk_forms import trunks_of
from offhook.api.wire.bodies import Names
from offhook.api.wire.forms import parameter
from offhook.calls.trunks.findings import report
from offhook.vocabulary.sids import AccountSid

router = APIRouter()
NAMES: Final = Names(element="TrunkTest", many="TrunkTests", key="trunk_tests")
_LIST: Final = "/Accounts/{account_sid}/TrunkTests"


@dataclass(frozen=True, slots=True, kw_only=True)
class TrunkTest:
    """What a test found."""

    trunk: str
    fine: bool
    report: str
    """For people: a line for each look, and one for what to do about what is wrong."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateTrunkTest:
    """What is to be tested."""

    trunk: str = parameter("Sid or name of the trunk.")
    to: str | None = parameter("A number to call for the test; it is hung up as soon as it answers.", default=None)
    from_: str | None = parameter("The caller's number of that call.", default=None, name="From", check=checks.caller)


@router.post(
    _LIST,
    **operation(
        Operation(
            name="create_trunk_test",
            summary="Test a trunk",
            names=NAMES,
            body=TrunkTest,
            created=True,
            takes=CreateTrunkTest,
            refusals=(Code.INVALID_TO,),
        )
    ),
)
async def create_trunk_test(access: Authorized, form: Annotated[CreateTrunkTest, body(CreateTrunkTest)]) -> Response:
    """Answers when it is done, after half a minute at most."""
    trunk = next((one for one in trunks_of(access) if form.trunk in (one.key, one.name)), None)
    if trunk is None:
        raise NotFound(f"a trunk {form.trunk[:80]} of account {access.account.sid}")
    number = await access.ports.calls.callable(form.to, AccountSid(access.account.sid)) if form.to else ""
    findings = await access.ports.trial.run(trunk, number=number, caller=form.from_ or "")
    test = TrunkTest(trunk=trunk.name, fine=all(finding.fine for finding in findings), report=report(findings))
    return access.one(NAMES, test, created=True)
