"""What all tests share: readable assertions in the conformance suites, and peers that must be there in CI."""

from __future__ import annotations

import pytest

pytest.register_assert_rewrite("offhook.media.conformance", "offhook.speech.conformance", "tests.support")
