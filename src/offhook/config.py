"""All settings in one immutable value, from flags, ``OFFHOOK_…`` variables and ``offhook.toml``, in this order of weight.

The sections are declared by the packages that use them; this is the only module that reads the environment.
"""

from __future__ import annotations

import dataclasses
import difflib
import ipaddress
import math
import os
import tomllib
import types
import typing
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from offhook.api.settings import ApiSettings
from offhook.blobs.settings import RecordingSettings
from offhook.calls.settings import CallSettings
from offhook.calls.trunks.book import TrunkBook
from offhook.calls.trunks.settings import RouteSettings, TrunkSettings, configured
from offhook.media.settings import MediaSettings
from offhook.ops.settings import LogSettings
from offhook.outbound.settings import OutboundSettings
from offhook.rcml.settings import RcmlSettings
from offhook.records.settings import RecordsSettings
from offhook.security.settings import EgressSettings, PasswordSettings
from offhook.sip.settings import SipSettings
from offhook.speech.settings import SpeechSettings
from offhook.store.settings import StoreSettings
from offhook.webhooks.settings import WebhookSettings

PREFIX = "OFFHOOK_"
FILE_NAME = "offhook.toml"


class ConfigError(Exception):
    """A setting is wrong; the message names where it was set, what is wrong and what is possible."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything that can be set, one field per section."""

    data_dir: Path
    """Where the database, keys, certificates and recordings live."""
    api: ApiSettings = field(default_factory=ApiSettings)
    calls: CallSettings = field(default_factory=CallSettings)
    egress: EgressSettings = field(default_factory=EgressSettings)
    log: LogSettings = field(default_factory=LogSettings)
    media: MediaSettings = field(default_factory=MediaSettings)
    outbound: OutboundSettings = field(default_factory=OutboundSettings)
    passwords: PasswordSettings = field(default_factory=PasswordSettings)
    rcml: RcmlSettings = field(default_factory=RcmlSettings)
    recordings: RecordingSettings = field(default_factory=RecordingSettings)
    records: RecordsSettings = field(default_factory=RecordsSettings)
    sip: SipSettings = field(default_factory=SipSettings)
    speech: SpeechSettings = field(default_factory=SpeechSettings)
    store: StoreSettings = field(default_factory=StoreSettings)
    webhooks: WebhookSettings = field(default_factory=WebhookSettings)
    trunks: tuple[TrunkSettings, ...] = ()
    """``[[trunks]]`` of the file, one table each."""
    routes: tuple[RouteSettings, ...] = ()
    """``[[routes]]`` of the file, one table each."""

    @property
    def book(self) -> TrunkBook:
        """The node's own trunks and routes, ``sip.gateway`` among them."""
        return configured(self.trunks, self.routes, self.sip.gateway)


@dataclass(frozen=True, slots=True)
class Origin:
    """A value as somebody wrote it, and where."""

    where: str
    value: object


def load(
    *, data_dir: Path, flags: Mapping[str, object] | None = None, environment: Mapping[str, str] | None = None
) -> Settings:
    """Compose the settings. ``flags`` are keyed ``section.field``; a value of None means not given.

    Raises ``ConfigError``.
    """
    environment = os.environ if environment is None else environment
    given: dict[str, Origin] = dict(_from_file(data_dir / FILE_NAME))
    given |= dict(_from_environment(environment))
    given |= {key: Origin(f"--{key}", value) for key, value in (flags or {}).items() if value is not None}
    known = dict(_fields(Settings, ""))
    for key, origin in given.items():
        if key not in known:
            raise ConfigError(f"{origin.where}: there is no setting {key}{_suggestion(key, known)}")
    sections: dict[str, typing.Any] = {
        name: _compose(section, f"{name}.", given)
        for name, section in typing.get_type_hints(Settings).items()
        if dataclasses.is_dataclass(section)
    }
    sections |= {name: _list(name, item, given[name]) for name, item in lists() if name in given}
    return Settings(data_dir=data_dir, **sections)


def documented() -> Iterator[tuple[str, str, object]]:
    """(setting, environment variable, default) of every setting, for ``offhook serve --help`` and the reference."""
    for key, (_, default) in _fields(Settings, ""):
        if "." in key:
            yield key, PREFIX + key.replace(".", "_").upper(), default


def _fields(cls: type, prefix: str) -> Iterator[tuple[str, tuple[object, object]]]:
    hints = typing.get_type_hints(cls)
    for item in dataclasses.fields(cls):
        section = _section_in(hints[item.name])
        if section is not None:
            yield from _fields(section, f"{prefix}{item.name}.")
        else:
            default = item.default if item.default is not dataclasses.MISSING else None
            yield prefix + item.name, (hints[item.name], default)


def lists() -> Iterator[tuple[str, typing.Any]]:
    """(name, dataclass of one) of the lists of tables that the file may hold."""
    for name, hint in typing.get_type_hints(Settings).items():
        if typing.get_origin(hint) is tuple:
            yield name, typing.get_args(hint)[0]


def _list(name: str, item: typing.Any, origin: Origin) -> tuple[object, ...]:
    """Tables of the file, ``[[name]]``, each with its own settings."""
    if not isinstance(origin.value, list) or not all(isinstance(table, dict) for table in origin.value):
        raise ConfigError(f"{origin.where}: write it as tables, [[{name}]], one for each")
    made = []
    for number, table in enumerate(origin.value, start=1):
        prefix = f"{name}."
        given = {prefix + key: Origin(f"{origin.where}[{number}].{key}", value) for key, value in table.items()}
        known = [prefix + field_.name for field_ in dataclasses.fields(item)]
        for key, wrong in given.items():
            if key not in known:
                raise ConfigError(f"{wrong.where}: there is no setting {key}{_suggestion(key, known)}")
        made.append(_compose(item, prefix, given))
    return tuple(made)


def _section_in(hint: object) -> type | None:
    """The dataclass in ``Section`` or ``Section | None``."""
    if typing.get_origin(hint) is tuple:
        return None
    for candidate in typing.get_args(hint) or (hint,):
        if isinstance(candidate, type) and dataclasses.is_dataclass(candidate):
            return candidate
    return None


def row_in(hint: object) -> typing.Any | None:
    """The dataclass in ``tuple[Row, ...]``: a list of tables, which only the file can hold."""
    kind = typing.get_args(hint)[0] if typing.get_origin(hint) is tuple else None
    return kind if dataclasses.is_dataclass(kind) else None


def _from_environment(environment: Mapping[str, str]) -> Iterator[tuple[str, Origin]]:
    """Only names that begin with a section are settings; ``OFFHOOK_DATA_DIR`` and others are read elsewhere."""
    variables = {variable: key for key, variable, _ in documented()}
    sections = {key.partition(".")[0] for key in variables.values()}
    for name, value in environment.items():
        if name in variables:
            yield variables[name], Origin(name, value)
        elif name.startswith(PREFIX) and name.removeprefix(PREFIX).partition("_")[0].lower() in sections:
            raise ConfigError(f"{name}: there is no such setting{_suggestion(name, variables)}")


def _from_file(path: Path) -> Iterator[tuple[str, Origin]]:
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f"{path}: {error}") from error
    yield from _flatten(content, "", path)


def _flatten(table: Mapping[str, object], prefix: str, path: Path) -> Iterator[tuple[str, Origin]]:
    for name, value in table.items():
        if isinstance(value, dict):
            yield from _flatten(value, f"{prefix}{name}.", path)
        else:
            yield prefix + name, Origin(f"{path}: {prefix}{name}", value)


def _compose(cls: typing.Any, prefix: str, given: Mapping[str, Origin]) -> typing.Any:
    hints = typing.get_type_hints(cls)
    values: dict[str, object] = {}
    origins = []
    for item in dataclasses.fields(cls):
        key = prefix + item.name
        section = _section_in(hints[item.name])
        if section is not None:
            if any(name.startswith(key + ".") for name in given):
                values[item.name] = _compose(section, key + ".", given)
        elif key in given:
            origins.append(given[key])
            row = row_in(hints[item.name])
            values[item.name] = _convert(given[key], hints[item.name]) if row is None else _list(key, row, given[key])
    try:
        return cls(**values)
    except TypeError as error:
        raise ConfigError(f"[{prefix.rstrip('.')}]: {error}") from error
    except ValueError as error:
        raise ConfigError(f"{', '.join(origin.where for origin in origins)}: {error}") from error


def _convert(origin: Origin, hint: object) -> object:
    choices = [choice for choice in typing.get_args(hint) if choice is not types.NoneType]
    if isinstance(hint, types.UnionType):
        if origin.value == "" and types.NoneType in typing.get_args(hint):
            return None
        hint = choices[0]
    try:
        return _parse(origin.value, hint)
    except ValueError as error:
        raise ConfigError(f"{origin.where}: {origin.value!r} is not {error}") from error


def _parse(value: object, hint: object) -> object:
    """Text or a TOML value to ``hint``; ValueError says what was expected."""
    match hint:
        case _ if hint is bool:
            return _boolean(value)
        case _ if hint is int or hint is float:
            return _number(value, hint)
        case type() if issubclass(hint, StrEnum):
            return _word(value, hint)
        case _ if hint is Path:
            return Path(str(value)).expanduser()
        case _ if typing.get_args(hint) == (str, int):
            return host_and_port(str(value))
        case _ if typing.get_origin(hint) is tuple:
            parts = value if isinstance(value, list) else [part.strip() for part in str(value).split(",")]
            return tuple(str(part) for part in parts if part != "")
    return str(value)


def _boolean(value: object) -> bool:
    words = {"true": True, "yes": True, "on": True, "1": True, "false": False, "no": False, "off": False, "0": False}
    word = str(value).lower()
    if word not in words:
        raise ValueError("true or false")
    return words[word]


def _word(value: object, kind: type[StrEnum]) -> StrEnum:
    try:
        return kind(str(value).lower())
    except ValueError:
        raise ValueError(f"one of {', '.join(kind)}") from None


def _number(value: object, kind: type[int] | type[float]) -> int | float:
    try:
        number = kind(str(value))
    except ValueError:
        raise ValueError("a whole number" if kind is int else "a number") from None
    if not 0 <= number < math.inf:
        raise ValueError("a number from 0 on")
    return number


def host_and_port(text: str) -> tuple[str, int]:
    """``127.0.0.1:5060``, ``[::1]:5060`` or ``:5060`` (all addresses); ValueError says what was expected."""
    host, separator, port = text.rpartition(":")
    if not separator or not port.isascii() or not port.isdigit() or int(port) > 65535:
        raise ValueError("HOST:PORT, such as 127.0.0.1:5060 or [::1]:5060")
    host = host or "0.0.0.0"  # noqa: S104 - it was written so
    if host.startswith("[") and host.endswith("]"):
        return str(ipaddress.IPv6Address(host[1:-1])), int(port)
    if "[" in host or ":" in host:
        raise ValueError("HOST:PORT; an IPv6 address stands in brackets, such as [::1]:5060")
    return host, int(port)


def _suggestion(name: str, known: typing.Iterable[str]) -> str:
    close = difflib.get_close_matches(name, list(known), n=1)
    return f"; did you mean {close[0]}?" if close else ""
