"""Remove each protection that docs/security.md names, one at a time, and see its test fail: `make mutate`.

tests/mutations.toml lists them. Each is applied in a copy of the project, where only its own test runs.
With arguments, only those whose row or file holds one of these words: `make mutate ROWS="external limiting"`.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LIST = ROOT / "tests" / "mutations.toml"

_FAILED = re.compile(r"^\d+ (?:failed|error)", re.MULTILINE)
"""pytest's last line."""
TIMEOUT = 300
"""Seconds for one test; one that hangs without its protection has noticed the loss."""
_CRASHED = re.compile(
    r"^E +.*\b(NameError|SyntaxError|IndentationError|ImportError)\b", re.MULTILINE
)
"""pytest's lines of what was raised; the sources it quotes may name these too."""


@dataclass(frozen=True, slots=True)
class Mutation:
    """One protection, and what removes it."""

    row: str
    """How the row of docs/security.md begins."""
    file: str
    find: str
    """The text in that file, exactly once."""
    replace: str
    test: str
    """The row's test that must fail."""
    postgresql: bool = False
    """Whether that test needs PostgreSQL as the database."""

    def apply(self, folder: Path) -> None:
        """Change the file below `folder`; raises ValueError if the text is not there exactly once."""
        path = folder / self.file
        text = path.read_text()
        if (times := text.count(self.find)) != 1:
            raise ValueError(f"{self.file} holds this text {times} times, not once: {self.find!r}")
        path.write_text(text.replace(self.find, self.replace))


def listed() -> list[Mutation]:
    """Return the mutations of the list, in its order."""
    return [Mutation(**entry) for entry in tomllib.loads(LIST.read_text())["mutation"]]


def rows_without() -> list[str]:
    """Return the beginnings of the rows that have no mutation yet."""
    return list(tomllib.loads(LIST.read_text())["rows_without_a_mutation"])


def main(words: list[str]) -> int:
    """Run the mutations, print a line for each, and return 1 if a test passed without its protection."""
    chosen = [
        mutation
        for mutation in listed()
        if not words or any(word in mutation.row or word in mutation.file for word in words)
    ]
    survived = 0
    with tempfile.TemporaryDirectory(prefix="gatehouse-mutations-") as folder:
        copy = Path(folder)
        _copy_project(copy)
        for mutation in chosen:
            began = time.monotonic()
            outcome = _outcome(mutation, copy)
            survived += outcome != "killed"
            print(f"{outcome:8} {time.monotonic() - began:4.0f} s  {mutation.row}", flush=True)
            if outcome != "killed":
                print(
                    f"         {mutation.file}: {mutation.find}\n         {mutation.test}",
                    flush=True,
                )
    print(
        f"{len(chosen)} protections removed, {survived} not noticed; rows without: {len(rows_without())}"
    )
    return 1 if survived or not chosen else 0


def _outcome(mutation: Mutation, copy: Path) -> str:
    """Return "killed" if the test failed, "SURVIVED" if it passed or was skipped, "BROKEN" if the mutation is no Python."""
    mutation.apply(copy)
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", mutation.test]
    if mutation.postgresql:
        command = [sys.executable, "-m", "tests.postgresql", *command]
    # Bytecode is matched to its source by size and second, which two mutations can share.
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    try:
        run = subprocess.run(
            command, cwd=copy, env=environment, capture_output=True, text=True, timeout=TIMEOUT
        )
    except subprocess.TimeoutExpired:
        return "killed"
    finally:
        shutil.copy2(ROOT / mutation.file, copy / mutation.file)
    if run.returncode == 0:
        return "SURVIVED"
    if _FAILED.search(run.stdout) and not _CRASHED.search(run.stdout):
        return "killed"
    print(run.stdout[-2000:], run.stderr[-2000:])
    return "BROKEN"


def _copy_project(folder: Path) -> None:
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    files = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    for name in filter(None, files.split("\0")):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
