"""Errors say where, and carry the code of their notification."""

from __future__ import annotations

from offhook.rcml.errors import Code, DocumentError, FetchFailed, Place, RcmlError, VerbFailed


def test_a_document_error_begins_with_its_place():
    error = DocumentError("no verb", Place(line=3, column=7))
    assert str(error) == "line 3, column 7: no verb"
    assert (error.problem, error.code) == ("no verb", Code.NOT_XML)


def test_all_errors_have_one_root_and_a_code():
    for error in (FetchFailed("x", 11200), VerbFailed("x", 13233)):
        assert isinstance(error, RcmlError)
        assert error.code in list(Code)
    assert FetchFailed("x", 11200).sip_code == 500
