from __future__ import annotations

import pytest

from offhook.sip.capture.masking import masked
from tests.sip.capture.messages import SDP, request


@pytest.mark.parametrize(
    ("data", "secret"),
    [
        (
            request("INVITE", Authorization='Digest username="ann", realm="x", nonce="n", response="6629fae49393a"'),
            b"6629fae49393a",
        ),
        (request("INVITE", Proxy_Authorization="Digest username=ann,response=6629fae49393a,uri=x"), b"6629fae49393a"),
        (request("INVITE", AUTHORIZATION="Basic YW5uOnNlY3JldA=="), b"YW5uOnNlY3JldA"),
        (b'INVITE sip:x SIP/2.0\r\nAuthorization: Digest username="a",\r\n response="6629fae4"\r\n\r\n', b"6629fae4"),
        (request("REGISTER", Authentication_Info='qop=auth, rspauth="6629fae4", nc=00000001'), b"6629fae4"),
        (request("INVITE", body=SDP + "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:WVNfX19z|2^20|1:4\r\n"), b"WVNfX19z"),
        (request("INVITE", body=SDP + "k=base64:c2VjcmV0\r\n"), b"c2VjcmV0"),
        (b"INVITE sip:ann:pa55word@x SIP/2.0\r\n\r\n", b"pa55word"),
        (b"INFO sip:x SIP/2.0\r\nContent-Type: application/dtmf-relay\r\n\r\nSignal=7\r\nDuration=160\r\n", b"=7"),
        (b"INFO sip:x SIP/2.0\r\nContent-Type: application/dtmf\r\nContent-Length: 1\r\n\r\n7", b"\r\n\r\n7"),
    ],
)
def test_a_secret_becomes_stars_and_the_length_stays(data: bytes, secret: bytes) -> None:
    shown = masked(data)
    assert secret in data
    assert secret not in shown
    assert len(shown) == len(data)
    assert b"*" in shown


def test_what_is_no_secret_stays_as_it_is() -> None:
    header = 'Digest username="ann", realm="x", nonce="abc", uri="sip:1000@x", response="6629", qop=auth, cnonce="c"'
    shown = masked(request("INVITE", body=SDP, Authorization=header))
    assert shown == request("INVITE", body=SDP, Authorization=header.replace("6629", "****"))
    plain = request("INVITE", body=SDP)
    assert masked(plain) == plain
    assert masked(b"") == b""
