"""URLs of documents become absolute, or say why they cannot."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offhook.rcml.errors import VerbFailed
from offhook.rcml.urls import base_of, resolve, without_credentials


@pytest.mark.parametrize(
    ("base", "url", "absolute"),
    [
        ("http://h/a/b?x=1", "c", "http://h/a/c"),
        ("http://h/a/b?x=1", "", "http://h/a/b?x=1"),
        ("http://h/a/b", "//other/c", "http://other/c"),
        ("http://h/a/b", "https://h2/c", "https://h2/c"),
        (None, "http://h/c", "http://h/c"),
    ],
)
def test_a_url_is_relative_to_its_document(base, url, absolute):
    assert resolve(base, url) == absolute


@pytest.mark.parametrize(
    ("base", "url", "says"),
    [(None, "/x", "came from no URL"), ("http://h/", "ftp://h/x", "no http"), ("http://h/", "//[x", "no http")],
)
def test_what_cannot_be_asked_for_says_why(base, url, says):
    with pytest.raises(VerbFailed, match=says):
        resolve(base, url)


@given(st.none() | st.just("http://h/a"), st.text())
def test_no_text_does_anything_but_resolve_or_fail(base, url):
    with contextlib.suppress(VerbFailed):
        assert resolve(base, url)[:4].lower() == "http"


@pytest.mark.parametrize(
    ("requested", "form", "answered", "base"),
    [
        ("http://h/a", (("A", "b c"),), "http://h/a?A=b+c", "http://h/a"),
        ("http://h/a?x=1", (("A", "b"),), "http://h/a?x=1&A=b", "http://h/a?x=1"),
        ("http://h/a", (("A", "b"),), "http://h/moved", "http://h/moved"),
        ("http://u:p@h/a", (), "http://h/b", "http://u:p@h/b"),
        ("http://u:p@h/a", (), "http://elsewhere/b", "http://elsewhere/b"),
    ],
)
def test_the_base_has_the_credentials_of_its_origin_and_no_parameters_of_ours(requested, form, answered, base):
    assert base_of(requested, form, answered) == base


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("http://u:p@h/a?b=c@d", "http://h/a?b=c@d"),
        ("http://h/a@b", "http://h/a@b"),
        ("http://h?x=u@h", "http://h?x=u@h"),
        ("", ""),
    ],
)
def test_credentials_are_not_shown(url, shown):
    assert without_credentials(url) == shown
