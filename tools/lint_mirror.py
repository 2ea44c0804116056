"""Lint: tests mirror the sources. Every source module with behaviour has its test at the same path, and no test is an orphan."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SOURCES = ROOT / "src" / "offhook"
TESTS = ROOT / "tests"
ELSEWHERE = ("calls_e2e", "interop", "fuzz", "upgrade", "support", "docs", "examples", "tools", "cli_e2e")
"""Folders of tests that belong to no single module."""
TESTED_ELSEWHERE: dict[str, str] = {
    "rcml/build.py": "made by tools/gen_rcml.py: tests/rcml/test_building.py builds every element",
    "speech/engines/espeak.py": "programs of their own: tests/speech/test_build.py runs them",
    "speech/engines/piper.py": "programs of their own: tests/speech/test_build.py runs them",
}
"""source -> where its behaviour is tested, and why not beside it"""


def has_behaviour(path: Path) -> bool:
    """Whether the module defines a function with a body that does something."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            body = [s for s in node.body if not (isinstance(s, ast.Expr) and isinstance(s.value, ast.Constant))]
            if body and not all(isinstance(s, ast.Pass) for s in body):
                return True
    return False


def expected_test(source: Path) -> Path:
    relative = source.relative_to(SOURCES)
    return TESTS / relative.parent / f"test_{relative.name}"


def main() -> int:
    problems = []
    for source in sorted(SOURCES.rglob("*.py")):
        name = str(source.relative_to(SOURCES))
        if source.name == "__init__.py" or "migrations" in source.parts or name in TESTED_ELSEWHERE:
            continue
        if "conformance" in source.parts:  # suites: tests themselves, run against each implementation of their port
            continue
        if has_behaviour(source) and not expected_test(source).exists():
            problems.append(f"src/offhook/{name}: no test at {expected_test(source).relative_to(ROOT)}")
    for test in sorted(TESTS.rglob("test_*.py")):
        relative = test.relative_to(TESTS)
        if relative.parts[0] in ELSEWHERE:
            continue
        source = SOURCES / relative.parent / relative.name.removeprefix("test_")
        package = SOURCES / relative.parent / relative.name.removeprefix("test_").removesuffix(".py")
        if not source.exists() and not package.is_dir():
            problems.append(f"tests/{relative}: mirrors no source module")
    problems += [f"{n}: in TESTED_ELSEWHERE but gone" for n in TESTED_ELSEWHERE if not (SOURCES / n).exists()]
    print("\n".join(problems) or "mirror: ok")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
