"""A trunk that registers: Kamailio, unmodified, as the carrier's registrar, and SIPp as somebody who calls our number there."""

from __future__ import annotations

from pathlib import Path

from tests.calls_e2e.application import Application
from tests.calls_e2e.peers import Program, free_port, missing, need, wait_for
from tests.calls_e2e.server import Server
from tests.calls_e2e.sipp import Sipp
from tests.support import audio
from tests.support.audio import sine

MODULES = ("/usr/lib/x86_64-linux-gnu/kamailio/modules", "/usr/lib/aarch64-linux-gnu/kamailio/modules")
CONFIG = """\
#!KAMAILIO
debug=2
log_stderror=yes
children=1
auto_aliases=no
dns=no
rev_dns=no
disable_tcp=yes
listen=udp:127.0.0.1:{port}
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


def registrar(folder: Path, port: int) -> Program:
    modules = next((path for path in MODULES if (Path(path) / "registrar.so").exists()), None)
    if modules is None:
        missing("Kamailio's modules are not installed; tools/system_packages.sh installs them")
    folder.mkdir()
    (folder / "kamailio.cfg").write_text(CONFIG.format(port=port, modules=modules))
    command = ("-DD", "-E", "-m", "32", "-M", "4", "-Y", folder, "-f", folder / "kamailio.cfg")
    return Program(need("kamailio"), *command, log=folder / "output.txt")


def test_calls_to_our_number_at_a_carrier_come_to_where_we_registered_and_no_more_after_we_left(tmp_path):
    port = free_port()
    carrier = registrar(tmp_path / "carrier", port)
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "offhook.toml").write_text(
        f'[calls]\nstrangers = false\n[[trunks]]\nname = "carrier"\ngateways = ["sip:127.0.0.1:{port}"]\nregister = true\n'
        'username = "us"\npassword = "secret-of-ours"\nfrom_domain = "carrier.test"\n'
    )
    try:
        with Application() as app, Server(tmp_path) as server:
            app.pages["/hello"] = "<Response><Play>/hello.wav</Play><Hangup/></Response>"
            app.pages["/hello.wav"] = audio.write_wav(tmp_path / "hello.wav", sine(600, 500)).read_bytes()
            server.add_number("+498912", app.url("/hello"))
            wait_for(lambda: state(server) == "registered", "the registration")
            called = Sipp(tmp_path / "in", "caller_listens", f"127.0.0.1:{port}", service="+498912", calls=2).run()
            assert (called.successful, called.failed) == (2, 0), called.errors
            assert {record["from"] for record in server.calls()} == {"caller"}
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
