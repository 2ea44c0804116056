"""The messages of RFC 5118 (SIP with IPv6), written anew from what each section says about its own."""

from __future__ import annotations


def _message(start: str, *headers: str, body: str = "", to: str = "sip:callee@example.com", method: str = "") -> bytes:
    method = method or start.split(maxsplit=1)[0]
    lines = [
        f"{start} SIP/2.0",
        *(headers or ("Via: SIP/2.0/UDP [2001:db8::9:1];branch=z9hG4bKtorture",)),
        "Max-Forwards: 70",
        f"To: {to}",
        "From: sip:caller@example.com;tag=torture",
        "Call-ID: torture@example.com",
        f"CSeq: 17 {method}",
        *(("Content-Type: application/sdp",) if body else ()),
        f"Content-Length: {len(body)}",
    ]
    return ("\r\n".join(lines) + "\r\n\r\n" + body).encode()


def _description(*lines: str) -> str:
    return "\r\n".join(lines) + "\r\n"


_VIA = "Via: SIP/2.0/UDP [2001:db8::9:1];branch=z9hG4bKtorture"
_CONTACT = 'Contact: "Caller" <sip:caller@[2001:db8::1]>'
_INVITE = "INVITE sip:callee@[2001:db8::20]"

MESSAGES: dict[str, bytes] = {
    # §4.1: an address in brackets as Request-URI, in Via and in Contact
    "ipv6-good": _message("REGISTER sip:[2001:db8::10]", _VIA, _CONTACT),
    # §4.2: the same without brackets in the Request-URI
    "ipv6-bad": _message("REGISTER sip:2001:db8::10", _VIA, _CONTACT),
    # §4.3: what was meant as a port stands within the brackets
    "port-ambiguous": _message("REGISTER sip:[2001:db8::10:5070]", _VIA, _CONTACT),
    # §4.4: a port after the brackets
    "port-unambiguous": _message("REGISTER sip:[2001:db8::10]:5070", _VIA, _CONTACT),
    # §4.5: ``received`` with brackets, as many write it, and without, as the grammar has it
    "via-received-param-with-delim": _message(
        "OPTIONS sip:[2001:db8::10]", "Via: SIP/2.0/UDP [2001:db8::9:1];received=[2001:db8::9:255];branch=z9hG4bKtorture"
    ),
    "via-received-param-no-delim": _message(
        "OPTIONS sip:[2001:db8::10]", "Via: SIP/2.0/UDP [2001:db8::9:1];received=2001:db8::9:255;branch=z9hG4bKtorture"
    ),
    # §4.6: IPv6 in the session description
    "ipv6-in-sdp": _message(
        _INVITE, _VIA, _CONTACT,
        body=_description(
            "v=0", "o=assistant 9717 0 IN IP6 2001:db8::20", "s=-", "c=IN IP6 2001:db8::20", "t=0 0",
            "m=audio 6000 RTP/AVP 0", "a=rtpmap:0 PCMU/8000", "m=video 6024 RTP/AVP 107", "a=rtpmap:107 H263-1998/90000",
        ),
    ),
    # §4.7: both families in one list of Via, a port and ``received`` among them
    "mult-ip-in-header": _message(
        "BYE sip:callee@host.example.net",
        "Via: SIP/2.0/UDP [2001:db8::9:1]:6050;branch=z9hG4bKtorture",
        "Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKsecond",
        "Via: SIP/2.0/TCP [2001:db8::9:255];branch=z9hG4bKthird;received=192.0.2.200",
        to="sip:callee@example.com;tag=theirs",
    ),
    # §4.8: a stream over each family
    "mult-ip-in-sdp": _message(
        _INVITE, _VIA, _CONTACT,
        body=_description(
            "v=0", "o=bob 2808 2808 IN IP4 host.example.com", "s=-", "t=0 0", "m=audio 22334 RTP/AVP 0", "c=IN IP4 192.0.2.1",
            "m=video 6024 RTP/AVP 107", "c=IN IP6 2001:db8::1", "a=rtpmap:107 H263-1998/90000",
        ),
    ),
    # §4.9: IPv4 addresses mapped into IPv6, in headers and session description
    "ipv4-mapped-ipv6": _message(
        "INVITE sip:callee@example.com",
        "Via: SIP/2.0/UDP [::ffff:192.0.2.10]:19823;branch=z9hG4bKtorture",
        "Via: SIP/2.0/UDP [::ffff:192.0.2.2];branch=z9hG4bKsecond",
        'Contact: "T. desk phone" <sip:ted@[::ffff:192.0.2.2]>',
        body=_description(
            "v=0", "o=assistant 9717 0 IN IP6 ::ffff:192.0.2.2", "s=-", "c=IN IP6 ::ffff:192.0.2.2", "t=0 0",
            "m=audio 6000 RTP/AVP 0", "a=rtpmap:0 PCMU/8000",
        ),
    ),
    # §4.10: what the grammar of RFC 3261 allows by mistake, and the same as it was meant
    "ipv6-bug-abnf-3-colons": _message(
        "OPTIONS sip:user@[2001:db8:::192.0.2.1]", "Via: SIP/2.0/UDP lab.example.com;branch=z9hG4bKtorture",
        to="sip:user@[2001:db8:::192.0.2.1]",
    ),
    "ipv6-correct-abnf-2-colons": _message(
        "OPTIONS sip:user@[2001:db8::192.0.2.1]", "Via: SIP/2.0/UDP lab.example.com;branch=z9hG4bKtorture",
        to="sip:user@[2001:db8::192.0.2.1]",
    ),
}  # fmt: skip
