"""Settings from flags, environment and file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from offhook.config import ConfigError, Settings, documented, host_and_port, load
from offhook.sip.flow import Transport
from offhook.sip.settings import Listener


def settings(
    directory: Path, file: str = "", environment: Mapping[str, str] | None = None, **flags: object
) -> Settings:
    (directory / "offhook.toml").write_text(file)
    named = {key.replace("__", "."): value for key, value in flags.items()}
    return load(data_dir=directory, flags=named, environment=environment or {})


def test_without_a_word_everything_is_on_loopback(tmp_path: Path) -> None:
    given = load(data_dir=tmp_path, environment={})
    assert given.sip.listen == ("127.0.0.1", 5060)
    assert given.egress.allow == ()
    assert given.sip.trust == ()


def test_flags_weigh_more_than_variables_and_variables_more_than_the_file(tmp_path: Path) -> None:
    file = "[speech]\ntimeout = 1\ncache_megabytes = 1\n[sip]\nmax_calls = 1\n"
    environment = {"OFFHOOK_SPEECH_TIMEOUT": "2", "OFFHOOK_SPEECH_CACHE_MEGABYTES": "2"}
    given = settings(tmp_path, file, environment, speech__timeout=3.5, sip__max_calls=None)
    assert (given.speech.timeout, given.speech.cache_megabytes, given.sip.max_calls) == (3.5, 2, 1)


def test_lists_are_written_with_commas_or_as_toml_arrays(tmp_path: Path) -> None:
    environment = {"OFFHOOK_EGRESS_ALLOW": "127.0.0.0/8, 10.1.0.0/16"}
    given = settings(tmp_path, '[sip]\ntrust = ["192.0.2.0/24"]\nlisten = "[::1]:5070"\n', environment)
    assert given.egress.allow == ("127.0.0.0/8", "10.1.0.0/16")
    assert given.sip.trust == ("192.0.2.0/24",)
    assert given.sip.listen == ("::1", 5070)


def test_a_section_inside_a_section_is_made_when_one_of_its_settings_is_given(tmp_path: Path) -> None:
    assert settings(tmp_path).sip.gateway is None
    given = settings(tmp_path, environment={"OFFHOOK_SIP_GATEWAY_URI": "sip:carrier.example"})
    assert given.sip.gateway is not None
    assert given.sip.gateway.uri == "sip:carrier.example"


def test_a_list_of_tables_stands_in_the_file(tmp_path: Path) -> None:
    file = (
        '[[sip.listeners]]\ntransport = "tls"\nlisten = "[::]:5061"\n'
        '[[sip.listeners]]\ntransport = "UDP"\nlisten = ":5062"\nadvertise = "203.0.113.7"\n'
    )
    assert settings(tmp_path, file).sip.listeners == (
        Listener(transport=Transport.TLS, listen=("::", 5061)),
        Listener(transport=Transport.UDP, listen=("0.0.0.0", 5062), advertise="203.0.113.7"),
    )


@pytest.mark.parametrize(
    ("file", "environment", "message"),
    [
        ("", {"OFFHOOK_SIP_LISTENERS": "here"}, r"OFFHOOK_SIP_LISTENERS: write it as tables, \[\[sip\.listeners"),
        ('[[sip.listeners]]\ntransport = "tls"\n', {}, r"\[sip\.listeners\]: .*'listen'"),
        (
            '[[sip.listeners]]\ntransport = "tsl"\nlisten = ":1"\n',
            {},
            r"listeners\[1\]\.transport: 'tsl' is not one of udp, tcp, tls",
        ),
        (
            '[[sip.listeners]]\nlsten = ":1"\n',
            {},
            r"listeners\[1\]\.lsten: there is no .*mean sip\.listeners\.listen\?",
        ),
        (
            "[speech]\ntimeuot = 1\n",
            {},
            r"offhook\.toml: speech\.timeuot: there is no setting.*did you mean speech\.timeout",
        ),
        ("", {"OFFHOOK_SPEECH_TIMEUOT": "1"}, r"OFFHOOK_SPEECH_TIMEUOT: .*did you mean OFFHOOK_SPEECH_TIMEOUT"),
        ("", {"OFFHOOK_SPEECH_TIMEOUT": "soon"}, r"OFFHOOK_SPEECH_TIMEOUT: 'soon' is not a number"),
        ("", {"OFFHOOK_SPEECH_CACHE_MEGABYTES": "1.5"}, "not a whole number"),
        ("", {"OFFHOOK_OUTBOUND_TOTAL": "-1"}, "OFFHOOK_OUTBOUND_TOTAL: '-1' is not a number from 0 on"),
        ("", {"OFFHOOK_OUTBOUND_TOTAL": "nan"}, "a number from 0 on"),
        ("", {"OFFHOOK_WEBHOOKS_PER_HOST": "0"}, "OFFHOOK_WEBHOOKS_PER_HOST: .*must be 1 or more"),
        ("", {"OFFHOOK_RECORDS_BACKLOG": "0"}, "records.backlog must be 1 or more"),
        ("", {"OFFHOOK_STORE_CONNECTIONS": "0"}, r"store.connections 0 is not in 1\.\.100"),
        ("", {"OFFHOOK_API_PAGE_SIZE": "0"}, "api.page_size 0 is not in 1 to"),
        ("", {"OFFHOOK_API_CONNECTIONS": "0"}, "api.connections must be 1 or more"),
        ("[store]\nwait = inf\n", {}, "a number from 0 on"),
        ("", {"OFFHOOK_SIP_LISTEN": "here"}, "not HOST:PORT"),
        ("", {"OFFHOOK_SPEECH_PROVIDERS": "festival"}, r"OFFHOOK_SPEECH_PROVIDERS: speech\.providers.*festival"),
        ("[speech\n", {}, r"offhook\.toml: "),
        ("", {"OFFHOOK_SIP_TRUST": "home"}, r"OFFHOOK_SIP_TRUST: .*'home' is not a network"),
        ("", {"OFFHOOK_SIP_ADVERTISE": "my house"}, r"OFFHOOK_SIP_ADVERTISE: .*'my house' is neither"),
        ("[api]\nport = 70000\n", {}, r"api\.port.*70000.*0-65535"),
        ("", {"OFFHOOK_SIP_GATEWAY_PASSWORD": "x"}, r"\[sip\.gateway\].*uri"),
    ],
)
def test_what_is_wrong_is_named_with_its_place(
    file: str, environment: dict[str, str], message: str, tmp_path: Path
) -> None:
    with pytest.raises(ConfigError, match=message):
        settings(tmp_path, file, environment)


def test_variables_of_others_are_left_alone(tmp_path: Path) -> None:
    settings(tmp_path, environment={"OFFHOOK_DATA_DIR": "/x", "OFFHOOK_RFC4475_DIR": "/y", "HOME": "/z"})


def test_every_setting_has_a_variable() -> None:
    variables = {key: variable for key, variable, _ in documented()}
    assert variables["sip.trust"] == "OFFHOOK_SIP_TRUST"
    assert variables["egress.allow"] == "OFFHOOK_EGRESS_ALLOW"
    assert len(set(variables.values())) == len(variables)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("127.0.0.1:1", ("127.0.0.1", 1)), ("[::1]:65535", ("::1", 65535)), (":80", ("0.0.0.0", 80)), ("h:0", ("h", 0))],
)
def test_addresses_are_read(text: str, expected: tuple[str, int]) -> None:
    assert host_and_port(text) == expected


@pytest.mark.parametrize("text", ["", "80", "host", "host:", "host:x", "host:65536", "[::1", "[x]:1"])
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        host_and_port(text)


def test_trunks_and_routes_are_tables_of_the_file(tmp_path: Path) -> None:
    file = """
[[trunks]]
name = "carrier"
gateways = ["sip:a.example priority=1", "sip:b.example"]
max_calls = 30

[[trunks]]
name = "reserve"

[[routes]]
pattern = "+49"
trunks = ["carrier", "reserve"]
"""
    given = settings(tmp_path, file)
    assert [(trunk.name, trunk.max_calls) for trunk in given.trunks] == [("carrier", 30), ("reserve", 0)]
    assert given.trunks[0].gateways == ("sip:a.example priority=1", "sip:b.example")
    assert [trunk.name for trunk in given.book.choice("+49", ())] == ["carrier", "reserve"]


@pytest.mark.parametrize(
    ("file", "message"),
    [
        ('[[trunks]]\nname = "a"\ngatways = []\n', r"trunks\[1\]\.gatways: .*did you mean trunks\.gateways"),
        ('[[trunks]]\nname = "a"\n[[trunks]]\ngateways = []\n', r"\[trunks\].*name"),
        ('[[trunks]]\nname = "a"\nmax_calls = "many"\n', r"trunks\[1\]\.max_calls: 'many' is not a whole number"),
        ('[[trunks]]\nname = "a"\ngateways = ["tel:1"]\n', r"trunks\[1\].*must read like"),
        ('[trunks]\nname = "a"\n', "there is no setting trunks.name"),
        ('[[routes]]\npattern = "^(1"\n', r"routes\[1\].*no regular expression"),
        ("routes = 1\n", r"\[\[routes\]\]"),
    ],
)
def test_what_is_wrong_in_such_a_table_is_named_with_its_place(tmp_path: Path, file: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        settings(tmp_path, file)
