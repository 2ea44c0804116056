"""``make run``: the server with demo numbers, and what to do next. Ctrl-C ends it; calls in progress may finish."""

from __future__ import annotations

import contextlib
import os
import secrets
from pathlib import Path

from examples import platform

DATA_DIR = Path(os.environ.get("OFFHOOK_DATA_DIR", "var")).resolve()
HTTP = os.environ.get("DEMO_HTTP", "127.0.0.1:8443")
SIP = os.environ.get("DEMO_SIP", "127.0.0.1:5060")
APPLICATION_PORT = int(os.environ.get("DEMO_APPLICATION_PORT", "5000"))

NEXT = """
offhook is ready. Nothing but this machine can reach it: API, SIP and applications are on loopback,
and requests to applications on loopback are allowed for this demo (OFFHOOK_EGRESS_ALLOW, OFFHOOK_SIP_TRUST).

  Call a number from a second terminal:
      .venv/bin/offhook call --data-dir {data} 1000 --press 1
{numbers}

  Point a SIP phone (baresip, Linphone, a desk phone on this machine) at it:
      server {sip}   user alice   password {alice}
      server {sip}   user bob     password {bob}
  and call 1000; 1003 calls alice.

  The API:  {api}/docs   (certificate authority: {ca})
      curl --cacert {ca} -u {account}:{token} \\
          {api}/2010-04-01/Accounts/{account}/Calls.json

  The application that answers these numbers is examples/menu.py; change it and call again.
  Log: {log}
"""


def main() -> int:
    DATA_DIR.mkdir(parents=True, exist_ok=True, mode=0o700)
    with contextlib.ExitStack() as cleanup:
        print("Starting the example application and the server …", flush=True)
        application = platform.start_application(APPLICATION_PORT, log=DATA_DIR / "application.log")
        cleanup.callback(application.stop)
        server, running = platform.start(DATA_DIR, http=HTTP, sip=SIP)
        cleanup.callback(server.stop)
        platform.add_numbers(running, f"http://127.0.0.1:{APPLICATION_PORT}")
        passwords = {login: secrets.token_urlsafe(9) for login in ("alice", "bob")}
        platform.add_clients(running, passwords)
        ready = running.ready
        numbers = "\n".join(f"      {number}  {title}" for number, (_, title) in platform.NUMBERS.items())
        print(
            NEXT.format(
                data=os.path.relpath(DATA_DIR),
                numbers=numbers,
                sip=ready["sip"]["udp"],
                api=ready["api"],
                ca=os.path.relpath(ready["ca_file"]),
                account=ready["account_sid"],
                token=ready["auth_token"],
                log=os.path.relpath(server.log),
                **passwords,
            ),
            flush=True,
        )
        with contextlib.suppress(KeyboardInterrupt):
            return server.wait()
        print("\nStopping …", flush=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
