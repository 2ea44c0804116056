"""URLs of documents become absolute, or say why they cannot."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offhook.rcml.errors import VerbFailed
from offhook.rcml.urls import resolve


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
