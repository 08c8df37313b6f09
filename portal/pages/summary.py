"""Say in a line what somebody has and where it comes from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from accounts.types import Entitlement
from portal.pages import wording


@dataclass(frozen=True, slots=True)
class Summary:
    """What somebody has, and the claim values that gave it."""

    accounts: str
    roles: str
    source: str
    values: Sequence[str]
    more: int


def summary(granted: Sequence[Entitlement]) -> Summary:
    """Say what these entitlements are and where they come from."""
    given = {(reason.claim, reason.value) for found in granted for reason in found.reasons}
    claims = {claim.rpartition(".")[2].rpartition("/")[2] for claim, _ in given}
    source = claims.pop() if len(claims) == 1 else ""
    source = source if source in ("groups", "roles") else "claims"
    values, more = wording.shortened(sorted({value for _, value in given}))
    return Summary(
        accounts=wording.count(len({found.role.account_id for found in granted}), "account"),
        roles=wording.count(len(granted), "role"),
        source=source.removesuffix("s") if len(values) == 1 else source,
        values=values,
        more=more,
    )
