"""Documents: what is read, what is refused and how that is said, and that no bytes do harm."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from offhook.calls.dialing import DialRecording
from offhook.rcml.document import ELEMENT_LIMIT, parse
from offhook.rcml.errors import Code, DocumentError
from offhook.rcml.outcome import Method
from offhook.rcml.verbs import VOCABULARY
from offhook.rcml.verbs.dial import Dial
from offhook.rcml.verbs.dial.nouns import CallbackEvent, Client, Number, Sip
from offhook.rcml.verbs.gather import Gather
from offhook.rcml.verbs.pause import Pause
from offhook.rcml.verbs.play import Play
from offhook.rcml.verbs.redirect import Redirect
from offhook.rcml.verbs.say import Say


def read(source: bytes | str, charset: str = "") -> tuple:
    return parse(source, VOCABULARY, charset=charset).verbs


def refused(source: bytes | str, charset: str = "") -> DocumentError:
    with pytest.raises(DocumentError) as caught:
        parse(source, VOCABULARY, charset=charset)
    return caught.value


def warnings(source: str) -> list[str]:
    return [each.message for each in parse(source, VOCABULARY).warnings]


def test_verbs_come_typed_and_in_order():
    document = """<?xml version="1.0" encoding="UTF-8"?>
    <Response>
      <Say voice="woman" language="de" loop="2"> Guten Tag </Say>
      <Gather numDigits="4" finishOnKey="*" action="/pin" method="get"><Play>a.wav</Play><Pause length="2"/></Gather>
      <Dial record="true" callerId="+1415"><Number sendDigits="ww1">+1 (415) 555-0100</Number><Client>alice</Client>
        <Sip username="u" password="p" statusCallback="/s" statusCallbackEvent="ringing,answered">bob@host</Sip></Dial>
    </Response>"""
    assert read(document) == (
        Say(text="Guten Tag", voice="woman", language="de", loop=2),
        Gather(
            num_digits=4,
            finish_on_key="*",
            action="/pin",
            method=Method.GET,
            prompts=(Play(url="a.wav"), Pause(length=2)),
        ),
        Dial(
            record=DialRecording.MIXED,
            caller_id="+1415",
            nouns=(
                Number(number="+1 (415) 555-0100", send_digits="ww1"),
                Client(login="alice"),
                Sip(
                    uri="bob@host",
                    username="u",
                    password="p",
                    status_callback="/s",
                    status_callback_event=frozenset({CallbackEvent.RINGING, CallbackEvent.ANSWERED}),
                ),
            ),
        ),
    )
    assert not warnings(document)


def test_a_wrong_value_names_element_attribute_value_line_column_and_what_is_right():
    error = refused('<Response>\n  <Say>Hi</Say>\n  <Gather\n    action="/x"\n    numDigits="many"/>\n</Response>')
    assert error.code == Code.WRONG_VALUE
    assert (error.place.element, error.place.attribute, error.place.value) == ("Gather", "numDigits", "many")
    assert (error.place.line, error.place.column) == (5, 5)
    assert str(error) == (
        'line 5, column 5: <Gather numDigits="many">: the value has to be a whole number from 1 to 256'
    )


@pytest.mark.parametrize(
    ("verb", "element", "attribute"),
    [
        ('<Gather method="PUT"/>', "Gather", "method"),
        ('<Gather input="mind"/>', "Gather", "input"),
        ('<Gather numDigits="0"/>', "Gather", "numDigits"),
        ('<Gather timeout="1.5"/>', "Gather", "timeout"),
        ('<Gather finishOnKey="x"/>', "Gather", "finishOnKey"),
        ('<Gather action="ftp://host/x"/>', "Gather", "action"),
        ('<Record playBeep="maybe"/>', "Record", "playBeep"),
        ('<Record maxLength="-1"/>', "Record", "maxLength"),
        ('<Reject reason="tired"/>', "Reject", "reason"),
        ('<Dial record="always"/>', "Dial", "record"),
        ('<Dial callerId="a b"/>', "Dial", "callerId"),
        ('<Dial><Number statusCallbackEvent="born">1</Number></Dial>', "Number", "statusCallbackEvent"),
        ("<Say loop='\u0661'>x</Say>", "Say", "loop"),
        ("<Redirect>javascript:alert(1)</Redirect>", "Redirect", None),
    ],
)
def test_every_kind_of_wrong_value_is_an_error(verb, element, attribute):
    error = refused(f"<Response>{verb}</Response>")
    assert (error.code, error.place.element, error.place.attribute) == (Code.WRONG_VALUE, element, attribute)


def test_an_empty_url_counts_as_absent():
    assert read('<Response><Gather action=""/><Redirect> </Redirect></Response>') == (Gather(), Redirect())


def test_another_root_is_refused():
    error = refused("<Dial>+1415</Dial>")
    assert error.code == Code.WRONG_ROOT
    assert "<Response>" in str(error)


@pytest.mark.parametrize(
    ("source", "line"),
    [("", 1), ("hello", 1), ("<Response>\n<Say>x\n</Response>", 3), ("<Response/>\n<Response/>", 2)],
)
def test_what_is_not_xml_is_refused_with_the_line(source, line):
    error = refused(source)
    assert (error.code, error.place.line) == (Code.NOT_XML, line)


def test_unknown_names_are_skipped_with_a_warning_and_a_guess():
    source = '<Response>\n<say>Hi</say><Gather numdigits="1"><Dial>1</Dial></Gather><Say mood="x" xmlns:a="b" a:c="d">Yo</Say>text</Response>'
    assert read(source) == (Gather(), Say(text="Yo"))
    said = warnings(source)
    assert said[0] == "line 2, column 1: <say> is no element of <Response>; it is skipped (did you mean Say?)"
    assert "did you mean numDigits?" in said[1]
    assert "<Dial> cannot stand inside <Gather>" in said[2]
    assert "no attribute mood" in said[3]
    assert "text in <Response> is ignored" in said[4]
    assert len(said) == 5


def test_the_text_inside_unknown_elements_of_a_text_is_kept():
    assert read("<Response><Say>Dear <b>old <i>friend</i></b>!</Say></Response>") == (Say(text="Dear old friend!"),)


def test_a_stray_ampersand_is_repaired_with_a_warning():
    source = (
        "<Response>\n<Redirect>/x?a=1&b=2&amp;c=3&#38;d=4</Redirect><Say><![CDATA[A & B]]> & C &nbsp;</Say></Response>"
    )
    assert read(source) == (Redirect(url="/x?a=1&b=2&c=3&d=4"), Say(text="A & B & C &nbsp;"))
    assert warnings(source)[0].startswith("line 2, column 17: a stray &")
    assert len(warnings(source)) == 3


@pytest.mark.parametrize(
    ("data", "charset"),
    [
        ("<Response><Say>Grüße</Say></Response>".encode(), ""),
        ("\ufeff<Response><Say>Grüße</Say></Response>".encode(), "iso-8859-1"),
        ('<?xml version="1.0" encoding="ISO-8859-1"?><Response><Say>Grüße</Say></Response>'.encode("latin-1"), ""),
        ("<Response><Say>Grüße</Say></Response>".encode("cp1252"), "Windows-1252"),
        ('<?xml version="1.0" encoding="utf-16"?><Response><Say>Grüße</Say></Response>'.encode("utf-16"), ""),
        ('<?xml version="1.0" encoding="latin-1"?><Response><Say>Grüße</Say></Response>'.encode(), "utf-8"),
    ],
)
def test_encodings_are_told_by_mark_then_transport_then_declaration(data, charset):
    assert read(data, charset) == (Say(text="Grüße"),)


@pytest.mark.parametrize("charset", ["utf-7", "idna", "rot13", "nonsense", "unicode_escape", "hex"])
def test_odd_encodings_are_refused(charset):
    assert "send UTF-8" in str(refused(b"<Response/>", charset))
    assert refused(f'<?xml version="1.0" encoding="{charset}"?><Response/>'.encode())


def test_entities_cannot_be_declared():
    laughs = "".join(f'<!ENTITY l{n + 1} "{f"&l{n};" * 10}">' for n in range(12))
    bomb = f'<!DOCTYPE r [<!ENTITY l0 "ha">{laughs}]><Response><Say>&l12;</Say></Response>'
    began = time.perf_counter()
    assert "<!DOCTYPE>" in str(refused(bomb))
    assert "<!DOCTYPE>" in str(refused('<!DOCTYPE r SYSTEM "file:///etc/passwd"><Response/>'))
    assert time.perf_counter() - began < 0.5


@pytest.mark.parametrize(
    "source",
    [
        "<Response>" + "<a>" * 10_000 + "</a>" * 1,
        "<Response>" + "<Say/>" * (ELEMENT_LIMIT + 1) + "</Response>",
        "<Response><Say " + " ".join(f'a{n}="1"' for n in range(8_000)) + "></Say",
        f'<Response><Gather action="/{"x" * 60_000}"/></Response>',
        "<Response>" + "x" * 70_000 + "</Response>",
        "<Response><Say>" + "&" * 60_000 + "</Say></Respons>",
        "<Response>" + "<![CDATA[" * 7_000,
        "<Response>" + "&<!--" * 12_000,
    ],
)
def test_hostile_documents_are_refused_quickly(source):
    began = time.perf_counter()
    refused(source)
    assert time.perf_counter() - began < 0.5


def test_warnings_of_one_document_are_bounded():
    assert len(warnings("<Response>" + "<Sai/>" * 500 + "</Response>")) == 20


def test_more_than_64_kilobytes_are_refused_with_a_code_of_their_own():
    assert refused(b" " * 65_537).code == Code.TOO_LARGE


@settings(max_examples=300, deadline=None)
@given(
    st.one_of(st.binary(max_size=300), st.text(max_size=300)), st.sampled_from(["", "utf-8", "utf-16", "cp1252", "x"])
)
def test_no_input_does_anything_but_be_read_or_refused(source, charset):
    try:
        parse(source, VOCABULARY, charset=charset)
    except DocumentError as error:
        place = error.place
    else:
        return
    assert place.line >= 1
    assert place.column >= 1


_WORDS = [
    "<Response>", "</Response>", "<Say>", "</Say>", "<Say ", "loop='", "'", ">", "/>", "<Gather ", "numDigits=", '"1"', "&",
    "&amp;", "<!", "<?xml version='1.0' encoding='utf-16'?>", "<![CDATA[", "]]>", "<!--", "-->", "\x00", "\ud800", "é", "x:",
]  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from(_WORDS), max_size=25).map("".join))
def test_no_mixture_of_pieces_does_anything_but_be_read_or_refused(source):
    try:
        parse(source, VOCABULARY)
    except DocumentError:
        pass
    else:
        assert "Response" in source
