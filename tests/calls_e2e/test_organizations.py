"""Two organizations on one server: each is a SIP domain of its own."""

from __future__ import annotations

import sqlite3
from contextlib import closing

from offhook.security.digest import ha1_of_every_algorithm
from offhook.security.secrets import Keyring
from offhook.security.tokens import new_auth_token
from tests.calls_e2e.baresip import Baresip
from tests.calls_e2e.server import Server

HERE, THERE = "one.example", "two.example"
MOMENT = "2026-01-01 00:00:00"


def another_organization(server: Server, logins: dict[str, str]) -> None:
    """An organization with an account and clients, as they stand in the database."""
    sids = {kind: kind + "9" * 32 for kind in ("OR", "AC")}
    dates = {"date_created": MOMENT, "date_updated": MOMENT}
    account = {"sid": sids["AC"], "organization_sid": sids["OR"], "friendly_name": "two", "status": "active"}
    account |= {"type": "Full", "role": "Administrator", **dates}
    keyring = Keyring.load_or_create(server.folder / "data" / "keys.json")
    account["auth_token"] = keyring.seal(new_auth_token(), sids["AC"])
    account["parent_account_sid"] = server.ready["account_sid"]
    rows = [("organizations", {"sid": sids["OR"], "domain_name": THERE, "status": "active", **dates})]
    rows.append(("accounts", account))
    for number, (login, password) in enumerate(logins.items()):
        secrets = ha1_of_every_algorithm(login, THERE, password)
        client = {"sid": f"CL{number:032x}", "organization_sid": sids["OR"], "account_sid": sids["AC"], "login": login}
        client |= {"friendly_name": login, "active": 1, "api_version": "2012-04-24", **dates}
        client |= {"ha1_md5": secrets["MD5"], "ha1_sha256": secrets["SHA-256"]}
        client |= {"voice_method": "POST", "voice_fallback_method": "POST"}
        rows.append(("clients", client))
    with closing(sqlite3.connect(server.folder / "data" / "offhook.db", timeout=10)) as database:
        for table, row in rows:
            marks = ", ".join("?" * len(row))
            database.execute(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({marks})", list(row.values()))
        database.commit()


def test_the_same_login_in_two_domains_is_two_clients_that_call_within_their_own(tmp_path):
    with Server(tmp_path / "server", sip_domain=HERE) as server:
        another_organization(server, {"ann": "secret-of-two", "bob": "secret-of-bob"})
        server.add_client("ann", "secret-of-one")

        def phone(login, domain, password):
            return Baresip(
                tmp_path / f"{login}-{domain}", login=login, server=server.sip(), domain=domain, password=password
            )

        with (
            phone("ann", HERE, "secret-of-one") as here,
            phone("ann", THERE, "secret-of-two") as there,
            phone("bob", THERE, "secret-of-bob") as bob,
        ):
            for each in (here, there, bob):
                each.registered()
            bob.dial(f"sip:ann@{THERE}")
            there.until("CALL_ESTABLISHED")
            bob.until("CALL_ESTABLISHED")
            bob.hang_up()
            there.until("CALL_CLOSED")
            assert here.command("listcalls")["data"].count("ann@") == 0
        with phone("bob", HERE, "secret-of-bob") as stranger:
            stranger.prints("403 Forbidden")
