import pytest
from hypothesis import given
from hypothesis import strategies as st

from offhook.outbound.http import OutboundError, OutboundFault
from offhook.outbound.target import Overrides, parse


def test_a_url_is_taken_apart():
    target = parse("https://u:p@App.Example.org:8443/v?x=1#rc=3&rp=4xx,rt&ct=1000&rt=5000&tt=15000")
    assert target.url == "https://app.example.org:8443/v?x=1"
    assert target.origin == "https://app.example.org:8443"
    assert target.auth == "Basic dTpw"
    assert target.overrides == Overrides(
        retries=3, retry_on=frozenset({"4xx", "rt"}), connect=1.0, read=5.0, total=15.0
    )


@pytest.mark.parametrize(
    "fragment", ["", "section", "rc=9", "rc=-1", "rt=abc", "rt=999999", "ct=1", "tt=٣", "rc=1&" * 500]
)
def test_a_fragment_that_sets_nothing_sensible_changes_nothing(fragment):
    overrides = parse(f"http://a.example/#{fragment}").overrides
    assert (overrides.retries, overrides.connect, overrides.read, overrides.total) == (1, None, None, None)


def test_all_kinds_of_failure_can_be_named_at_once():
    assert parse("http://a.example/#rp=all").overrides.retry_on == {"ct", "rt", "4xx", "5xx"}


def test_a_form_is_appended_to_what_query_there_is():
    assert parse("http://a.example/v").with_query((("a", "1 2"),)) == "http://a.example/v?a=1+2"
    assert parse("http://a.example/v?x=1").with_query((("a", "&"),)) == "http://a.example/v?x=1&a=%26"
    assert parse("http://a.example/v").with_query(()) == "http://a.example/v"


def test_a_url_without_a_path_is_signed_as_it_is_requested():
    assert parse("http://a.example").url == "http://a.example/"
    assert parse("http://u:p@a.example:80#rc=1").with_query((("a", "1"),)) == "http://a.example/?a=1"
    assert parse("http://a.example?x=1").url == "http://a.example/?x=1"


@pytest.mark.parametrize("url", ["http://me:secret@a.example:99999/", "ftp://me:secret@a.example/", "x://me:secret@"])
def test_what_is_no_url_is_shown_without_its_login(url):
    with pytest.raises(OutboundError) as refused:
        parse(url)
    assert "secret" not in str(refused.value)


@given(st.text())
def test_any_text_is_a_target_or_our_own_error(text):
    for url in (text, "http://" + text, "https://example.org/" + text):
        try:
            parse(url).url.encode("ascii")
        except OutboundError as error:
            assert error.fault is OutboundFault.BAD_URL  # noqa: PT017
