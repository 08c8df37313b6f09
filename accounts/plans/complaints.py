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
    plan comes from a file, `file`.
    """

    message: str
    title: str = ""
    number: int | None = None
    path: tuple[str, ...] = ()
    line: int | None = None
    file: str = ""

    def __str__(self) -> str:
        where = [self.title, ".".join(map(bare_or_quoted, self.path))]
        return ": ".join(filter(None, [*where, self.message]))


class InvalidPlan(GatehouseError):
    """A plan that says something impossible; nothing of it was applied."""

    code = "plan.refused"
    http_status = 422

    def __init__(self, complaints: Iterable[Complaint]) -> None:
        self.complaints = tuple(sorted(complaints, key=lambda one: (one.file, one.line or 0)))
        super().__init__("\n".join(map(_with_place, self.complaints)))


def _with_place(complaint: Complaint) -> str:
    place = [complaint.file, str(complaint.line or "-")]
    return f"{':'.join(filter(None, place))}: {complaint}"


class StalePlan(GatehouseError):
    """The directory or the mappings changed since a plan was shown; nothing was applied."""

    code = "plan.stale"
    http_status = 409

    def __init__(self) -> None:
        super().__init__(
            "The directory or the mappings have changed since this plan was made, so it may do something else now. "
            "Nothing was changed. Make a new plan and look at it."
        )


class LocksOut(GatehouseError):
    """A plan after which the portal admins, or the one who applies it, could do nothing any more."""

    code = "plan.locks_out"
    http_status = 409


def did_you_mean(wrong: str, known: Iterable[str]) -> str:
    """Return a hint at the name that was probably meant, "" if none is close."""
    close = get_close_matches(wrong, list(known), n=1)
    return f" Did you mean {quoted(close[0])}?" if close else ""
