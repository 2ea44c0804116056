from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from offhook.calls.trunks.trunk import Recognition, Trunk, TrunkKey
from offhook.security.digest import ha1_of_every_algorithm
from offhook.sip.digest import Challenge
from offhook.sip.flow import Flow, Transport
from tests.calls.desk import SOURCE, Desk
from tests.support.virtual_loop import run


def test_a_client_registers_with_either_algorithm_and_unregisters() -> None:
    async def main() -> None:
        for which in (0, 1):
            desk = Desk()
            assert await desk.register() == 401
            assert await desk.register(authorization=desk.credentials("right", which=which)) == 200
            (binding,) = desk.registrar.lookup("bob@pbx.test", desk.now)
            assert (str(binding.target), binding.flow) == ("sip:bob@10.0.0.9:5060", SOURCE)
            assert "expires=300" in desk.replies.headers["Contact"]
            await desk.register()
            assert await desk.register(authorization=desk.credentials("right"), expires=0) == 200
            assert desk.registrar.size == 0

    run(main())


def test_wrong_passwords_and_unknown_names_look_the_same() -> None:
    async def main() -> None:
        for login in ("bob", "nobody"):
            desk = Desk()
            assert await desk.register(login) == 401
            assert Challenge.parse(desk.replies.challenges[0]).realm == "pbx.test"
            assert await desk.register(login, desk.credentials("wrong", login)) == 403
            assert desk.registrar.size == 0

    run(main())


def test_the_password_of_one_does_not_register_another() -> None:
    async def main() -> None:
        desk = Desk()
        desk.directory.clients["alice"] = replace(
            desk.directory.clients["alice"], ha1=ha1_of_every_algorithm("alice", "pbx.test", "hers")
        )
        await desk.register("bob")
        assert await desk.register("bob", desk.credentials("hers", "alice")) == 403

    run(main())


def test_an_old_nonce_is_answered_with_a_fresh_one() -> None:
    async def main() -> None:
        desk = Desk()
        await desk.register()
        old = desk.credentials("right")
        desk.now += 3_600
        assert await desk.register(authorization=old) == 401
        assert Challenge.parse(desk.replies.challenges[0]).stale
        assert await desk.register(authorization=desk.credentials("right")) == 200

    run(main())


@pytest.mark.parametrize("trusted", [False, True])
@pytest.mark.parametrize(
    ("host", "answer"),
    [("pbx.test", 407), ("PBX.test", 407), ("198.51.100.9", 407), ("192.0.2.7", None), ("far.test", None)],
)
def test_any_name_at_our_domain_or_address_is_challenged_and_strangers_do_not_learn_which_there_are(
    host: str, answer: int | None, trusted: bool
) -> None:
    """A trusted network may write what it wants, but for the name of a client."""

    async def main() -> None:
        desk = Desk(trust=("192.0.2.0/24",) if trusted else ())
        desk.directory.clients["bob"] = replace(desk.directory.clients["bob"], domain="pbx.test")
        assert await desk.call("nobody", host) == (None if trusted else answer)
        assert await desk.call("bob", host) == (407 if trusted else answer)

    run(main())


@pytest.mark.parametrize("host", ["pbx.test", "198.51.100.9"])
def test_guessing_logins_tells_nothing_and_costs_the_same(host: str) -> None:
    """Known or not: the same answers, the same look-ups, and the same back-off."""

    async def main() -> None:
        seen = {}
        for login in ("bob", "nobody"):
            desk = Desk(failures_of_user=2)
            answers = []
            for _ in range(3):
                assert await desk.call(login, host) == 407
                ask = {"login": login, "method": "INVITE", "uri": "sip:1000@pbx.test"}
                answers.append(await desk.call(login, host, desk.credentials("guess", **ask)))
            seen[login] = answers, [login.replace(asked, "") for asked in desk.directory.asked], desk.replies.headers
        assert seen["bob"] == seen["nobody"] == ([403] * 3, [""] * 2, {})

    run(main())


def test_an_inactive_client_a_brief_wish_and_a_slow_directory_are_refused() -> None:
    async def main() -> None:
        desk = Desk()
        await desk.register()
        assert await desk.register(authorization=desk.credentials("right"), expires=5) == 423
        assert desk.replies.headers == {"Min-Expires": "60"}
        desk.directory.clients["bob"] = replace(desk.directory.clients["bob"], active=False)
        await desk.register()
        assert await desk.register(authorization=desk.credentials("right")) == 403
        desk.directory.delay = 100
        assert await desk.register() == 503
        await asyncio.sleep(0)

    run(main())


def test_a_device_with_flows_is_told_how_often_to_show_life_and_by_which_path_it_is_reached() -> None:
    async def main() -> None:
        desk = Desk()
        await desk.register()
        flow = {"contact": ';+sip.instance="<urn:uuid:1>";reg-id=1', "headers": ("Supported: outbound, path",)}
        assert await desk.register(authorization=desk.credentials("right"), **flow) == 200
        said = desk.replies.headers
        assert (said["Require"], said["Flow-Timer"], said["Supported"]) == ("outbound", "120", "path, outbound")
        assert "reg-id=1" in said["Contact"]
        await desk.register()
        path = ("Path: <sip:edge.test;lr;ob>",)
        assert await desk.register(authorization=desk.credentials("right"), headers=path) == 200
        assert desk.replies.headers["Path"] == "<sip:edge.test;lr;ob>"
        await desk.register()
        via = ("Via: SIP/2.0/UDP 10.0.0.1;branch=z9hG4bKx", *flow["headers"])
        behind = {"contact": flow["contact"].replace("=1", "=2"), "headers": via}
        assert await desk.register(authorization=desk.credentials("right"), **behind) == 439

    run(main())


CARRIER = Trunk(key=TrunkKey("T"), name="carrier", recognition=Recognition(networks=("192.0.2.0/24",)))
PROVING = Trunk(
    key=TrunkKey("P"),
    name="proving",
    recognition=Recognition(username="carrier", ha1=ha1_of_every_algorithm("carrier", "pbx.test", "secret-1")),
)


def test_a_trunk_is_known_by_its_address_whatever_domain_it_writes_and_no_client_is_taken_for_it() -> None:
    async def main() -> None:
        desk = Desk(trunks=(CARRIER,), strangers=False)
        for host in ("192.0.2.7", "pbx.test", "far.test"):
            assert await desk.call("+4930", host) is None
            assert desk.admitted is not None
            assert desk.admitted.trunks == (CARRIER,)
        assert await desk.call("bob", "pbx.test") == 407
        assert await desk.call("client%3Abob", "far.test") == 403

    run(main())


def test_without_a_trunk_a_stranger_is_admitted_only_where_anybody_may_call() -> None:
    async def main() -> None:
        desk = Desk()
        assert await desk.call("+4930", "far.test") is None
        assert desk.admitted is not None
        assert desk.admitted.trunks == ()
        assert await Desk(strangers=False).call("+4930", "far.test") == 403

    run(main())


def test_a_trunk_proves_itself_by_a_password() -> None:
    async def main() -> None:
        desk = Desk(trunks=(PROVING,), strangers=False)
        ask = {"login": "carrier", "method": "INVITE", "uri": "sip:1000@pbx.test"}
        assert await desk.call("+4930", "far.test") == 407
        right = desk.credentials("secret-1", **ask)
        assert await desk.call("+4930", "far.test", right) is None
        assert desk.admitted is not None
        assert desk.admitted.trunks == (PROVING,)
        assert await desk.call("+4930", "far.test") == 407
        assert await desk.call("+4930", "far.test", desk.credentials("wrong", **ask)) == 403
        assert await desk.call("+4930", "far.test") == 407
        assert await desk.call("+4930", "far.test", desk.credentials("secret-1", **ask | {"login": "other"})) == 403
        desk.now += 3_600
        assert await desk.call("+4930", "far.test", right) == 407

    run(main())


def test_where_anybody_may_call_it_is_not_yet_asked_and_can_be() -> None:
    async def main() -> None:
        desk = Desk(trunks=(PROVING,))
        ask = {"login": "carrier", "method": "INVITE", "uri": "sip:1000@pbx.test"}
        assert await desk.call("+4930", "far.test") is None
        assert desk.admitted is not None
        assert desk.admitted.trunks == ()
        assert desk.admitted.challenge is not None
        desk.admitted.challenge()
        assert desk.replies.codes == [407]
        assert await desk.call("+4930", "far.test", desk.credentials("secret-1", **ask)) is None
        assert desk.admitted is not None
        assert (desk.admitted.trunks, desk.admitted.challenge) == ((PROVING,), None)

    run(main())


def test_a_trunk_proves_itself_behind_a_domain_of_ours_too_and_is_no_client_by_that() -> None:
    async def main() -> None:
        desk = Desk(trunks=(PROVING,))
        ask = {"login": "carrier", "method": "INVITE", "uri": "sip:1000@pbx.test"}
        assert await desk.call("+4930", "pbx.test") == 407
        assert await desk.call("+4930", "pbx.test", desk.credentials("secret-1", **ask)) is None
        assert desk.admitted is not None
        assert (desk.admitted.client, desk.admitted.trunks) == (None, (PROVING,))
        assert await desk.call("+4930", "pbx.test") == 407
        assert await desk.call("+4930", "pbx.test", desk.credentials("wrong", **ask)) == 403

    run(main())


def test_a_client_whose_login_a_trunk_has_too_is_still_the_client() -> None:
    async def main() -> None:
        secrets = ha1_of_every_algorithm("bob", "pbx.test", "secret-1")
        desk = Desk(trunks=(replace(PROVING, recognition=Recognition(username="bob", ha1=secrets)),))
        ask = {"method": "INVITE", "uri": "sip:1000@pbx.test"}
        assert await desk.call("bob", "pbx.test") == 407
        assert await desk.call("bob", "pbx.test", desk.credentials("right", **ask)) is None
        assert desk.admitted is not None
        assert desk.admitted.client is not None
        assert await desk.call("bob", "pbx.test") == 407
        assert await desk.call("bob", "pbx.test", desk.credentials("secret-1", **ask)) == 403

    run(main())


def test_a_password_of_the_configuration_file_holds_in_every_domain() -> None:
    async def main() -> None:
        trunk = replace(PROVING, recognition=Recognition(username="carrier", password="secret-1"))
        desk = Desk(trunks=(trunk,), strangers=False)
        ask = {"login": "carrier", "method": "INVITE", "uri": "sip:1000@pbx.test"}
        assert await desk.call("+4930", "far.test") == 407
        assert await desk.call("+4930", "far.test", desk.credentials("secret-1", **ask)) is None

    run(main())


def test_where_anybody_may_call_wrong_credentials_are_still_refused() -> None:
    async def main() -> None:
        desk = Desk(trunks=(PROVING,))
        assert await desk.call("+4930", "far.test") is None
        await desk.register()
        ask = {"login": "carrier", "method": "INVITE", "uri": "sip:1000@pbx.test"}
        assert await desk.call("+4930", "far.test", desk.credentials("wrong", **ask)) == 403

    run(main())


def test_a_trunk_is_known_by_the_certificate_of_its_connection() -> None:
    async def main() -> None:
        trunk = replace(CARRIER, recognition=Recognition(certificates=("sip.carrier.example",)))
        desk = Desk(trunks=(trunk,), strangers=False)
        source = Flow(Transport.TLS, "198.51.100.1", 5061, certified=("sip.carrier.example",))
        assert await desk.call("+4930", "far.test", source=source) is None
        assert desk.admitted is not None
        assert desk.admitted.trunks == (trunk,)
        assert await desk.call("+4930", "far.test", source=source._replace(certified=())) == 403

    run(main())
