"""Logs, as a process writes them."""

from __future__ import annotations

import json
import subprocess
import sys

PROGRAM = """
import sys, logging, structlog
from offhook.ops.logging import configure
from offhook.ops.settings import LogSettings
configure(LogSettings(level=sys.argv[1], json=sys.argv[2] == "json"))
log = structlog.get_logger("x")
log.debug("wire", bytes=1); log.info("call_answered", call="CA1"); log.warning("late")
logging.getLogger("lib").info("chatter"); logging.getLogger("lib").warning("trouble")
password = "hunter2"
try:
    1 / 0
except ZeroDivisionError:
    log.exception("broke")
"""


def lines(level: str, form: str) -> list[str]:
    run = subprocess.run([sys.executable, "-c", PROGRAM, level, form], capture_output=True, text=True, check=True)
    assert run.stdout == ""
    return run.stderr.splitlines()


def test_json_lines_are_facts_with_their_level_and_time() -> None:
    found = [json.loads(line) for line in lines("info", "json") if line.startswith("{")]
    assert [(fact["level"], fact["event"]) for fact in found] == [
        ("info", "call_answered"),
        ("warning", "late"),
        ("error", "broke"),
    ]
    assert found[0]["call"] == "CA1"
    assert found[0]["timestamp"].endswith("Z")
    assert "ZeroDivisionError" in found[2]["exception"]


def test_text_shows_the_same_to_people_and_libraries_only_when_in_trouble() -> None:
    text = "\n".join(lines("debug", "text"))
    for word in ("wire", "call_answered", "late", "trouble", "ZeroDivisionError"):
        assert word in text
    assert "chatter" not in text


def test_tracebacks_do_not_show_what_variables_hold() -> None:
    for form in ("text", "json"):
        assert "hunter2" not in "\n".join(lines("debug", form))


def test_a_log_follows_standard_error_where_it_goes() -> None:
    program = """
import io, sys, structlog
from offhook.ops.logging import configure
from offhook.ops.settings import LogSettings
log = structlog.get_logger("x")
before, sys.stderr = sys.stderr, io.StringIO()
configure(LogSettings())
log.warning("first")
sys.stderr.close()
sys.stderr = before
log.warning("second")
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=30, check=True)
    assert "second" in done.stderr


def test_a_log_on_a_full_disk_loses_lines_and_nothing_else() -> None:
    program = """
import structlog
from offhook.ops.logging import configure
from offhook.ops.settings import LogSettings
configure(LogSettings())
for _ in range(1000):
    structlog.get_logger("x").warning("a line that does not fit")
print("still here")
"""
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=full, text=True, timeout=30, check=False
        )
    assert done.stdout == "still here\n"
