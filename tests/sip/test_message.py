"""SIP messages: reading, typed values, responses, writing."""

from __future__ import annotations

import pytest

from offhook.sip.errors import LocalProtocolError, RemoteProtocolError
from offhook.sip.message import MAX_BODY, MAX_HEAD, CSeq, Request, Response, check, parse
from offhook.sip.uri import Uri

SDP = b"v=0\r\no=- 1 1 IN IP4 192.0.2.4\r\ns=-\r\nc=IN IP4 192.0.2.4\r\nt=0 0\r\nm=audio 6000 RTP/AVP 0\r\n"


def message(start: str, *lines: str, body: bytes = b"") -> bytes:
    return "\r\n".join([start, *lines, "", ""]).encode() + body


def invite(*more: str, body: bytes = SDP) -> bytes:
    return message(
        "INVITE sip:1000@192.0.2.1 SIP/2.0",
        "Via: SIP/2.0/UDP 192.0.2.4:5080;branch=z9hG4bK-1;rport",
        "Via: SIP/2.0/TCP proxy.example.org;branch=z9hG4bK-0",
        'From: "Alice \\"A\\" Example" <sip:alice@example.org>;tag=a1',
        "To: <sip:1000@192.0.2.1>",
        "Call-ID: c1@192.0.2.4",
        "CSeq: 7 INVITE",
        "Contact: <sip:alice@192.0.2.4:5080;transport=udp>",
        "Record-Route: <sip:p2.example.org;lr>, <sip:p1.example.org;lr>",
        "Max-Forwards: 70",
        "Content-Type: application/sdp",
        f"Content-Length: {len(body)}",
        *more,
        body=body,
    )


def request_of(data: bytes) -> Request:
    parsed = parse(data)
    assert isinstance(parsed, Request)
    return parsed


def test_an_invite_shows_its_typed_values() -> None:
    request = request_of(invite("X-Account: 42", "x-note: hello, world"))
    check(request)
    assert request.method == "INVITE"
    assert request.target == Uri(user="1000", host="192.0.2.1")
    assert (request.via.host, request.via.port, request.via.branch) == ("192.0.2.4", 5080, "z9hG4bK-1")
    assert [via.transport for via in request.vias] == ["UDP", "TCP"]
    assert request.from_.display_name == 'Alice "A" Example'
    assert (request.from_tag, request.to_tag) == ("a1", "")
    assert request.call_id == "c1@192.0.2.4"
    assert request.cseq == CSeq(7, "INVITE")
    assert request.contact is not None
    assert request.contact.uri.transport == "udp"
    assert [route.uri.host for route in request.record_routes] == ["p2.example.org", "p1.example.org"]
    assert request.max_forwards == 70
    assert request.content_type == "application/sdp"
    assert request.sdp == SDP
    assert request.extension_headers() == {"X-Account": "42", "x-note": "hello, world"}


def test_compact_folded_and_oddly_spelt_headers_are_understood() -> None:
    request = request_of(
        message(
            "OPTIONS sip:h SIP/2.0",
            "v:SIP / 2.0 / UDP h.example ;branch = z9hG4bKx",
            "fRoM  : <sip:a@b>",
            "  ;tag=1",
            "t:",
            "\t<sip:c@d>",
            "i: x",
            "cseq: 0009",
            "  OPTIONS",
            "k: timer, 100rel",
            "Supported: PATH",
        )
    )
    check(request)
    assert request.via.branch == "z9hG4bKx"
    assert request.from_tag == "1"
    assert request.to.uri.host == "d"
    assert request.cseq.number == 9
    assert request.supported == ["timer", "100rel", "path"]


def test_header_lines_that_nobody_touches_leave_byte_for_byte() -> None:
    odd = b"X-Odd  :\t a  \xff\xfe ,,;\r\n   folded"
    data = invite().replace(b"Max-Forwards: 70", odd)
    sent = bytes(request_of(data))
    assert odd in sent
    assert parse(sent).get("x-odd") == "a  \udcff\udcfe ,,; folded"


def test_content_length_is_always_right_whatever_came() -> None:
    request = request_of(invite(body=b""))
    request.body = b"12345"
    assert bytes(request).count(b"Content-Length") == 1
    assert bytes(request).endswith(b"Content-Length: 5\r\n\r\n12345")


def test_a_datagram_may_lack_content_length_or_carry_more_than_it_says() -> None:
    without = message("OPTIONS sip:h SIP/2.0", "Via: SIP/2.0/UDP h", body=b"all of it")
    assert parse(without).body == b"all of it"
    more = message("OPTIONS sip:h SIP/2.0", "l: 3", body=b"abcdef")
    assert parse(more).body == b"abc"


def test_a_stream_message_with_a_body_needs_content_length() -> None:
    with pytest.raises(RemoteProtocolError, match="Content-Length"):
        parse(message("OPTIONS sip:h SIP/2.0", "Via: SIP/2.0/TCP h", body=b"x"), stream=True)


@pytest.mark.parametrize("length", ["9999", "-1", "1e3", "\u0661", ""])
def test_a_wrong_content_length_is_a_defect_that_can_be_answered(length: str) -> None:
    request = request_of(invite(body=b"").replace(b"Content-Length: 0", f"Content-Length: {length}".encode()))
    with pytest.raises(RemoteProtocolError) as caught:
        check(request)
    assert caught.value.status_hint == 400
    assert bytes(request.response(400)).startswith(
        b"SIP/2.0 400 Bad Request\r\nVia: SIP/2.0/UDP 192.0.2.4:5080;branch=z9hG4bK-1"
    )


def test_two_content_lengths_are_refused() -> None:
    with pytest.raises(RemoteProtocolError):
        check(parse(invite("Content-Length: 5")))


@pytest.mark.parametrize(
    ("start", "status"),
    [
        ("INVITE sip:1000@192.0.2.1 SIP/7.0", 505),
        ("INVITE  sip:1000@192.0.2.1 SIP/2.0", 400),
        ("INVITE sip:1000@192.0.2.1 SIP/2.0 ", 400),
        ("INVITE <sip:1000@192.0.2.1> SIP/2.0", 400),
        ("INVITE sip:1000@192.0.2.1?Route=%3Csip:x%3E SIP/2.0", 400),
        ("INVITE mailto:1000@192.0.2.1 SIP/2.0", 416),
        ("INVITE sip:" + "1" * 5000 + "@h SIP/2.0", 414),
    ],
)
def test_a_start_line_that_is_wrong_can_still_be_refused_politely(start: str, status: int) -> None:
    request = request_of(invite().replace(b"INVITE sip:1000@192.0.2.1 SIP/2.0", start.encode()))
    assert request.method == "INVITE"
    with pytest.raises(RemoteProtocolError) as caught:
        check(request)
    assert caught.value.status_hint == status


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\r\n\r\n",
        b"\0" * 50,
        b"HELLO\r\n\r\n",
        b"INVITE sip:h SIP/2.0",
        b"INVITE sip:h SIP/2.0\r\nno colon\r\n\r\n",
        b"INVITE sip:h SIP/2.0\r\n folded first\r\n\r\n",
        b"INVITE sip:h SIP/2.0\r\n: empty\r\n\r\n",
        b"INVITE sip:h SIP/2.0\r\nB\xc3\xa4d: name\r\n\r\n",
        b"INVITE sip:h SIP/2.0\r\nX: a\nVia: injected\r\n\r\n",
        b"INVITE sip:h SIP/2.0\r\nX: a\rVia: injected\r\n\r\n",
        b"SIP/2.0 20 OK\r\n\r\n",
        b"SIP/2.0 700 OK\r\n\r\n",
        b"SIP/2.0 4294967301 better not\r\n\r\n",
    ],
)
def test_what_cannot_be_read_raises_the_one_error(data: bytes) -> None:
    with pytest.raises(RemoteProtocolError):
        parse(data)


def test_too_much_is_refused_not_read() -> None:
    with pytest.raises(RemoteProtocolError) as caught:
        parse(b"OPTIONS sip:h SIP/2.0\r\nX: " + b"a" * MAX_HEAD + b"\r\n\r\n")
    assert caught.value.status_hint == 513
    with pytest.raises(RemoteProtocolError):
        parse(b"OPTIONS sip:h SIP/2.0\r\n" + b"X: a\r\n" * 1001 + b"\r\n")
    with pytest.raises(RemoteProtocolError) as caught:
        check(parse(invite(body=b"x" * (MAX_BODY + 1))))
    assert caught.value.status_hint == 513


@pytest.mark.parametrize("name", ["From", "To", "Call-ID", "CSeq", "Via"])
def test_a_request_without_what_every_request_needs_is_refused(name: str) -> None:
    lines = invite(body=b"").split(b"\r\n")
    data = b"\r\n".join(line for line in lines if not line.startswith(name.encode() + b":"))
    with pytest.raises(RemoteProtocolError, match=name.lower()):
        check(parse(data))


def test_the_methods_of_cseq_and_request_must_agree() -> None:
    with pytest.raises(RemoteProtocolError):
        check(parse(invite().replace(b"7 INVITE", b"7 OPTIONS")))


@pytest.mark.parametrize("number", ["4294967296", "2147483648", "99999999999999999999999", "x", "-1"])
def test_a_cseq_out_of_range_is_refused(number: str) -> None:
    with pytest.raises(RemoteProtocolError):
        check(parse(invite().replace(b"CSeq: 7", f"CSeq: {number}".encode())))


def test_a_response_copies_what_identifies_the_request_and_tags_to() -> None:
    response = request_of(invite()).response(180, to_tag="t9", headers=[("Contact", "<sip:us@h>")])
    assert bytes(response).split(b"\r\n") == [
        b"SIP/2.0 180 Ringing",
        b"Via: SIP/2.0/UDP 192.0.2.4:5080;branch=z9hG4bK-1;rport",
        b"Via: SIP/2.0/TCP proxy.example.org;branch=z9hG4bK-0",
        b'From: "Alice \\"A\\" Example" <sip:alice@example.org>;tag=a1',
        b"To: <sip:1000@192.0.2.1>;tag=t9",
        b"Call-ID: c1@192.0.2.4",
        b"CSeq: 7 INVITE",
        b"Record-Route: <sip:p2.example.org;lr>, <sip:p1.example.org;lr>",
        b"Contact: <sip:us@h>",
        b"Content-Length: 0",
        b"",
        b"",
    ]


def test_only_responses_that_make_a_dialog_repeat_the_route() -> None:
    request = request_of(invite())
    assert "Record-Route" not in request.response(100)
    assert "Record-Route" in request.response(200)
    assert "Record-Route" not in request.response(486)


def test_100_has_no_tag_and_repeats_the_timestamp() -> None:
    response = request_of(invite("Timestamp: 54.0")).response(100, to_tag="t9")
    assert response.to_tag == ""
    assert response.get("timestamp") == "54.0"


def test_a_tag_that_is_there_stays() -> None:
    request = request_of(invite().replace(b"To: <sip:1000@192.0.2.1>", b"To: <sip:1000@192.0.2.1>;tag=old"))
    assert request.response(200, to_tag="new").to_tag == "old"


def test_replacing_the_top_via_keeps_the_others_of_its_line() -> None:
    request = request_of(
        message(
            "OPTIONS sip:h SIP/2.0", "Via: SIP/2.0/UDP a;branch=z9hG4bK1;rport, SIP/2.0/UDP b", "Via: SIP/2.0/UDP c"
        )
    )
    request.replace_top_via(request.via.received_from("192.0.2.9", 7000))
    assert [via.host for via in request.vias] == ["a", "b", "c"]
    assert request.via.parameters == {"branch": "z9hG4bK1", "rport": "7000", "received": "192.0.2.9"}


def test_changing_a_header_changes_its_typed_value() -> None:
    request = request_of(invite())
    assert request.cseq.number == 7
    request.replace_first("CSeq", CSeq(8, "INVITE"))
    assert request.cseq.number == 8
    request.remove("CSeq")
    with pytest.raises(RemoteProtocolError):
        _ = request.cseq


def test_a_built_request_reads_back_as_it_was_meant() -> None:
    request = Request.build(
        "BYE",
        "sip:alice@192.0.2.4:5080",
        [("Via", "SIP/2.0/UDP us;branch=z9hG4bK2"), ("From", "<sip:a@b>;tag=1"), ("To", "<sip:c@d>;tag=2"),
         ("Call-ID", "c1"), ("CSeq", CSeq(2, "BYE")), ("Reason", 'Q.850;cause=16;text="Normal; really"')],
    )  # fmt: skip
    back = request_of(bytes(request))
    check(back)
    assert (back.method, back.uri, back.cseq) == ("BYE", "sip:alice@192.0.2.4:5080", CSeq(2, "BYE"))
    assert [(reason.protocol, reason.cause, reason.text) for reason in back.reasons] == [
        ("Q.850", 16, "Normal; really")
    ]


@pytest.mark.parametrize("value", ["a\r\nVia: injected", "a\nb", "a\rb", "a\0b"])
def test_nothing_of_ours_can_inject_a_header(value: str) -> None:
    with pytest.raises(LocalProtocolError):
        Request.build("INVITE", "sip:h", [("X-Note", value)])
    with pytest.raises(LocalProtocolError):
        request_of(invite()).response(200, headers=[("X-Note", value)])
    with pytest.raises(LocalProtocolError):
        request_of(invite()).response(200, value)
    with pytest.raises(LocalProtocolError):
        Request.build("INVITE", f"sip:{value}", [])
    with pytest.raises(LocalProtocolError):
        Request.build("INVITE", "sip:h", [(f"X{value}", "1")])


def test_a_wildcard_contact_is_recognised() -> None:
    contacts = parse(message("REGISTER sip:h SIP/2.0", "m: *")).contacts
    assert [contact.uri.scheme for contact in contacts] == ["*"]


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("60", 60), ("0", 0), ("soon", None), ("-1", None), ("99999999999999", 0xFFFFFFFF), ("", None)],
)
def test_an_unreadable_expires_counts_as_none(text: str, seconds: int | None) -> None:
    assert parse(message("REGISTER sip:h SIP/2.0", f"Expires: {text}")).expires == seconds


def test_the_session_description_is_found_in_a_multipart_body() -> None:
    body = (
        b"--b1\r\nContent-Type: text/plain\r\n\r\nhi\r\n--b1\r\nContent-Type: Application/SDP\r\n\r\n"
        + SDP
        + b"\r\n--b1--\r\n"
    )
    data = message("INVITE sip:h SIP/2.0", 'Content-Type: multipart/mixed;boundary="b1"', body=body)
    assert parse(data).sdp == SDP
    assert parse(data.replace(b"Application/SDP", b"application/pdf")).sdp is None
    assert parse(invite().replace(b"application/sdp", b"text/plain")).sdp is None


def test_a_response_reads_back() -> None:
    response = parse(b"SIP/2.0 183 \xc3\x9cber alles\r\nCSeq: 1 INVITE\r\n\r\n")
    assert isinstance(response, Response)
    assert (response.status, response.reason) == (183, "Über alles")
    odd = parse(b"SIP/2.0 200 O\0K\xff\r\nCSeq: 1 INVITE\r\n\r\n")
    assert isinstance(odd, Response)
    assert odd.reason == "O\ufffdK\ufffd"
    bare = parse(b"SIP/2.0 100\r\nCSeq: 1 INVITE\r\n\r\n")
    assert isinstance(bare, Response)
    assert (bare.status, bare.reason) == (100, "")
