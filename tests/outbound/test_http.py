import pytest

from offhook.outbound.http import HttpResponse, OutboundError, OutboundFault


@pytest.mark.parametrize(
    ("header", "wanted"), [("Text/XML; charset=utf-8", "text/xml"), (" audio/wav ", "audio/wav"), ("", ""), (";", "")]
)
def test_the_content_type_is_bare_and_in_lower_case(header, wanted):
    response = HttpResponse(url="", status=200, headers={"content-type": header}, body=b"", elapsed=0.0)
    assert response.content_type == wanted


def test_a_response_without_a_content_type_has_an_empty_one():
    assert HttpResponse(url="", status=200, headers={}, body=b"", elapsed=0.0).content_type == ""


def test_an_error_carries_its_fault_and_its_sentence():
    error = OutboundError(OutboundFault.DNS, "The name x cannot be resolved.")
    assert (error.fault, str(error)) == (OutboundFault.DNS, "The name x cannot be resolved.")
