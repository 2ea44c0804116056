"""Twinkle, unmodified: a telephone with a SIP stack of its own, typed to in its console. Its sound card is the null device."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import Self

from tests.calls_e2e.peers import Program, free_media_ports, free_sip_port, need, wait_for

SYSTEM = """\
dev_ringtone=alsa:default
dev_speaker=alsa:default
dev_mic=alsa:default
validate_audio_dev=no
sip_udp_port={sip}
sip_port={sip}
rtp_port={rtp}
"""
USER = """\
user_name={login}
user_domain={server}
auth_name={login}
auth_pass={password}
registrar={server}
register_at_startup=no
registration_time=300
codecs=g711u,g711a
dtmf_transport=rfc2833
sip_transport={transport}
"""
NULL = "pcm.!default { type null }\nctl.!default { type null }\n"


class Twinkle:
    """One phone, as a client of ``server`` (HOST:PORT)."""

    def __init__(self, folder: Path, *, login: str, server: str, password: str, transport: str = "udp") -> None:
        self.folder = folder
        self.login = login
        home = folder / ".twinkle"
        home.mkdir(parents=True)
        (folder / ".asoundrc").write_text(NULL)
        system = SYSTEM.format(sip=free_sip_port(), rtp=free_media_ports(8))
        (home / "twinkle.sys").write_text(system)
        user = USER.format(login=login, server=server, password=password, transport=transport)
        (home / f"{login}.cfg").write_text(user)
        self._program: Program | None = None
        self._seen = 0

    def __enter__(self) -> Self:
        environment = {"HOME": str(self.folder), "TERM": "dumb"}
        self._program = Program(
            need("twinkle-console"), f"{self.login}.cfg", log=self.folder / "output.txt", env=environment
        )
        self.says("Local IP")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._program is not None:
            self._program.stop(3)

    def type(self, command: str) -> None:
        """One command of its console."""
        assert self._program is not None
        assert self._program.process.stdin is not None
        self._program.process.stdin.write(f"{command}\n".encode())
        self._program.process.stdin.flush()

    def says(self, text: str, seconds: float = 10.0) -> None:
        """Wait until it has written ``text`` since the last time."""
        assert self._program is not None
        program = self._program
        try:
            wait_for(lambda: text in program.output()[self._seen :], f"{text!r} of Twinkle", seconds)
        except AssertionError as error:
            raise AssertionError(f"{error}:\n{program.output()[-3000:]}") from None
        self._seen = program.output().index(text, self._seen) + len(text)
