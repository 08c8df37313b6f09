"""What is wrong with a plan; collected, so that all of it is told at once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches

from accounts.errors import GatehouseError
from accounts.plans.notation import bare_or_quoted, quoted


@dataclass(frozen=True, slots=True, kw_only=True)
class Complaint:
    """One thing that is wrong.

    `number` is the place of the entry in the plan, and `path` leads to a value within it, through
    keys and the names of an array's elements: ("roles", "Operator"). `line` counts from 1 where the
    plan comes from a file.
    """

    message: str
    title: str = ""
    number: int | None = None
    path: tuple[str, ...] = ()
    line: int | None = None

    def __str__(self) -> str:
        where = [self.title, ".".join(map(bare_or_quoted, self.path))]
        return ": ".join(filter(None, [*where, self.message]))


class InvalidPlan(GatehouseError):
    """A plan that says something impossible; nothing of it was applied."""

    code = "plan.refused"
    http_status = 422

    def __init__(self, complaints: Iterable[Complaint]) -> None:
        self.complaints = tuple(sorted(complaints, key=lambda complaint: complaint.line or 0))
        super().__init__("\n".join(f"{each.line or '-'}: {each}" for each in self.complaints))


def did_you_mean(wrong: str, known: Iterable[str]) -> str:
    """Return a hint at the name that was probably meant, "" if none is close."""
    close = get_close_matches(wrong, list(known), n=1)
    return f" Did you mean {quoted(close[0])}?" if close else ""
