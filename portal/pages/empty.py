"""Why a start page is empty: who this is, what arrived, and whether anything is set up at all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings

from accounts.claims import pick
from accounts.models import Account, Mapping, Person
from accounts.rules import claims_in_use
from accounts.types import Subject


@dataclass(frozen=True, slots=True)
class Arrived:
    """A claim that mappings read, and the values the provider sent in it."""

    claim: str
    values: Sequence[str]


@dataclass(frozen=True, slots=True)
class Emptiness:
    """What the empty page says."""

    subject: Subject
    arrived: Sequence[Arrived]
    no_accounts: bool
    no_mappings: bool
    no_admins: bool
    """Whether no portal admin has signed in so far."""

    @property
    def nothing_set_up(self) -> bool:
        """Whether this is a portal at its first start, rather than a person without access."""
        return self.no_accounts or self.no_mappings


def emptiness(*, subject: Subject, now: datetime) -> Emptiness:
    """Look for why somebody has nothing."""
    claims = claims_in_use(now=now) or {settings.ADMIN_CLAIM or "groups"}
    return Emptiness(
        subject=subject,
        arrived=[Arrived(claim, pick(subject.claims, claim)) for claim in sorted(claims)],
        no_accounts=not Account.objects.exists(),
        no_mappings=not Mapping.objects.exists(),
        no_admins=not Person.objects.filter(is_admin=True).exists(),
    )
