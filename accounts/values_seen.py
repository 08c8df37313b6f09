"""The values that claims had in the sign-ins of people: what mappings can be about."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from accounts.claims import pick
from accounts.models import SignIn
from accounts.vouched_claims import counted

_MOST = 50_000
"""The most sign-ins that are looked at, latest first."""


@dataclass(frozen=True, slots=True)
class ValuesSeen:
    """How many sign-ins brought each value of each claim. `cut` says that there were more than were looked at."""

    by_claim: dict[str, Counter[str]]
    cut: bool

    def of(self, claim: str) -> frozenset[str]:
        return frozenset(self.by_claim.get(claim, ()))


def values_seen(
    claims: Iterable[str], *, since: datetime | None = None, most: int = _MOST
) -> ValuesSeen:
    """Return the values of these claims in people's sign-ins that were verified since, in one query.

    Claims that do not count, such as addresses that nobody verified, have no values.
    """
    found: dict[str, Counter[str]] = {claim: Counter() for claim in claims}
    sign_ins = SignIn.objects.order_by("-verified_at")
    if since is not None:
        sign_ins = sign_ins.filter(verified_at__gte=since)
    number = 0
    for issuer, sent in sign_ins.values_list("person__issuer", "claims")[: most + 1]:
        number += 1
        if number > most:
            break
        counting = counted(sent, issuer=issuer)
        for claim, values in found.items():
            values.update(set(pick(counting, claim)))
    return ValuesSeen(found, cut=number > most)
