"""``make demo``: one whole round on free ports in a temporary directory, then exit.

A server, the example application, a call that is answered, spoken to, keyed, recorded and hung up; at the end the call's
record and the path of the recording.
"""

from __future__ import annotations

import contextlib
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

from examples import platform


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def call(data_dir: Path, *arguments: str) -> None:
    """Place a call with the terminal phone; its transcript goes to our output."""
    command = [sys.executable, "-m", "offhook.cli.main", "call", "--data-dir", str(data_dir), *arguments]
    print(f"\n$ offhook call {' '.join(arguments)}", flush=True)
    subprocess.run(command, check=True, timeout=120)


def show(running: platform.Platform) -> None:
    """The records of the two calls and of the recording, as the API gives them."""
    print("\nCall records:")
    for record in reversed(running.request("Calls.json")["calls"]):
        print(
            f"  {record['sid']}  {record['from']} → {record['to']}  {record['status']}  {record['duration']} s"
            f"  {record['start_time']}"
        )
    [recording] = running.request("Recordings.json")["recordings"]
    wav = running.request(f"Recordings/{recording['sid']}.wav")
    path = Path(tempfile.gettempdir()) / f"offhook-demo-{recording['sid']}.wav"
    path.write_bytes(wav)
    print(f"\nRecording: {path} ({recording['duration']} s, {len(wav)} bytes)")


def main() -> int:
    with contextlib.ExitStack() as cleanup:
        data_dir = Path(cleanup.enter_context(tempfile.TemporaryDirectory(prefix="offhook-demo-")))
        print("Starting the example application and the server on free ports …", flush=True)
        port = free_port()
        application = platform.start_application(port, log=data_dir / "application.log")
        cleanup.callback(application.stop)
        server, running = platform.start(data_dir, http="127.0.0.1:0", sip="127.0.0.1:0")
        cleanup.callback(server.stop)
        platform.add_numbers(running, f"http://127.0.0.1:{port}")
        call(data_dir, "1000", "--press", "1", "--expect", "time to build something")
        call(data_dir, "1001", "--say", "This is offhook speaking to itself.", "--press", "#", "--expect", "You said")
        show(running)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
