import asyncio

import pytest

from offhook.calls.directory import AccountPolicy
from offhook.records.directory import Memory, StoreDirectory
from offhook.records.settings import RecordsSettings
from offhook.security.masked import Secret
from offhook.security.secrets import Keyring
from offhook.store.accounts import AccountRow
from offhook.store.applications import ApplicationRow
from offhook.store.clients import ClientRow
from offhook.store.limits import LimitsRow
from offhook.store.numbers import NumberRow
from offhook.store.organizations import OrganizationRow
from tests.support.databases import ADMINISTRATOR, CHILD, GRANDCHILD, KINDS, NOW, ORGANIZATION, populated

DATES = {"date_created": NOW, "date_updated": NOW}
OTHER = "OR" + "9" * 32
APPLICATION = "AP" + "1" * 32
RING = Keyring.random()


def number(sid, phone_number, **more):
    values = {"organization_sid": ORGANIZATION, "account_sid": CHILD, "friendly_name": "", **DATES, **more}
    return NumberRow(sid=f"PN{sid:032x}", phone_number=phone_number, **values)


def client(sid, login, **more):
    values = {"organization_sid": ORGANIZATION, "account_sid": CHILD, "friendly_name": "", "ha1_md5": "m", "ha1_sha256": "s", **DATES, **more}  # fmt: skip
    return ClientRow(sid=f"CL{sid:032x}", login=login, **values)


def application(**more):
    return ApplicationRow(sid=APPLICATION, account_sid=CHILD, friendly_name="menu", **DATES, **more)


async def filled(database, *rows):
    async with database.writing() as session:
        session.add_all([OrganizationRow(sid=OTHER, domain_name="other.example", **DATES)])
        await session.flush()
        for row in rows:
            session.add(row)
            await session.flush()
    return StoreDirectory(database, RING, RecordsSettings())


@pytest.mark.parametrize("kind", KINDS)
def test_a_number_is_found_as_dialled_or_with_or_without_plus_in_its_own_organization(kind, tmp_path):
    async def scene():
        async with populated(kind, tmp_path) as database:
            rows = [
                number(1, "+14155550100", voice_url="http://a.example/", status_callback="http://a.example/s"),
                number(2, "1000", api_version="2010-04-01", status_callback="http://a.example/s"),
                number(3, "+1000"),
                number(4, "1000", organization_sid=OTHER, account_sid=ADMINISTRATOR),
            ]
            directory = await filled(database, *rows)
            route = await directory.number("14155550100")
            assert (route.number_sid, route.application.url) == (rows[0].sid, "http://a.example/")
            assert len(route.status_callback.events) == 4
            exact = await directory.number("1000", "EXAMPLE.org.")
            assert exact.number_sid == rows[1].sid
            assert exact.status_callback.events == {"completed"}
            assert (await directory.number("+1000", "127.0.0.1")).number_sid == rows[2].sid
            assert (await directory.number("1000", "other.example")).account_sid == ADMINISTRATOR
            assert await directory.number("2000") is None
            assert await directory.number("14155550100", "other.example") is None
            assert exact.application is None

    asyncio.run(scene())


@pytest.mark.parametrize("kind", KINDS)
def test_a_linked_application_wins_over_the_numbers_own_url_and_may_be_a_document(kind, tmp_path):
    async def scene():
        async with populated(kind, tmp_path) as database:
            linked = application(document="<Response/>", api_version="2010-04-01", status_callback="http://b.example/s")
            row = number(1, "1000", voice_url="http://a.example/", voice_application_sid=APPLICATION)
            directory = await filled(database, linked, row)
            route = await directory.number("1000")
            assert (route.application.document, route.application.url) == ("<Response/>", None)
            assert (route.application_sid, route.api_version) == (APPLICATION, "2010-04-01")
            assert route.status_callback.url == "http://b.example/s"

    asyncio.run(scene())


@pytest.mark.parametrize("kind", KINDS)
def test_a_client_is_found_by_login_in_its_organization_and_is_inactive_with_its_account(kind, tmp_path):
    async def scene():
        async with populated(kind, tmp_path) as database:
            directory = await filled(database, client(1, "alice"), client(2, "bob", active=False))
            entry = await directory.client("alice", "example.org")
            assert (entry.login, entry.domain, dict(entry.ha1), entry.active) == (
                "alice",
                "example.org",
                {"MD5": "m", "SHA-256": "s"},
                True,
            )
            assert not (await directory.client("bob")).active
            assert await directory.client("alice", "other.example") is None
            async with database.writing() as session:
                (await session.get(AccountRow, CHILD)).status = "suspended"
            assert (await directory.client("alice")).active  # still believed
            directory.forget()
            assert not (await directory.client("alice")).active

    asyncio.run(scene())


def test_the_same_login_in_two_organizations_is_two_clients_and_accounts_know_their_own(tmp_path):
    async def scene():
        async with populated("sqlite", tmp_path) as database:
            elsewhere = AccountRow(
                sid="AC" + "8" * 32,
                organization_sid=OTHER,
                parent_account_sid=ADMINISTRATOR,
                friendly_name="other",
                auth_token="sealed",
                **DATES,
            )
            directory = await filled(
                database,
                elsewhere,
                client(1, "alice"),
                client(2, "alice", organization_sid=OTHER, account_sid=elsewhere.sid, ha1_md5="other"),
                LimitsRow(account_sid=ADMINISTRATOR, max_calls=7, destinations="DE", date_updated=NOW),
            )
            here, there = await directory.client("alice"), await directory.client("alice", "other.example")
            assert (here.domain, there.domain) == ("example.org", "other.example")
            assert here.client_sid != there.client_sid
            assert there.ha1["MD5"] == "other"
            policy = await directory.policy(elsewhere.sid)
            assert (policy.domain, policy.max_calls, policy.destinations) == ("other.example", 7, ("DE",))
            assert await directory.policy("AC" + "9" * 32) == AccountPolicy()

    asyncio.run(scene())


def test_a_pattern_takes_what_no_number_of_its_organization_does(tmp_path):
    async def scene():
        async with populated("sqlite", tmp_path) as database:
            rows = [
                number(1, "1000"),
                number(2, "1[0-9]{3}"),
                number(3, "1..."),
                number(4, "+49[0-9]+"),
                number(5, "bob.smith"),
                number(6, "1[0-9]*", organization_sid=OTHER, account_sid=ADMINISTRATOR),
                number(7, "2.*", pure_sip=False),
            ]
            directory = await filled(database, *rows)

            async def reached(dialled, domain=None):
                found = await directory.number(dialled, domain)
                return None if found is None else int(found.number_sid[2:], 16)

            assert [await reached(one) for one in ("1000", "1234", "+1234", "4989123", "bob.smith", "bobXsmith")] == [
                1,
                2,
                2,
                4,
                5,
                None,
            ]
            assert [await reached(one, "other.example") for one in ("1000", "19", "2")] == [6, 6, None]
            assert await reached("22") is None
            async with database.writing() as session:
                await session.delete(await session.get(NumberRow, rows[1].sid))
            directory.forget()
            assert await reached("1234") == 3

    asyncio.run(scene())


@pytest.mark.parametrize(("limit", "queries"), [(10_000, 0), (1, 20)])
def test_unknown_names_cause_no_queries_where_all_names_are_known(limit, queries, tmp_path):
    async def scene():
        async with populated("sqlite", tmp_path) as database:
            await filled(database, number(1, "1000"), number(2, "2000"), client(1, "alice"), client(2, "bob"))
            settings = RecordsSettings(lookup_limit=limit)
            directory = StoreDirectory(database, RING, settings, monotonic=lambda: 0.0)
            assert await directory.number("8") is None
            assert (await directory.number("1000")).number_sid == "PN" + "0" * 31 + "1"
            assert (await directory.client("alice")).login == "alice"
            asked = []
            reading = database.reading
            database.reading = lambda: asked.append(1) or reading()
            for name in range(10):
                assert await directory.number(f"9{name}") is None
                assert await directory.client(f"nobody{name}") is None
            assert (len(asked) >= queries) if queries else asked == []
            assert (await directory.client("bob")).login == "bob"
            assert (await directory.number("+2000")).number_sid == "PN" + "0" * 31 + "2"

    asyncio.run(scene())


def test_a_host_that_names_no_organization_is_served_by_the_first_one(tmp_path):
    async def scene():
        async with populated("sqlite", tmp_path) as database:
            directory = await filled(database)
            assert await directory.domain("OTHER.example.") == "other.example"
            first = await directory.domain(None)
            assert [await directory.domain(host) for host in ("192.0.2.1", "2001:db8::1", "unknown.example", "")] == [
                first
            ] * 4
            async with database.writing() as session:
                (await session.get(OrganizationRow, OTHER)).status = "closed"
            directory.forget()
            assert await directory.domain("other.example") is None

    asyncio.run(scene())


def test_an_account_knows_those_above_it(tmp_path):
    async def scene():
        async with populated("sqlite", tmp_path) as database:
            directory = StoreDirectory(database, Keyring.random(), RecordsSettings())
            assert await directory.lineage(GRANDCHILD) == [GRANDCHILD, CHILD, ADMINISTRATOR]

    asyncio.run(scene())


def test_the_signing_key_is_the_accounts_unsealed_token(tmp_path):
    async def scene():
        async with populated("sqlite", tmp_path) as database:
            directory = await filled(database)
            async with database.writing() as session:
                (await session.get(AccountRow, CHILD)).auth_token = RING.seal(Secret("t0ken"), CHILD)
            assert await directory.signing_key(CHILD) == Secret("t0ken")
            assert await directory.signing_key("AC" + "f" * 32) is None

    asyncio.run(scene())


@pytest.mark.parametrize("text", ["", "\0", "x" * 10_000, "' or 1=1 --", "\udc80"])
def test_hostile_names_find_nothing_and_break_nothing(text, tmp_path):
    async def scene():
        async with populated("sqlite", tmp_path) as database:
            directory = await filled(database)
            assert await directory.number(text, text) is None
            assert await directory.client(text, text) is None

    asyncio.run(scene())


class Finder:
    def __init__(self):
        self.asked, self.now, self.gate = [], 0.0, asyncio.Event()
        self.gate.set()

    async def find(self, key):
        self.asked.append(key)
        await self.gate.wait()
        if key == "bad":
            raise OSError("away")
        return key.upper()

    def memory(self, limit=3):
        return Memory(self.find, ttl=5, limit=limit, monotonic=lambda: self.now)


def test_an_answer_is_believed_for_a_while_and_the_least_used_is_forgotten_first():
    async def scene():
        finder = Finder()
        memory = finder.memory()
        for key in ("a", "a", "b", "c", "a", "d", "a", "b"):
            assert await memory.get(key) == key.upper()
        assert finder.asked == ["a", "b", "c", "d", "b"]
        finder.now = 6.0
        await memory.get("a")
        assert finder.asked[-1] == "a"

    asyncio.run(scene())


def test_those_who_ask_together_share_one_query_and_an_error_is_not_remembered():
    async def scene():
        finder = Finder()
        memory = finder.memory()
        finder.gate.clear()
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(memory.get("a")) for _ in range(50)]
            await asyncio.sleep(0)
            finder.gate.set()
        assert {task.result() for task in tasks} == {"A"}
        assert finder.asked == ["a"]
        for _ in range(2):
            with pytest.raises(OSError, match="away"):
                await memory.get("bad")
        assert finder.asked == ["a", "bad", "bad"]

    asyncio.run(scene())


def test_what_was_being_found_when_something_changed_is_not_believed_later():
    async def scene():
        finder = Finder()
        memory = finder.memory()
        finder.gate.clear()
        async with asyncio.TaskGroup() as group:
            group.create_task(memory.get("a"))
            await asyncio.sleep(0)
            memory.forget()
            finder.gate.set()
        await memory.get("a")
        assert finder.asked == ["a", "a"]

    asyncio.run(scene())


def test_while_an_old_answer_is_renewed_others_take_it_and_nobody_takes_one_twice_as_old():
    async def scene():
        now, asked, gate = [0.0], [], asyncio.Event()

        async def find(key):
            asked.append(key)
            if len(asked) > 1:
                await gate.wait()
            return len(asked)

        memory = Memory(find, ttl=5, limit=10, monotonic=lambda: now[0])
        assert await memory.get("a") == 1
        now[0] = 6.0
        async with asyncio.TaskGroup() as group:
            renewing = group.create_task(memory.get("a"))
            await asyncio.sleep(0)
            assert await memory.get("a") == 1
            now[0] = 11.0
            late = group.create_task(memory.get("a"))
            await asyncio.sleep(0)
            assert not late.done()
            gate.set()
        assert (renewing.result(), late.result(), len(asked)) == (2, 2, 2)

    asyncio.run(scene())
