"""A real browser: Debian's Chromium without a window, driven over the DevTools protocol, with a file for a microphone."""

from __future__ import annotations

import functools
import json
import re
import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from websockets.exceptions import WebSocketException
from websockets.sync.client import ClientConnection, connect

from tests.calls_e2e.peers import Program, missing, need, wait_for

SCRIPTS = Path(__file__).parent / "web_phone"
HOW_TO = Path(__file__).parents[2] / "docs" / "how-to" / "browser-phone.md"
PROGRAMS = ("chromium-headless-shell", "chromium")

LISTEN = """
window.tones = [];
(async () => {
  const audio = new AudioContext();
  const heard = audio.createMediaStreamSource(document.getElementById("far-end").srcObject);
  const analyser = new AnalyserNode(audio, { fftSize: 8192, smoothingTimeConstant: 0 });
  heard.connect(analyser);
  const bins = new Float32Array(analyser.frequencyBinCount);
  window.ear = setInterval(() => {
    analyser.getFloatFrequencyData(bins);
    const peak = (bin) => bins[bin] > -50 && bins[bin] >= Math.max(...bins.subarray(Math.max(0, bin - 8), bin + 9));
    bins.forEach((_, bin) => peak(bin) && window.tones.push(Math.round((bin * audio.sampleRate) / analyser.fftSize)));
  }, 50);
})();
"""


def program() -> str:
    """The path of a Chromium; without one the test fails in CI and is skipped elsewhere."""
    found = next(filter(None, map(shutil.which, PROGRAMS)), None)
    if found is None:
        missing("Chromium is not installed; tools/system_packages.sh installs it")
    return found


def how_to_page() -> str:
    """The page of the how-to, as a user copies it."""
    found = re.search(r"```html\n(.*?)```", HOW_TO.read_text(), re.DOTALL)
    assert found is not None
    return found[1]


class Tab:
    """One page."""

    def __init__(self, line: ClientConnection) -> None:
        self._line = line
        self._last = 0

    def send(self, method: str, **parameters: Any) -> dict[str, Any]:
        """One command of the DevTools protocol, and what comes of it."""
        self._last += 1
        self._line.send(json.dumps({"id": self._last, "method": method, "params": parameters}))
        while True:
            said = json.loads(self._line.recv(timeout=30))
            if said.get("id") == self._last:
                assert "error" not in said, said["error"]
                return dict(said["result"])

    def run(self, script: str) -> Any:
        """The value of an expression in the page; promises are awaited."""
        result = self.send("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in result, result["exceptionDetails"]
        return result["result"].get("value")

    def fill(self, **fields: str) -> None:
        for name, value in fields.items():
            self.run(f"document.getElementById({name!r}).value = {value!r}")

    def click(self, button: str) -> None:
        self.run(f"document.getElementById({button!r}).click()")

    def press(self, keys: str) -> None:
        for key in keys:
            self.run(
                f"(() => {{ const k = document.getElementById('key'); k.value = {key!r}; k.oninput({{target: k}}); }})()"
            )

    def until(self, state: str) -> None:
        """Wait until the phone of the how-to says so."""
        wait_for(lambda: self.run("document.getElementById('state').value") == state, f"{state!r} in the browser", 20)

    def peer(self, script: str) -> Any:
        """The value of an expression of the call's ``RTCPeerConnection``, ``pc``."""
        pc = "window.phone().session.sessionDescriptionHandler.peerConnection"
        return self.run(f"(async () => {{ const pc = {pc}; return {script}; }})()")

    def path(self) -> tuple[str, str]:
        """Kind of the local candidate that audio goes by, and its protocol."""
        stats = "Object.fromEntries([...(await pc.getStats())])"
        told = self.peer(stats)
        chosen = next(one["selectedCandidatePairId"] for one in told.values() if one["type"] == "transport")
        local = told[told[chosen]["localCandidateId"]]
        return local["candidateType"], local["protocol"]

    def listen(self) -> None:
        """Note the frequencies that stand out of what is heard, twenty times a second, from now on."""
        self.run(LISTEN)

    def hears(self, hertz: float, times: int = 5) -> None:
        """Wait until a tone has been noted so often."""
        noted = f"{hertz} Hz, {times} times, in the browser"
        wait_for(lambda: sum(abs(tone - hertz) < 15 for tone in self.tones()) >= times, noted)

    def tones(self) -> list[int]:
        return list(self.run("window.tones"))


class Chromium:
    """``with Chromium(folder, microphone=wav) as browser: browser.open_phone()``."""

    def __init__(self, folder: Path, *, microphone: Path, flags: tuple[str, ...] = ()) -> None:
        self._folder = folder
        self._flags = (
            *(
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--remote-debugging-port=0",
                f"--user-data-dir={folder}/profile",
            ),
            *("--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream"),
            f"--use-file-for-fake-audio-capture={microphone}",
            *("--autoplay-policy=no-user-gesture-required", "--ignore-certificate-errors"),
            "--allow-loopback-in-peer-connection",
            *flags,
        )

    def __enter__(self) -> Self:
        shutil.copytree(SCRIPTS, self._folder)
        install = [need("npm"), "ci", "--silent", "--no-audit", "--no-fund", "--ignore-scripts"]
        subprocess.run(install, cwd=self._folder, check=True, timeout=100)
        handler = functools.partial(_Quiet, directory=str(self._folder))
        self._pages = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._thread = threading.Thread(target=self._pages.serve_forever, kwargs={"poll_interval": 0.05})
        self._thread.start()
        self._program = Program(program(), *self._flags, "about:blank", log=self._folder / "chromium.log")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # Asked to close, because Debian's command starts it as a child and does not pass signals on.
        with suppress(AssertionError, OSError, WebSocketException), connect(self._devtools(), max_size=None) as line:
            Tab(line).send("Browser.close")
            wait_for(lambda: not self._program.running, "the end of Chromium", 20)
        self._program.stop()
        self._pages.shutdown()
        self._thread.join()
        self._pages.server_close()

    @contextmanager
    def open_phone(self, *scripts: str) -> Iterator[Tab]:
        """A tab with the page of the how-to, its microphone untouched by echo cancelling and the like.

        ``scripts`` run in it first: they stand for networks, of which loopback has but one.
        """
        # The phone is within reach of tests; apart from that the page is as it is.
        (self._folder / "index.html").write_text(
            how_to_page().replace("let phone;", "let phone; window.phone = () => phone;")
        )
        url = f"http://127.0.0.1:{self._pages.server_address[1]}/index.html"
        devtools = self._devtools()
        root = devtools.rsplit("/", 3)[0]
        with connect(devtools, max_size=None) as line:
            target = Tab(line).send("Target.createTarget", url="about:blank")["targetId"]
        with connect(f"{root}/devtools/page/{target}", max_size=None) as line:
            tab = Tab(line)
            tab.send("Page.enable")
            for script in (_RAW_MICROPHONE, *scripts):
                tab.send("Page.addScriptToEvaluateOnNewDocument", source=script)
            tab.send("Page.navigate", url=url)
            wait_for(lambda: tab.run("document.readyState") == "complete", "the page", 20)
            yield tab
            tab.send("Page.close")

    def _devtools(self) -> str:
        """Where it is driven, once it has started."""
        told = re.compile(r"DevTools listening on (ws://\S+)")
        wait_for(lambda: told.search(self._program.output()) is not None, "the start of Chromium", 30)
        return told.findall(self._program.output())[0]


_RAW_MICROPHONE = """
const ask = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
navigator.mediaDevices.getUserMedia = (wish) =>
  ask({ ...wish, audio: { echoCancellation: false, noiseSuppression: false, autoGainControl: false } });
"""
"""A tone is what noise suppression takes away."""


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *arguments: Any) -> None:
        pass
