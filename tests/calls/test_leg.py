from __future__ import annotations

from offhook.calls.leg import Contact, Destination, LegFailed


def test_a_failure_may_know_the_status_that_it_deserves() -> None:
    assert (LegFailed("no port").sip_code, LegFailed("no codec", 488).sip_code) == (None, 488)


def test_passwords_do_not_show_in_what_is_logged() -> None:
    assert "secret" not in repr(Destination(uri="sip:a@b", from_user="c", password="secret"))
    assert "secret" not in repr(Contact(uri="sip:a@b", password="secret"))
