"""URIs and addresses."""

from __future__ import annotations

import pytest

from offhook.sip.errors import RemoteProtocolError
from offhook.sip.uri import NameAddr, Uri


@pytest.mark.parametrize(
    "text",
    [
        "sip:alice@atlanta.example",
        "sips:alice:secret@atlanta.example:5061;transport=tcp?subject=a%20b&priority=urgent",
        "sip:+1-212-555-1212:1234@gateway.example;user=phone",
        "sip:[2001:db8::9:1]:6050;lr",
        "sip:user;par=u%40example.net@example.com",
        "sip:null-%00-null@example.com",
        "sip:h%C3%A4nsel@example.com",
        "tel:+1-201-555-0123;phone-context=example.com",
        "tel:7042;ext=1",
        "mailto:alice@example.com",
    ],
)
def test_a_uri_survives_a_round_trip(text: str) -> None:
    uri = Uri.parse(text)
    assert Uri.parse(str(uri)) == uri


def test_parts_are_unescaped_and_hosts_lower_case() -> None:
    uri = Uri.parse("SIP:%61lice;day=tuesday:p%40ss@Example.COM:5070;Transport=TCP;x?To=sip%3Abob%40b")
    assert (uri.scheme, uri.user, uri.password) == ("sip", "alice;day=tuesday", "p@ss")
    assert (uri.host, uri.port, uri.transport) == ("example.com", 5070, "tcp")
    assert uri.parameters == {"transport": "TCP", "x": None}
    assert uri.headers == {"To": "sip:bob@b"}


def test_an_ipv6_host_has_brackets_on_the_wire_only() -> None:
    uri = Uri.parse("sip:[::1]:5062")
    assert (uri.host, uri.address, uri.port) == ("[::1]", "::1", 5062)


@pytest.mark.parametrize(
    "text",
    [
        "", "sip", "sip:", ":x", "sip:@host", "sip:a b@host", "sip:a@b@c", "sip:host:99999", "sip:host:", "sip:a@[::1",
        "sip:a@ho st", "sip:%zz@host", "sip:a@host?x=%", "<sip:a@b>", 'sip:"a"@b', "tel:", "tel:abc xyz", "1sip:a@b", "sip:a\0@b", "sip:b;x=\x7f", "x:\0", "sip:a@h\u00f6st",
    ],
)  # fmt: skip
def test_what_is_no_uri_is_refused(text: str) -> None:
    with pytest.raises(RemoteProtocolError):
        Uri.parse(text)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("sip:%61lice@atlanta.com;transport=TCP", "sip:alice@AtLanTa.CoM;Transport=tcp"),
        ("sip:carol@chicago.com", "sip:carol@chicago.com;newparam=5"),
        ("sip:carol@chicago.com;security=on", "sip:carol@chicago.com;newparam=5"),
        (
            "sip:alice@atlanta.com?subject=project%20x&priority=urgent",
            "sip:alice@atlanta.com?priority=urgent&subject=project%20x",
        ),
        ("tel:+1-201-555-0123", "tel:+12015550123"),
    ],
)
def test_uris_that_the_rfc_calls_equal_match(one: str, other: str) -> None:
    assert Uri.parse(one).matches(Uri.parse(other))
    assert Uri.parse(other).matches(Uri.parse(one))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("SIP:ALICE@AtLanTa.CoM", "sip:alice@atlanta.com"),
        ("sip:bob@biloxi.com", "sip:bob@biloxi.com:5060"),
        ("sip:bob@biloxi.com", "sip:bob@biloxi.com;transport=udp"),
        ("sip:bob@biloxi.com", "sip:bob@biloxi.com;maddr=1.2.3.4"),
        ("sip:bob@biloxi.com;x=1", "sip:bob@biloxi.com;x=2"),
        ("sip:bob@biloxi.com", "sips:bob@biloxi.com"),
        ("sip:bob@biloxi.com", "sip:bob@biloxi.com?subject=x"),
        ("sip:bob@biloxi.com", "sip:bob:pw@biloxi.com"),
        ("tel:+12015550123", "tel:12015550123"),
        ("sip:null-%00-null@example.com", "sip:null-@example.com"),
    ],
)
def test_uris_that_the_rfc_calls_different_do_not_match(one: str, other: str) -> None:
    assert not Uri.parse(one).matches(Uri.parse(other))


def test_the_number_is_what_was_dialled() -> None:
    assert Uri.parse("tel:+1-(201)-555.0123;ext=4").number == "+12015550123"
    assert Uri.parse("sip:+1201;phone-context=x@gw").number == "+1201"
    assert Uri.parse("sip:a%00b@gw").number == "a\ufffdb"
    assert Uri.parse("sip:a%FFb@gw").number == "a\ufffdb"


def test_an_address_of_record_is_only_user_and_host() -> None:
    assert str(Uri.parse("sip:a@b:5070;transport=tcp?x=y").address_of_record) == "sip:a@b:5070"


def test_parameters_can_be_added_and_taken() -> None:
    uri = Uri.parse("sip:a@b;lr;x=1")
    assert uri.lr
    assert str(uri.with_parameters(transport="tcp").without_parameters("x")) == "sip:a@b;lr;transport=tcp"


@pytest.mark.parametrize(
    ("text", "name", "uri", "parameters"),
    [
        ('"Bell, A \\"G\\"" <sip:agb@bell.example>;tag=a48s', 'Bell, A "G"', "sip:agb@bell.example", {"tag": "a48s"}),
        ("Anonymous Caller <sip:c@h;x=1> ; Tag=2 ;q", "Anonymous Caller", "sip:c@h;x=1", {"tag": "2", "q": None}),
        ("caller<sip:c@h>", "caller", "sip:c@h", {}),
        ("sip:+12125551212@server.example;tag=887s", "", "sip:+12125551212@server.example", {"tag": "887s"}),
        ("  <sip:h>  ", "", "sip:h", {}),
        ("<sip:a@h?x=1,2;3>;expires=5", "", "sip:a@h?x=1,2;3", {"expires": "5"}),
        ('"" <sip:a@h>', "", "sip:a@h", {}),
        ('"a\x07b" <sip:a@h>', "a\ufffdb", "sip:a@h", {}),
    ],
)
def test_an_address_reads_in_all_its_forms(text: str, name: str, uri: str, parameters: dict[str, str | None]) -> None:
    address = NameAddr.parse(text)
    assert (address.display_name, address.uri, address.parameters) == (name, Uri.parse(uri), parameters)
    assert NameAddr.parse(str(address)) == address


@pytest.mark.parametrize(
    "text",
    [
        "",
        "<sip:a@b",
        '"open <sip:a@b>',
        '"name" sip:a@b',
        "sip:a@b?x=y",
        "sip:a,b@c",
        "< sip:a@b >",
        'x"y <sip:a@b>',
        "<sip:a@b> x",
    ],
)
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(RemoteProtocolError):
        NameAddr.parse(text)


def test_a_tag_is_added_beside_other_parameters() -> None:
    assert str(NameAddr.parse("<sip:a@b>;x=1").with_tag("t")) == "<sip:a@b>;x=1;tag=t"
    assert NameAddr.parse("<sip:a@b>;tag=t").tag == "t"
