"""Say in a line what somebody has and where it comes from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from accounts.types import Entitlement
from portal.pages import humanize


@dataclass(frozen=True, slots=True)
class Summary:
    """ "2 accounts, 3 roles for your group payments", in parts."""

    accounts: str
    roles: str
    source: str
    values: Sequence[str]
    more: int


def summary(granted: Sequence[Entitlement]) -> Summary:
    """Count these entitlements and name the claim values that gave them."""
    given = {
        (reason.claim, reason.value) for entitlement in granted for reason in entitlement.reasons
    }
    claims = {claim.rpartition(".")[2].rpartition("/")[2] for claim, _ in given}
    source = claims.pop() if len(claims) == 1 else ""
    source = source if source in ("groups", "roles") else "claims"
    values, more = humanize.shortened(sorted({value for _, value in given}))
    return Summary(
        accounts=humanize.count(
            len({entitlement.role.account_id for entitlement in granted}), "account"
        ),
        roles=humanize.count(len(granted), "role"),
        source=source.removesuffix("s") if len(values) == 1 else source,
        values=values,
        more=more,
    )
