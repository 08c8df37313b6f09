"""What both benches say in the end: medians with their spread, and goals that are met or missed."""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Found = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Goal:
    """What a number must be, in words and as a test."""

    name: str
    found: float
    words: str
    met: bool


def summary(values: Sequence[float]) -> dict[str, float]:
    """Return the median of some rounds, and how far they lie apart."""
    return {"median": statistics.median(values), "low": min(values), "high": max(values)}


def parser(name: str, description: str | None) -> argparse.ArgumentParser:
    """Return what both benches can be asked."""
    found = argparse.ArgumentParser(prog=f"python -m bench.{name}", description=description)
    found.add_argument("--rounds", type=int, default=5, help="interleaved; medians are taken")
    found.add_argument("--seconds", type=int, default=3, help="of load, for each one and round")
    found.add_argument("--json", type=Path, help="write all numbers to this file")
    return found


def run(
    measure: Callable[[Path], Found], goals: Callable[[Found], list[Goal]], json_file: Path | None
) -> int:
    """Measure in a folder of its own, print, and return the exit code: 0 if every goal is met."""
    with tempfile.TemporaryDirectory(dir="/dev/shm" if Path("/dev/shm").is_dir() else None) as home:
        try:
            found = measure(Path(home))
        except RuntimeError:
            for log in Path(home).glob("*.log"):
                print(f"The end of {log.name}:\n{log.read_text(errors='replace')[-3000:]}")
            raise
    reached = goals(found)
    _print(found, reached)
    if json_file:
        json_file.write_text(json.dumps(found, indent=2) + "\n")
    sys.stdout.flush()
    return 0 if all(goal.met for goal in reached) else 1


def _print(found: Found, goals: list[Goal]) -> None:
    for name, numbers in found.items():
        print(name)
        width = max(map(len, numbers), default=0)
        for page, number in numbers.items():
            if isinstance(number, dict):
                text = f"{number['median']:10.1f}   ({number['low']:.1f} to {number['high']:.1f})"
            else:
                text = f"{number:10.1f}"
            print(f"    {page:{width}}{text}")
    print()
    for goal in goals:
        print(f"{'met ' if goal.met else 'MISS'}  {goal.found:6.2f}  {goal.words:8} {goal.name}")
