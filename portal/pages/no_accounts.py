"""The start page of somebody without accounts: who they are, which claims arrived, what is not set up yet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.utils.translation import gettext

from accounts.claims import arrived, pick, why_unread
from accounts.models import Account, Mapping, Person
from accounts.rules import NearMiss, claims_in_use, near_misses_of
from accounts.types import Claims, Subject
from accounts.visible import visible
from accounts.vouched_claims import vouched_for


@dataclass(frozen=True, slots=True)
class ArrivedClaim:
    """A claim that mappings read, and the values of it that the identity provider sent."""

    claim: str
    values: Sequence[str]
    # Why there are no values, or not all that arrived; empty if all count.
    note: str


@dataclass(frozen=True, slots=True)
class NoAccounts:
    """What the page says."""

    subject: Subject
    arrived: Sequence[ArrivedClaim]
    no_accounts: bool
    no_mappings: bool
    # For portal admins: values of theirs that nearly match a mapping.
    near_misses: Sequence[NearMiss]
    # Claims of which the identity provider sent nothing at all, if it sent none of them.
    missing: Sequence[str]
    # No portal admin has signed in so far.
    no_admins: bool

    @property
    def nothing_set_up(self) -> bool:
        """Whether nobody can have accounts yet, rather than this person alone."""
        return self.no_accounts or self.no_mappings


def no_accounts(*, subject: Subject, now: datetime, for_admin: bool = False) -> NoAccounts:
    """Look up why somebody has no accounts."""
    sent = vouched_for(subject)
    claims = claims_in_use(now=now) or {settings.ADMIN_CLAIM or "groups"}
    missing = [claim for claim in sorted(claims) if arrived(subject.claims, claim) is None]
    return NoAccounts(
        subject=subject,
        arrived=[_arrived(subject, sent, claim) for claim in sorted(claims)],
        near_misses=near_misses_of(subject, now=now) if for_admin else (),
        missing=missing if len(missing) == len(claims) else (),
        no_accounts=not Account.objects.exists(),
        no_mappings=not Mapping.objects.exists(),
        no_admins=not Person.objects.filter(is_admin=True).exists(),
    )


def _arrived(subject: Subject, counted: Claims, claim: str) -> ArrivedClaim:
    values = pick(counted, claim)
    everything = pick(subject.claims, claim)
    if len(values) < len(everything):
        return ArrivedClaim(
            claim,
            values,
            gettext("%(values)s arrived, but does not count: nobody verified this e-mail address.")
            % {"values": ", ".join(visible(one) for one in everything if one not in values)},
        )
    note = why_unread(counted, claim)
    if not note and len(values) == 1 and any(mark in values[0] for mark in (";", ",", "|")):
        note = gettext(
            "This is one text, and one value. If it holds several, a mapping can split it."
        )
    return ArrivedClaim(claim, values, note)
