from __future__ import annotations

from xml.etree import ElementTree as ET  # noqa: S405 - our own documents

from offhook.sip.documents import DialogState, dialog_info, message_summary, pidf

DIALOGS = {"d": "urn:ietf:params:xml:ns:dialog-info"}
PRESENCE = {"p": "urn:ietf:params:xml:ns:pidf"}


def test_dialogs_are_told_with_their_names_so_that_they_can_be_picked_up() -> None:
    ringing = DialogState(
        id="CA1", confirmed=False, initiator=False, remote="sip:ann@pbx.test", names=("c@h", "ours", "")
    )
    talking = DialogState(
        id="CA2", confirmed=True, initiator=True, remote="sip:+1555@pbx.test", names=("d@h", "o", "t")
    )
    root = ET.fromstring(dialog_info("sip:bob@pbx.test", 7, [ringing, talking]))  # noqa: S314
    assert (root.get("entity"), root.get("version"), root.get("state")) == ("sip:bob@pbx.test", "7", "full")
    first, second = root.findall("d:dialog", DIALOGS)
    assert (first.get("direction"), first.findtext("d:state", namespaces=DIALOGS)) == ("recipient", "early")
    assert (first.get("call-id"), first.get("local-tag"), first.get("remote-tag")) == ("c@h", "ours", None)
    assert (second.get("direction"), second.findtext("d:state", namespaces=DIALOGS)) == ("initiator", "confirmed")
    assert second.get("remote-tag") == "t"
    assert second.findtext("d:remote/d:identity", namespaces=DIALOGS) == "sip:+1555@pbx.test"


def test_names_that_would_break_the_document_are_escaped() -> None:
    nasty = 'sip:"<&>"@pbx.test'
    root = ET.fromstring(  # noqa: S314
        dialog_info(nasty, 0, [DialogState(id='"', confirmed=True, initiator=True, remote=nasty)])
    )
    assert root.get("entity") == nasty
    assert root.findtext("d:dialog/d:remote/d:identity", namespaces=DIALOGS) == nasty
    assert ET.fromstring(pidf(nasty, open=True, note="<&>")).get("entity") == nasty  # noqa: S314


def test_presence_is_open_or_closed() -> None:
    for is_open, basic in ((True, "open"), (False, "closed")):
        root = ET.fromstring(pidf("sip:bob@pbx.test", open=is_open))  # noqa: S314
        assert root.findtext("p:tuple/p:status/p:basic", namespaces=PRESENCE) == basic
        assert root.find("p:tuple/p:note", PRESENCE) is None


def test_the_message_count_is_that_of_a_mailbox() -> None:
    assert message_summary("sip:bob@pbx.test").decode().splitlines() == [
        "Messages-Waiting: no",
        "Message-Account: sip:bob@pbx.test",
        "Voice-Message: 0/0 (0/0)",
    ]
    assert message_summary("sip:bob@pbx.test", new=2, old=1).startswith(b"Messages-Waiting: yes")
