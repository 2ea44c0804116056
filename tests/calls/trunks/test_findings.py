from __future__ import annotations

import ssl

import pytest

from offhook.calls.leg import LegEnded
from offhook.calls.trunks.findings import Finding, of_failed_connection, of_pong, of_refusal, report
from offhook.calls.trunks.probing import Pong


def untrusted() -> ssl.SSLCertVerificationError:
    error = ssl.SSLCertVerificationError(1, "certificate verify failed")
    error.verify_message = "self-signed certificate"
    return error


@pytest.mark.parametrize(
    ("pong", "fine", "text", "mend"),
    [
        (Pong(code=200), True, "200 OK", ""),
        (Pong(code=404), True, "404 Not Found", ""),
        (Pong(code=401), True, "only a call shows", ""),
        (Pong(code=503, retry_after=60), False, "left alone for 60 s", "overloaded"),
        (Pong(code=None, reason="it did not answer"), False, "it did not answer", "SipUrl"),
    ],
)
def test_what_an_options_shows(pong: Pong, fine: bool, text: str, mend: str) -> None:
    finding = of_pong(pong)
    assert finding.fine is fine
    assert text in finding.text
    assert mend in finding.mend


@pytest.mark.parametrize(
    ("ended", "fine", "text", "mend"),
    [
        (LegEnded(by_far_end=True, sip_code=401), False, "401 Unauthorized", "Username and Password"),
        (LegEnded(by_far_end=True, sip_code=403), False, "403 Forbidden", "FromUser"),
        (LegEnded(by_far_end=True, sip_code=404), False, "404 Not Found", "OutboundCalled"),
        (LegEnded(by_far_end=True, sip_code=488), False, "488", "Codecs"),
        (LegEnded(by_far_end=True, sip_code=503), False, "503", "another gateway"),
        (LegEnded(by_far_end=True, sip_code=410), False, "410", "ask the carrier"),
        (LegEnded(by_far_end=True, sip_code=486), True, "the trunk works", ""),
        (LegEnded(by_far_end=True, sip_code=408, silent=True, reason="silence"), False, "silence", "ResponseTimeout"),
        (LegEnded(by_far_end=False, reason="no codec in common"), False, "no codec", "Codecs"),
    ],
)
def test_what_a_call_that_does_not_come_about_shows(ended: LegEnded, fine: bool, text: str, mend: str) -> None:
    finding = of_refusal(ended)
    assert finding.fine is fine
    assert text in finding.text
    assert mend in finding.mend
    assert bool(finding.mend) is not fine


@pytest.mark.parametrize(
    ("error", "text", "mend"),
    [
        (ConnectionRefusedError(), "refuses connections", "port and transport"),
        (TimeoutError(), "does not answer", "port and transport"),
        (untrusted(), "is not trusted: self-signed certificate", "OFFHOOK_SIP_TLS_CA"),
        (OSError("no route to host"), "no route to host", "port and transport"),
    ],
)
def test_why_no_connection_comes_about(error: OSError, text: str, mend: str) -> None:
    finding = of_failed_connection(error, "192.0.2.1:5061")
    assert text in finding.text
    assert mend in finding.mend


def test_a_report_has_a_line_for_each_look_and_one_for_each_remedy() -> None:
    findings = [
        Finding(subject="name", fine=True, text="leads to 192.0.2.1:5060"),
        Finding(subject="OPTIONS", fine=False, text="it cannot be reached", mend="SipUrl"),
    ]
    assert report(findings).splitlines() == [
        "ok    name       leads to 192.0.2.1:5060",
        "FAIL  OPTIONS    it cannot be reached",
        "                 → SipUrl",
    ]
