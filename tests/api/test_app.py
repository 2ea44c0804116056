"""The API as the unmodified client library of the de-facto standard uses it, over real TLS."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from fastapi.routing import APIRoute
from twilio.base.exceptions import TwilioRestException
from twilio.http.http_client import TwilioHttpClient
from twilio.rest import Client

from offhook.api.app import OPEN_PATHS
from offhook.api.auth import authorize
from offhook.api.resources import ROUTERS
from offhook.api.settings import ApiSettings
from tests.support.api_node import EMAIL, PASSWORD, TOKENS, ApiNode, api_node
from tests.support.databases import ADMINISTRATOR, CHILD, GRANDCHILD, STRANGER

TWILIO = f"/2010-04-01/Accounts/{ADMINISTRATOR}"
RESTCOMM = f"/restcomm/2012-04-24/Accounts/{ADMINISTRATOR}"


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiNode]:
    with api_node(tmp_path_factory.mktemp("api")) as found:
        yield found


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[ApiNode]:
    with api_node(tmp_path) as found:
        yield found


@pytest.fixture
def client(node: ApiNode) -> Iterator[Client]:
    with closing_client(node) as found:
        yield found


@contextmanager
def closing_client(node: ApiNode) -> Iterator[Client]:
    """The library as it is; it is told where the API is, and by the usual variable whom to trust."""
    http = TwilioHttpClient(pool_connections=True)
    client = Client(ADMINISTRATOR, TOKENS[ADMINISTRATOR], http_client=http)
    client.api.base_url = node.url
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("REQUESTS_CA_BUNDLE", node.ca_file)
        yield client
    assert http.session is not None
    http.session.close()


def test_the_client_library_makes_redirects_and_ends_a_call(node: ApiNode, client: Client) -> None:
    call = client.calls.create(
        to="+14155550100",
        from_="+14155550101",
        url="https://example.org/menu",
        method="GET",
        status_callback="https://example.org/done",
        status_callback_event=["initiated", "ringing"],
        send_digits="ww12#",
        timeout=20,
    )
    assert (call.status, call.direction, call.to, call._from) == (
        "queued",
        "outbound-api",
        "+14155550100",
        "+14155550101",
    )
    assert call.date_created == node.clock.utc()
    assert call.start_time is None
    order = node.calls.orders[-1]
    assert (order.application.url, order.application.method) == ("https://example.org/menu", "GET")
    assert order.status_callback is not None
    assert order.status_callback.events == {"initiated", "ringing"}
    assert (order.send_digits, order.timeout, order.api_version) == ("ww12#", 20, "2010-04-01")

    node.loop.call_soon_threadsafe(node.calls.answer, call.sid)
    assert client.calls(call.sid).fetch().status == "in-progress"

    redirected = client.calls(call.sid).update(twiml="<Response><Hangup/></Response>")
    assert redirected.status == "in-progress"
    assert node.calls.redirects[-1].document == "<Response><Hangup/></Response>"

    node.clock.advance(7)
    ended = client.calls(call.sid).update(status="completed")
    assert (ended.status, ended.duration) == ("completed", "7")
    assert ended.end_time - ended.start_time == timedelta(seconds=7)
    assert client.calls(call.sid).fetch().status == "completed"
    assert client.calls(call.sid).delete() is True
    with pytest.raises(TwilioRestException) as refused:
        client.calls(call.sid).fetch()
    assert (refused.value.status, refused.value.code) == (404, 20404)


def test_a_call_that_is_over_cannot_be_redirected(client: Client) -> None:
    call = client.calls.create(to="client:alice", from_="1000", twiml="<Response/>")
    assert client.calls(call.sid).update(status="canceled").status == "canceled"
    with pytest.raises(TwilioRestException) as refused:
        client.calls(call.sid).update(url="https://example.org/")
    assert (refused.value.status, refused.value.code) == (400, 21220)


def test_a_live_call_cannot_be_deleted(client: Client) -> None:
    call = client.calls.create(to="client:alice", from_="1000", twiml="<Response/>")
    with pytest.raises(TwilioRestException) as refused:
        client.calls(call.sid).delete()
    assert refused.value.status == 409
    client.calls(call.sid).update(status="completed")


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"to": None}, 21201),
        ({"to": "what is this"}, 21211),
        ({"from_": None}, 21213),
        ({"url": None}, 21205),
        ({"url": "ftp://example.org"}, 21205),
        ({"twiml": "<Response/>"}, 21205),
        ({"application_sid": "AP" + "0" * 32, "url": None}, 21218),
        ({"method": "DELETE"}, 21206),
        ({"status_callback": "nowhere"}, 21609),
        ({"timeout": 601}, 20001),
        ({"timeout": "soon"}, 20001),
        ({"to": "client:nobody"}, 21214),
    ],
)
def test_a_call_that_cannot_be_made_is_refused_with_the_code_that_clients_know(
    client: Client, changes: dict[str, object], code: int
) -> None:
    wanted: dict[str, object] = {"to": "1000", "from_": "1001", "url": "https://example.org/", **changes}
    given = {name: value for name, value in wanted.items() if value is not None}
    given.setdefault("to", "")
    given.setdefault("from_", "")
    with pytest.raises(TwilioRestException) as refused:
        client.calls.create(**given)
    assert (refused.value.status, refused.value.code) == (400, code)


def test_pages_follow_one_another_without_gap_or_repetition(fresh: ApiNode) -> None:
    with closing_client(fresh) as client:
        made = [client.calls.create(to=str(1000 + each), from_="1", twiml="<Response/>").sid for each in range(7)]
        assert [each.sid for each in client.calls.list(page_size=3)] == made[::-1]
        assert [each.sid for each in client.calls.list(to="1004")] == [made[4]]
        assert [each.sid for each in client.calls.list(to="100%", limit=2)] == made[:4:-1]
        page = client.calls.page(page_size=3)
        late = client.calls.create(to="2000", from_="1", twiml="<Response/>").sid
        following = page.next_page()
        assert [each.sid for each in following] == made[3:0:-1], "a call made meanwhile moves no page"
        assert client.calls.list(limit=1)[0].sid == late


def test_lists_are_filtered_by_the_day_on_which_calls_were_answered(fresh: ApiNode) -> None:
    with closing_client(fresh) as client:
        first = client.calls.create(to="1", from_="2", twiml="<Response/>")
        fresh.loop.call_soon_threadsafe(fresh.calls.answer, first.sid)
        client.calls(first.sid).update(status="completed")
        day = fresh.clock.utc()
        assert [each.sid for each in client.calls.list(start_time=day.date())] == [first.sid]
        assert [each.sid for each in client.calls.list(start_time_after=day)] == [first.sid]
        assert client.calls.list(start_time_before=day - timedelta(days=1)) == []
        assert client.calls.list(status="busy") == []


def test_numbers_applications_and_accounts_are_kept(fresh: ApiNode) -> None:
    with closing_client(fresh) as client:
        application = client.applications.create(friendly_name="Menu", voice_url="https://example.org/menu")
        number = client.incoming_phone_numbers.create(
            phone_number="+1 (415) 555-0100", voice_application_sid=application.sid, voice_method="GET"
        )
        assert (number.phone_number, number.friendly_name) == ("+14155550100", "+14155550100")
        assert (number.voice_application_sid, number.voice_method) == (application.sid, "GET")
        assert number.api_version == "2010-04-01"
        for again in ("+14155550100", "14155550100"):
            with pytest.raises(TwilioRestException) as refused:
                client.incoming_phone_numbers.create(phone_number=again)
            assert refused.value.code == 21452
        changed = client.incoming_phone_numbers(number.sid).update(
            voice_url="http://example.org/x", friendly_name="Desk"
        )
        assert (changed.voice_url, changed.friendly_name, changed.voice_method) == (
            "http://example.org/x",
            "Desk",
            "GET",
        )
        assert client.incoming_phone_numbers(number.sid).update(voice_url="").voice_url is None
        assert [each.sid for each in client.incoming_phone_numbers.list(phone_number="+1415*")] == [number.sid]

        call = client.calls.create(to="1", from_="2", application_sid=application.sid)
        assert fresh.calls.orders[-1].application.url == "https://example.org/menu"
        assert fresh.calls.orders[-1].application_sid == application.sid
        client.calls(call.sid).update(status="completed")

        assert client.applications(application.sid).delete() is True
        assert client.incoming_phone_numbers(number.sid).fetch().voice_application_sid is None
        assert client.incoming_phone_numbers(number.sid).delete() is True
        assert client.incoming_phone_numbers.list() == []

        account = client.api.accounts(ADMINISTRATOR).fetch()
        assert (account.auth_token, account.status) == (TOKENS[ADMINISTRATOR], "active")
        assert {each.sid for each in client.api.accounts.list()} == {ADMINISTRATOR, CHILD, GRANDCHILD}


def test_credentials_are_a_sid_or_an_address_with_a_token_or_a_password(node: ApiNode) -> None:
    for user in (ADMINISTRATOR, EMAIL, EMAIL.upper()):
        for secret in (TOKENS[ADMINISTRATOR], PASSWORD):
            assert node.ask("GET", f"{TWILIO}.json", auth=(user, secret)).status_code == 200


def test_a_parent_acts_for_those_below_it_and_nobody_acts_sideways_or_upwards(node: ApiNode) -> None:
    for account, allowed in (
        (ADMINISTRATOR, {ADMINISTRATOR, CHILD, GRANDCHILD}),
        (CHILD, {CHILD, GRANDCHILD}),
        (GRANDCHILD, {GRANDCHILD}),
        (STRANGER, {STRANGER}),
    ):
        for target in (ADMINISTRATOR, CHILD, GRANDCHILD, STRANGER):
            status = node.ask("GET", f"/2010-04-01/Accounts/{target}/Calls.json", account=account).status_code
            assert status == (200 if target in allowed else 403), (account, target)


def test_what_belongs_to_a_child_is_no_part_of_its_parent(fresh: ApiNode) -> None:
    sid = fresh.ask("POST", f"/2010-04-01/Accounts/{CHILD}/Applications.json", data={"FriendlyName": "Theirs"}).json()[
        "sid"
    ]
    assert fresh.ask("GET", f"{TWILIO}/Applications/{sid}.json").status_code == 404
    assert fresh.ask("GET", f"/2010-04-01/Accounts/{CHILD}/Applications/{sid}.json", account=CHILD).status_code == 200
    assert fresh.ask("GET", f"{TWILIO}/Applications.json").json()["applications"] == []
    both = fresh.ask("GET", f"{TWILIO}/Applications.json?SubAccounts=true").json()["applications"]
    assert [each["sid"] for each in both] == [sid]


def test_a_suspended_account_is_shut_out(fresh: ApiNode) -> None:
    async def suspend() -> None:
        from offhook.store.accounts import AccountRow

        async with fresh.ports.database.writing() as session:
            row = await session.get(AccountRow, CHILD)
            assert row is not None
            row.status = "suspended"

    fresh.run(suspend())
    path = f"/2010-04-01/Accounts/{CHILD}/Calls.json"
    assert fresh.ask("GET", path, account=CHILD).status_code == 403
    assert fresh.ask("GET", path).status_code == 200, "its parent may look"
    assert fresh.ask("POST", path, data={"To": "1", "From": "2", "Twiml": "<Response/>"}).status_code == 403


def test_guessing_is_slowed_but_a_working_application_is_not(fresh: ApiNode) -> None:
    path = f"{TWILIO}/Calls.json"
    statuses = [fresh.ask("GET", path, auth=(EMAIL, f"guess {each}")).status_code for each in range(12)]
    assert statuses == [401] * 10 + [429] * 2
    refused = fresh.ask("GET", path, auth=(EMAIL, PASSWORD))
    assert (refused.status_code, refused.headers["retry-after"], refused.json()["code"]) == (429, "60", 20429)
    assert fresh.ask("GET", path).status_code == 200
    fresh.clock.advance(61)
    assert fresh.ask("GET", path, auth=(EMAIL, PASSWORD)).status_code == 200


@pytest.mark.parametrize("header", ["", "Bearer x", "Basic", "Basic ???", "Basic " + "YQ==", "Basic /////w=="])
def test_a_request_without_usable_credentials_is_challenged(node: ApiNode, header: str) -> None:
    answer = node.ask("GET", f"{TWILIO}/Calls.json", auth=None, account=None, headers={"Authorization": header})
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("Basic realm=")
    assert answer.json()["code"] == 20003


def test_every_route_asks_for_credentials() -> None:
    routes = [route for router in ROUTERS for route in router.routes if isinstance(route, APIRoute)]
    assert len(routes) > 25
    for route in routes:
        calls, waiting = set(), [route.dependant]
        while waiting:
            dependant = waiting.pop()
            calls.add(dependant.call)
            waiting += dependant.dependencies
        assert authorize in calls, route.path


def test_only_documentation_is_open(node: ApiNode) -> None:
    for path in OPEN_PATHS:
        assert node.ask("GET", path, account=None).status_code in {200, 307}
    assert node.ask("GET", f"{TWILIO}/Calls", account=None).status_code == 401


def test_plain_http_gets_no_answer(node: ApiNode) -> None:
    with socket.create_connection(node.address, timeout=5) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        # The TLS layer may say goodbye with an alert record (type 21); no byte of HTTP comes.
        assert not connection.recv(1000).startswith(b"HTTP")


def test_every_answer_carries_security_headers_and_an_id_but_no_banner(node: ApiNode) -> None:
    for path in (f"{TWILIO}/Calls.json", "/docs", "/nowhere"):
        headers = node.ask("GET", path).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert "default-src 'none'" in headers["content-security-policy"]
        assert len(headers["x-request-id"]) == 16
        assert "server" not in headers


def test_a_body_that_is_too_large_is_refused(node: ApiNode) -> None:
    large = "x" * (node.ports.settings.body_limit + 1)
    stay = {"Connection": "keep-alive", "Content-Type": "application/x-www-form-urlencoded"}
    assert node.ask("POST", f"{TWILIO}/Calls.json", data={"Twiml": large}, headers=stay).status_code == 413
    pieces = (b"x" * 65536 for _ in range(40))
    assert node.ask("POST", f"{TWILIO}/Calls.json", data=pieces, headers=stay).status_code == 413


def test_what_does_not_exist_and_what_is_not_allowed_is_told_in_the_dialect(node: ApiNode) -> None:
    missing = node.ask("GET", f"{TWILIO}/Nothing.json")
    assert (missing.status_code, missing.json()["code"], missing.json()["status"]) == (404, 20404, 404)
    assert missing.json()["more_info"] == f"{node.url}/docs#error-20404"
    assert node.ask("DELETE", f"{TWILIO}/Calls.json").status_code == 405
    refused = node.ask("GET", f"{RESTCOMM}/Nothing")
    assert refused.headers["content-type"].startswith("application/xml")
    assert "<RestcommResponse><Message>" in refused.text
    for odd in ("%00", "..%2f..", "CA" + "g" * 32, "x" * 3000):
        assert node.ask("GET", f"{TWILIO}/Calls/{odd}.json").status_code == 404, odd


def test_forms_may_be_multipart_and_unknown_parameters_are_ignored(node: ApiNode) -> None:
    fields = {"To": (None, "1000"), "From": (None, "1001"), "Twiml": (None, "<Response/>"), "Nonsense": (None, "1")}
    answer = node.ask("POST", f"{TWILIO}/Calls.json", files=fields)
    assert answer.status_code == 201, answer.text
    assert node.ask("POST", f"{TWILIO}/Calls.json", json={"To": "1"}).status_code == 415
    bad = node.ask("POST", f"{TWILIO}/Calls.json", data=b"junk", headers={"Content-Type": "multipart/form-data"})
    assert bad.status_code == 400


def test_an_error_on_our_side_tells_only_where_to_look(fresh: ApiNode) -> None:
    async def broken(*_: object) -> None:
        raise RuntimeError("secret detail")

    fresh.calls.place = broken  # type: ignore[method-assign, assignment]
    answer = fresh.ask("POST", f"{TWILIO}/Calls.json", data={"To": "1", "From": "2", "Twiml": "<Response/>"})
    assert (answer.status_code, answer.json()["code"]) == (500, 20500)
    assert "secret" not in answer.text
    assert answer.headers["x-request-id"] in answer.json()["message"]


def test_a_database_that_is_away_is_told_as_such(fresh: ApiNode) -> None:
    async def busy() -> None:
        raise TimeoutError

    fresh.ports.events.settled = busy  # type: ignore[method-assign]
    answer = fresh.ask("GET", f"{TWILIO}/Calls.json")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")


def test_a_request_that_takes_too_long_is_given_up(tmp_path: Path) -> None:
    async def never() -> None:
        await asyncio.Event().wait()

    with api_node(tmp_path, settings=ApiSettings(port=0, request_timeout=0.1)) as node:
        node.ports.events.settled = never  # type: ignore[method-assign]
        answer = node.ask("GET", f"{TWILIO}/Calls.json")
        assert (answer.status_code, answer.json()["code"]) == (503, 20503)
