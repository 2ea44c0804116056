from __future__ import annotations

from dataclasses import replace

from offhook.calls.events import CallCreated
from offhook.vocabulary.sids import CallSid
from tests.sip.capture.messages import CALLER, SDP, request, response
from tests.support.api_node import RESTCOMM, TWILIO, ApiNode, make_call
from tests.support.databases import STRANGER

DIGEST = 'Digest username="ann", response="6629fae49393a"'


def signalled(node: ApiNode) -> str:
    """A call with an INVITE and its refusal."""
    sid = make_call(node)

    async def exchange() -> None:
        facts = node.calls.live(CallSid(sid))
        assert facts is not None
        ladders = node.ports.ladders
        ladders.hear(CallCreated(call=replace(facts, sip_call_id=sid), at=facts.created_at))  # type: ignore[attr-defined]
        ladders.received(request("INVITE", sid, SDP, Authorization=DIGEST), CALLER)  # type: ignore[attr-defined]
        node.clock.advance(0.25)
        ladders.sent(response("486 Busy Here", call_id=sid), CALLER)  # type: ignore[attr-defined]

    node.run(exchange())
    return sid


def test_the_messages_of_a_call_are_listed_oldest_first(node: ApiNode) -> None:
    sid = signalled(node)
    listed = node.ask("GET", f"{TWILIO}/Calls/{sid}/Signalling.json").json()
    first, second = listed["sip_messages"]
    assert (first["call_sid"], first["direction"], first["summary"]) == (sid, "received", "INVITE sdp")
    assert (first["from"], first["to"], first["transport"]) == ("198.51.100.7:5062", "127.0.0.1:5060", "udp")
    assert (second["direction"], second["milliseconds"]) == ("sent", 250.0)
    assert second["message"].startswith("SIP/2.0 486 Busy Here\r\nVia: ")
    assert "6629fae49393a" not in first["message"]
    assert 'username="ann"' in first["message"]
    page = node.ask("GET", f"{TWILIO}/Calls/{sid}/Signalling.json?PageSize=1&Page=1").json()
    assert [message["summary"] for message in page["sip_messages"]] == ["486 Busy Here (INVITE)"]
    assert "<Summary>INVITE sdp</Summary>" in node.ask("GET", f"{RESTCOMM}/Calls/{sid}/Signalling").text


def test_a_ladder_is_drawn_and_captured(node: ApiNode) -> None:
    sid = signalled(node)
    text = node.ask("GET", f"{TWILIO}/Calls/{sid}/Signalling.txt")
    assert (text.status_code, text.headers["content-type"]) == (200, "text/plain; charset=utf-8")
    assert "486 Busy Here (INVITE)" in text.text
    svg = node.ask("GET", f"{RESTCOMM}/Calls/{sid}/Signalling.svg")
    assert (svg.headers["content-type"], svg.text[:4]) == ("image/svg+xml", "<svg")
    pcap = node.ask("GET", f"{TWILIO}/Calls/{sid}/Signalling.pcap")
    assert pcap.content[:4] == bytes.fromhex("d4c3b2a1")
    assert b"6629fae49393a" not in pcap.content
    assert f"{sid}.pcap" in pcap.headers["content-disposition"]


def test_what_is_not_kept_or_not_ones_own_is_not_found(node: ApiNode) -> None:
    silent = make_call(node)
    answer = node.ask("GET", f"{TWILIO}/Calls/{silent}/Signalling.json")
    assert (answer.status_code, "sip.ladder_keep" in answer.json()["message"]) == (404, True)
    sid = signalled(node)
    foreign = f"/2010-04-01/Accounts/{STRANGER}/Calls/{sid}/Signalling.json"
    assert node.ask("GET", foreign, account=STRANGER).status_code == 404
    assert node.ask("GET", f"{TWILIO}/Calls/CA{'0' * 32}/Signalling.txt").status_code == 404
    assert node.ask("GET", f"{TWILIO}/Calls/{sid}/Signalling.pcap", account=None).status_code == 401
    ended = node.ask("POST", f"{TWILIO}/Calls/{sid}.json", data={"Status": "canceled"})
    assert ended.status_code == 200
    assert node.ask("GET", f"{TWILIO}/Calls/{sid}/Signalling.txt").status_code == 200
    assert ended.json()["subresource_uris"]["signalling"].endswith(f"/Calls/{sid}/Signalling.json")
