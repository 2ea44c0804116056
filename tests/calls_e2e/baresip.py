"""A softphone: Debian's baresip without sound card, driven through its control socket (netstrings of JSON)."""

from __future__ import annotations

import json
import socket
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.calls_e2e.peers import Program, free_media_ports, free_port, free_sip_port, missing, need, wait_for
from tests.support.audio import RATE, Samples, read_wav, sine, write_wav

MODULES = (
    "/usr/lib/baresip/modules",
    "/usr/lib/x86_64-linux-gnu/baresip/modules",
    "/usr/lib/aarch64-linux-gnu/baresip/modules",
)
NEEDED = ("g711", "g722", "opus", "l16", "aufile", "aubridge", "sndfile", "srtp", "account", "menu", "ctrl_tcp")

CONFIG = """\
poll_method epoll
net_interface 127.0.0.1
sip_listen 127.0.0.1:{sip}
{trust}
call_local_timeout 30
call_max_calls 4
audio_player aubridge,ear
audio_source aufile,{folder}/voice.wav
auplay_srate {rate}
ausrc_srate {rate}
opus_stereo no
opus_sprop_stereo no
audio_telev_pt 101
rtp_ports {rtp}-{rtp_end}
module_path {modules}
module g711.so
module g722.so
module opus.so
module l16.so
module aufile.so
module aubridge.so
module sndfile.so
module srtp.so
snd_path {folder}/sound
module_tmp account.so
module_app menu.so
module_app ctrl_tcp.so
ctrl_tcp_listen 127.0.0.1:{control}
"""


class Baresip:
    """One phone. ``voice`` is what it says in a call: a sine's hertz (for a minute), or samples at 8 kHz.

    ``codec`` is as in baresip's audio_codecs, ``rate`` that of its sound card in hertz.
    ``encryption`` is baresip's mediaenc: ``srtp`` offers it beside plain RTP, ``srtp-mand`` insists on RTP/SAVP.
    """

    def __init__(
        self,
        folder: Path,
        *,
        login: str = "phone",
        server: str = "",
        domain: str = "",
        password: str = "",
        voice: int | Samples = 600,
        transport: str = "udp",
        codec: str = "pcmu",
        rate: int = RATE,
        answers: bool = True,
        encryption: str = "",
        dtmf: str = "rtpevent",
        outbound: str = "",
        ca_file: str = "",
    ) -> None:
        """``outbound``: a proxy that everything goes through. ``dtmf`` is baresip's dtmfmode: ``rtpevent`` or ``info``."""
        self.folder = folder
        self.login = login
        self.sip_port = free_sip_port()
        self._control_port = free_port()
        self._events: list[dict[str, Any]] = []
        self._buffer = b""
        self._program: Program | None = None
        self._socket: socket.socket | None = None
        (folder / "sound").mkdir(parents=True)
        self.rate = rate
        spoken = sine(voice, 60_000, rate=rate) if isinstance(voice, int) else voice
        write_wav(folder / "voice.wav", spoken, rate)
        rtp = free_media_ports(40)
        (folder / "config").write_text(
            CONFIG.format(
                sip=self.sip_port,
                trust=f"sip_cafile {ca_file}" if ca_file else "",
                folder=folder,
                rate=rate,
                rtp=rtp,
                rtp_end=rtp + 39,
                modules=_modules(),
                control=self._control_port,
            )
        )
        uri = f"sip:{login}@{domain or server or f'127.0.0.1:{self.sip_port}'};transport={transport}"
        proxy = outbound or (f"sip:{server};transport={transport}" if domain else "")
        register = f"regint=60;auth_user={login};auth_pass={password}" if password else "regint=0"
        answer = "answermode=auto" if answers else "answermode=manual"
        through = f';outbound="{proxy}"' if proxy else ""
        secure = f";mediaenc={encryption}" if encryption else ""
        account = f"<{uri}>{through};{register};{answer};audio_codecs={codec};dtmfmode={dtmf}{secure}\n"
        (folder / "accounts").write_text(account)
        for name in ("contacts", "uuid"):
            (folder / name).touch()

    @property
    def address(self) -> str:
        """Where it can be called directly."""
        return f"sip:{self.login}@127.0.0.1:{self.sip_port}"

    def __enter__(self) -> Self:
        self._program = Program(need("baresip"), "-f", self.folder, "-v", log=self.folder / "output.txt")
        end = time.monotonic() + 10
        while self._socket is None:
            try:
                self._socket = socket.create_connection(("127.0.0.1", self._control_port), timeout=1)
            except OSError:
                if not self._program.running or time.monotonic() > end:
                    self.__exit__(None, None, None)
                    raise AssertionError(f"baresip did not start:\n{self._program.output()}") from None
                time.sleep(0.05)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None
        if self._program is not None:
            self._program.stop(5)

    # what a person does

    def dial(self, uri: str) -> None:
        self.command("dial", uri)

    def press(self, keys: str, gap: float = 0.25) -> None:
        """Send keys as RFC 4733 events."""
        for key in keys:
            self.command("sndcode", key)
            time.sleep(gap)

    def hang_up(self) -> None:
        self.command("hangup")

    # what can be seen of it

    def until(self, event: str, seconds: float = 10.0) -> dict[str, Any]:
        """Wait for the next event of a type, such as CALL_ESTABLISHED; those before it are forgotten."""
        end = time.monotonic() + seconds
        while True:
            for index, seen in enumerate(self._events):
                if seen["type"] == event:
                    del self._events[: index + 1]
                    return seen
            self._read(end, f"{event} after {[seen['type'] for seen in self._events]}")

    def registered(self, seconds: float = 10.0) -> None:
        """Wait until the server has accepted its registration."""
        end = time.monotonic() + seconds
        while "OK" not in self.command("reginfo")["data"]:
            if time.monotonic() > end:
                assert self._program is not None
                raise AssertionError(f"it is not registered:\n{self._program.output()[-2000:]}")
            time.sleep(0.1)

    def prints(self, text: str, seconds: float = 10.0) -> None:
        """Wait until it has written ``text`` on its screen; events before its control socket was there are only there."""
        assert self._program is not None
        program = self._program
        wait_for(lambda: text in program.output(), f"{text!r} of {self.login}", seconds)

    def heard(self) -> Samples:
        """All that it heard in the last call, packets one after the other, at ``rate``; complete once the call is over."""
        dumps = sorted((self.folder / "sound").glob("dump-*-dec.wav"), key=lambda path: path.stat().st_mtime)
        assert dumps, "it heard nothing"
        samples, rate = read_wav(dumps[-1])
        assert rate == self.rate
        return samples

    def command(self, name: str, parameters: str = "") -> dict[str, Any]:
        """One command of baresip's menu, and its answer."""
        assert self._socket is not None
        data = json.dumps({"command": name, "params": parameters, "token": name}).encode()
        self._socket.sendall(b"%d:%s," % (len(data), data))
        end = time.monotonic() + 5
        while True:
            for message in self._events:
                if message["type"] == f"answer to {name}":
                    self._events.remove(message)
                    return message
            self._read(end, f"the answer to {name}")

    def _read(self, end: float, what: str) -> None:
        assert self._socket is not None
        left = end - time.monotonic()
        if left > 0:
            self._socket.settimeout(left)
            try:
                data = self._socket.recv(65_536)
            except TimeoutError:
                data = None
            if data:
                self._buffer += data
                self._parse()
                return
        assert self._program is not None
        raise AssertionError(f"{self.login} did not see {what}:\n{self._program.output()[-3000:]}")

    def _parse(self) -> None:
        while b":" in self._buffer:
            head, _, rest = self._buffer.partition(b":")
            size = int(head)
            if len(rest) <= size:
                return
            message = json.loads(rest[:size])
            self._buffer = rest[size + 1 :]
            if message.get("response"):
                message["type"] = f"answer to {message['token']}"
            self._events.append(message)


def _modules() -> str:
    for folder in MODULES:
        if all((Path(folder) / f"{name}.so").exists() for name in NEEDED):
            return folder
    return missing("baresip's modules are not installed; tools/system_packages.sh installs them")
