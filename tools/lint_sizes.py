"""Lint: a file has one subject. Sources past their limit must be split, or stand below with a reason.

The list of exceptions only shrinks.
"""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FILE_LIMIT = 400
SMALL_FILE_LIMIT = 300
"""Verbs, resources, providers."""
FUNCTION_LIMIT = 50
SMALL = ("src/offhook/rcml/verbs/", "src/offhook/api/resources/", "src/offhook/speech/providers/")
LIMITS = {"src/offhook/node.py": 200}
EXCEPTIONS: dict[str, str] = {"src/offhook/rcml/build.py": "made by tools/gen_rcml.py"}
"""path or path::function -> why it may be longer"""


def tracked() -> list[str]:
    """Python and Rust sources under version control or about to be."""
    command = ["git", "ls-files", "-co", "--exclude-standard", "src/*.py", "tools/*.py", "bench/*.py", "native/*.rs"]
    return subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout.split()


def file_problems(path: str, lines: int) -> list[str]:
    limit = LIMITS.get(path, SMALL_FILE_LIMIT if path.startswith(SMALL) else FILE_LIMIT)
    if path.endswith(".rs"):
        limit = FILE_LIMIT + 150  # unit tests live in the same file
    if lines <= limit or path in EXCEPTIONS:
        return []
    return [f"{path}: {lines} lines, the limit is {limit}; split it by subject"]


def function_problems(path: str, source: str) -> list[str]:
    problems = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.end_lineno:
            first = node.body[0]
            documented = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)
            doc_lines = (first.end_lineno or first.lineno) - first.lineno + 1 if documented else 0
            length = node.end_lineno - node.lineno + 1 - doc_lines
            if length > FUNCTION_LIMIT and f"{path}::{node.name}" not in EXCEPTIONS:
                problems.append(f"{path}:{node.lineno}: {node.name} has {length} lines, the limit is {FUNCTION_LIMIT}")
    return problems


def main() -> int:
    problems = []
    for path in tracked():
        file = ROOT / path
        if not file.exists():
            continue
        source = file.read_text()
        problems += file_problems(path, source.count("\n"))
        if path.endswith(".py") and path not in EXCEPTIONS:
            problems += function_problems(path, source)
    stale = [name for name in EXCEPTIONS if not (ROOT / name.partition("::")[0]).exists()]
    problems += [f"{name}: listed as an exception but gone; remove it from the list" for name in stale]
    print("\n".join(problems) or "sizes: ok")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
