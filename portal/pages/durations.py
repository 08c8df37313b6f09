"""How long keys are valid: the choices that a page offers, and the one that somebody made last."""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings
from django.http import HttpRequest

from accounts.aws.limits import LONGEST_SESSION, SHORTEST_SESSION
from portal.wording import duration

HOUR = 3600
SENSIBLE = (SHORTEST_SESSION, HOUR, 2 * HOUR, 4 * HOUR, 8 * HOUR, LONGEST_SESSION)

# Remembered if somebody chose the end of the working day. Only their browser knows how many seconds
# that is from now.
UNTIL_EVENING = 0


@dataclass(frozen=True, slots=True)
class Choice:
    """A duration to choose, in seconds."""

    seconds: int
    chosen: bool

    @property
    def words(self) -> str:
        return duration(self.seconds)


@dataclass(frozen=True, slots=True)
class Durations:
    """What a page offers; evening.js adds the end of the working day if that is within the longest."""

    choices: tuple[Choice, ...]
    longest: int
    evening: str
    evening_chosen: bool


def durations(*, longest: int, last: int | None = None) -> Durations:
    """Return sensible durations up to the longest, which is one of them (all in seconds).

    The longest one that is not above `last`, what somebody chose last, is chosen; without `last`, an hour.
    """
    offered = sorted({*(seconds for seconds in SENSIBLE if seconds < longest), longest})
    wanted = max((seconds for seconds in offered if seconds <= (last or HOUR)), default=offered[0])
    return Durations(
        choices=tuple(Choice(seconds, chosen=seconds == wanted) for seconds in offered),
        longest=longest,
        evening=settings.WORKING_DAY_ENDS,
        evening_chosen=last == UNTIL_EVENING,
    )


def chosen(request: HttpRequest, seconds: int | None) -> int | None:
    """Return what to remember of a choice: the seconds, or UNTIL_EVENING."""
    return UNTIL_EVENING if request.POST.get("evening") else seconds
