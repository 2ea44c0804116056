"""Kamailio, unmodified, as the proxy that stands between us and somebody else: a carrier that asks for credentials, or an edge.

A call for ``u5070`` or ``t5070`` goes to ``phone`` at that port of loopback, over UDP or TCP; a call for a registered phone goes along the
Path that the proxy put into its REGISTER; anything else goes to the server under test.
"""

from __future__ import annotations

import socket
from pathlib import Path
from types import TracebackType
from typing import Self

from offhook.security.certificates import Certificate
from tests.calls_e2e.peers import Program, free_sip_port, missing, need, wait_for

MODULES = ("/usr/lib/x86_64-linux-gnu/kamailio/modules", "/usr/lib/aarch64-linux-gnu/kamailio/modules")
REALM = "carrier.test"
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
listen=tcp:127.0.0.1:{port}
{secure}
mpath="{modules}"
loadmodule "tm.so"
loadmodule "sl.so"
loadmodule "rr.so"
loadmodule "path.so"
modparam("path", "use_received", 1)
loadmodule "pv.so"
loadmodule "maxfwd.so"
loadmodule "siputils.so"
loadmodule "textops.so"
loadmodule "auth.so"
{secure_module}

request_route {{
    if (!mf_process_maxfwd_header("10")) {{
        sl_send_reply("483", "Too Many Hops");
        exit;
    }}
    if (is_method("CANCEL")) {{
        if (t_check_trans()) {{ t_relay(); }}
        exit;
    }}
    if (has_totag()) {{
        if (loose_route()) {{ t_relay(); exit; }}
        if (is_method("ACK") && t_check_trans()) {{ t_relay(); exit; }}
        if (!is_method("ACK")) {{ sl_send_reply("481", "No Such Dialog"); }}
        exit;
    }}
    t_check_trans();
    if (is_method("INVITE|REGISTER")) {{
        if ($proto != "udp") {{ force_tcp_alias(); }}
        if (is_present_hf("Route")) {{ loose_route(); }}
        if (is_method("INVITE")) {{ record_route(); }}
        else {{ add_path_received(); }}
        if ($du != $null) {{
            # To a phone, by the Path of its registration.
            t_relay();
            exit;
        }}
        if ($rU =~ "^[ut][0-9]+$") {{
            {ask}
            if ($rU =~ "^t") {{ $du = "sip:127.0.0.1:" + $(rU{{s.substr,1,0}}) + ";transport=tcp"; }}
            else {{ $du = "sip:127.0.0.1:" + $(rU{{s.substr,1,0}}); }}
            $rU = "phone";
        }} else if ($rp == $Rp || $rp == {server_port} || $rp == {secure_port}) {{
            $du = {way};
        }}
        t_relay();
        exit;
    }}
    sl_send_reply("200", "OK");
}}
"""
SECURE = "enable_tls=yes\nlisten=tls:127.0.0.1:{port}"
SECURE_MODULE = """\
loadmodule "tls.so"
modparam("tls", "tls_method", "TLSv1.2+")
modparam("tls", "certificate", "{cert}")
modparam("tls", "private_key", "{key}")
modparam("tls", "ca_list", "{ca}")
modparam("tls", "verify_certificate", 1)
modparam("tls", "require_certificate", 0)"""
ASK = """\
if (!pv_proxy_authenticate("{realm}", "{password}", "0")) {{
                auth_challenge("{realm}", "1");
                exit;
            }}
            consume_credentials();"""


class Kamailio:
    """One proxy on UDP and TCP of one port; an INVITE on its way to a port needs ``password`` where one is given."""

    def __init__(
        self,
        folder: Path,
        *,
        server: str,
        password: str = "",
        secure_server: str = "",
        certificate: Certificate | None = None,
    ) -> None:
        """``server``: HOST:PORT of the server under test, ``secure_server`` that of its TLS, which is then the way there.

        With a ``certificate`` the proxy speaks TLS on the port after its own.
        """
        folder.mkdir(parents=True)
        self.folder = folder
        self.port = free_sip_port()
        ask = ASK.format(realm=REALM, password=password) if password else ""
        secure = secure_module = ""
        if certificate is not None:
            secure, secure_module = secured(self.port + 1, certificate)
        config = CONFIG.format(
            port=self.port,
            modules=_modules(),
            way=f'"sip:{secure_server};transport=tls"' if secure_server else f'"sip:{server};transport=" + $proto',
            ask=ask,
            server_port=server.rpartition(":")[2],
            secure_port=secure_server.rpartition(":")[2] or server.rpartition(":")[2],
            secure=secure,
            secure_module=secure_module,
        )
        (folder / "kamailio.cfg").write_text(config)
        self._program: Program | None = None

    @property
    def address(self) -> str:
        """HOST:PORT."""
        return f"127.0.0.1:{self.port}"

    @property
    def secure_address(self) -> str:
        """HOST:PORT of TLS."""
        return f"127.0.0.1:{self.port + 1}"

    def __enter__(self) -> Self:
        self._program = Program(
            need("kamailio"),
            *("-DD", "-E", "-m", "32", "-M", "4", "-Y", self.folder, "-f", self.folder / "kamailio.cfg"),
            log=self.folder / "output.txt",
        )
        try:
            wait_for(self._listens, "Kamailio listening")
        except AssertionError:
            output = self._program.output()
            self.__exit__(None, None, None)
            raise AssertionError(f"Kamailio did not start:\n{output[-3000:]}") from None
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._program is not None:
            self._program.stop(5)

    def _listens(self) -> bool:
        assert self._program is not None
        if not self._program.running:
            raise AssertionError
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as us:
            us.settimeout(0.2)
            us.connect(("127.0.0.1", self.port))
            try:
                us.send(
                    b"OPTIONS sip:x SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1;rport;branch=z9hG4bK1\r\nFrom: <sip:x>;tag=1\r\n"
                    b"To: <sip:x>\r\nCall-ID: 1\r\nCSeq: 1 OPTIONS\r\nMax-Forwards: 9\r\nContent-Length: 0\r\n\r\n"
                )
                return us.recv(2000).startswith(b"SIP/2.0 200")
            except OSError:
                return False


def secured(port: int, certificate: Certificate) -> tuple[str, str]:
    """What makes a configuration speak TLS at ``port``: its listener, and its module."""
    files = {"cert": certificate.cert_file, "key": certificate.key_file, "ca": certificate.ca_file}
    return SECURE.format(port=port), SECURE_MODULE.format(**files)


def _modules() -> str:
    for folder in MODULES:
        if (Path(folder) / "auth.so").exists():
            return folder
    return missing("Kamailio's modules are not installed; tools/system_packages.sh installs them")
