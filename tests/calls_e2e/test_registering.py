"""A trunk that registers: Kamailio, unmodified, as the carrier's registrar, and SIPp as somebody who calls our number there."""

from __future__ import annotations

from pathlib import Path

import pytest

from offhook.security.certificates import Certificate
from tests.calls_e2e.application import Application
from tests.calls_e2e.kamailio import secured
from tests.calls_e2e.peers import Program, free_sip_port, missing, need, wait_for
from tests.calls_e2e.server import Server
from tests.calls_e2e.sipp import Sipp
from tests.support import audio
from tests.support.audio import sine
from tests.support.certificates import certificate

MODULES = ("/usr/lib/x86_64-linux-gnu/kamailio/modules", "/usr/lib/aarch64-linux-gnu/kamailio/modules")
CONFIG = """\
#!KAMAILIO
debug=2
log_stderror=yes
children=1
tcp_children=1
auto_aliases=no
dns=no
rev_dns=no
listen=udp:127.0.0.1:{port}
{secure}
mpath="{modules}"
loadmodule "tm.so"
loadmodule "sl.so"
loadmodule "rr.so"
loadmodule "pv.so"
loadmodule "usrloc.so"
loadmodule "registrar.so"
loadmodule "siputils.so"
loadmodule "textops.so"
loadmodule "auth.so"
modparam("usrloc", "db_mode", 0)
{secure_module}

request_route {{
    if (is_method("CANCEL")) {{
        if (t_check_trans()) {{ t_relay(); }}
        exit;
    }}
    if (has_totag()) {{
        if (loose_route()) {{ t_relay(); exit; }}
        if (is_method("ACK") && t_check_trans()) {{ t_relay(); }}
        exit;
    }}
    t_check_trans();
    if (is_method("REGISTER")) {{
        if (!pv_www_authenticate("carrier.test", "secret-of-ours", "0")) {{
            www_challenge("carrier.test", "1");
            exit;
        }}
        save("location");
        exit;
    }}
    if (is_method("INVITE")) {{
        # Our number at the carrier is in To; the Request-URI is the contact that we registered.
        $rU = "us";
        if (!lookup("location")) {{
            sl_send_reply("404", "Not Found");
            exit;
        }}
        record_route();
        t_relay();
        exit;
    }}
    sl_send_reply("200", "OK");
}}
"""


def registrar(folder: Path, port: int, certificate: Certificate | None = None) -> Program:
    """With a ``certificate`` it speaks TLS on the port after ``port``."""
    modules = next((path for path in MODULES if (Path(path) / "registrar.so").exists()), None)
    if modules is None:
        missing("Kamailio's modules are not installed; tools/system_packages.sh installs them")
    folder.mkdir()
    secure, secure_module = ("", "") if certificate is None else secured(port + 1, certificate)
    config = CONFIG.format(port=port, modules=modules, secure=secure, secure_module=secure_module)
    (folder / "kamailio.cfg").write_text(config)
    command = ("-DD", "-E", "-m", "32", "-M", "4", "-Y", folder, "-f", folder / "kamailio.cfg")
    return Program(need("kamailio"), *command, log=folder / "output.txt")


@pytest.mark.parametrize("transport", ["udp", "tls"])
def test_calls_to_our_number_at_a_carrier_come_to_where_we_registered_and_no_more_after_we_left(tmp_path, transport):
    port, made = free_sip_port(), certificate(tmp_path / "certificate")
    carrier = registrar(tmp_path / "carrier", port, made if transport == "tls" else None)
    gateway = f"sip:127.0.0.1:{port}" if transport == "udp" else f"sip:127.0.0.1:{port + 1};transport=tls"
    settings = {"sip_listen_tls": "127.0.0.1:0", "sip_tls_ca": str(made.ca_file)}
    settings |= {"sip_tls_cert": str(made.cert_file), "sip_tls_key": str(made.key_file)}
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "offhook.toml").write_text(
        f'[calls]\nstrangers = false\n[[trunks]]\nname = "carrier"\ngateways = ["{gateway}"]\nregister = true\n'
        'username = "us"\npassword = "secret-of-ours"\nfrom_domain = "carrier.test"\n'
    )
    try:
        with Application() as app, Server(tmp_path, **settings) as server:
            app.pages["/hello"] = "<Response><Play>/hello.wav</Play><Hangup/></Response>"
            app.pages["/hello.wav"] = audio.write_wav(tmp_path / "hello.wav", sine(600, 500)).read_bytes()
            server.add_number("+498912", app.url("/hello"))
            wait_for(lambda: state(server) == "registered", "the registration")
            called = Sipp(tmp_path / "in", "caller_listens", f"127.0.0.1:{port}", service="+498912", calls=2).run()
            assert (called.successful, called.failed) == (2, 0), called.errors
            records = server.calls()
            assert {(record["from"], record["trunk_sid"]) for record in records} == {("caller", "config:carrier")}
            ladder = server.request(f"Calls/{records[0]['sid']}/Signalling.json")["sip_messages"]
            assert {message["transport"] for message in ladder} == {transport}
            stranger = Sipp(tmp_path / "out", "caller_is_refused", server.sip(), service="+498912", calls=1).run()
            assert stranger.successful == 0, "a stranger was let in"
            server.stop()
            left = Sipp(tmp_path / "left", "caller_is_refused", f"127.0.0.1:{port}", service="+498912", calls=1).run()
            assert (left.successful, left.failed) == (1, 0), left.errors
    finally:
        carrier.stop(5)


def state(server: Server) -> str:
    (one,) = server.request("TrunkStates.json")["trunk_states"]
    return str(one["registration"])
