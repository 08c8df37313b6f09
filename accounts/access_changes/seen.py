"""People seen so far, with the claims of their latest sign-in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from django.db.models import OuterRef, Subquery

from accounts.blocks import of_each
from accounts.claims import pick, problems
from accounts.models import Person, SignIn
from accounts.rights import rights_of
from accounts.types import Claims, Subject
from accounts.vouched_claims import vouched_for

PEOPLE = 10_000
"""The most people that are looked at: those who signed in last."""


@dataclass(frozen=True, slots=True)
class PersonSeen:
    """A person whose claims are known; `subject` has those of the latest sign-in, verified at `verified_at`."""

    pk: int
    public_id: UUID
    label: str
    subject: Subject
    verified_at: datetime
    _counted: Claims = field(repr=False)

    def values(self, claims: Iterable[str]) -> Mapping[str, frozenset[str]]:
        """Return the values of each claim that arrived complete, read as the door reads them."""
        wanted = frozenset(claims)
        incomplete = {
            problem.claim for problem in problems(self._counted, wanted, issuer=self.subject.issuer)
        }
        found = {claim: frozenset(pick(self._counted, claim)) for claim in wanted - incomplete}
        return {claim: values for claim, values in found.items() if values}

    @property
    def is_admin(self) -> bool:
        """Whether these claims make them a portal admin."""
        return rights_of(self.subject).admin


@dataclass(frozen=True, slots=True)
class PeopleSeen:
    """Those who signed in last.

    `unknown` counts people of whom no sign-in is kept (programs with the provider's tokens, or long
    ago), `blocked` those who are blocked, and `cut` says that more than PEOPLE have signed in. None of
    those are among `people`.
    """

    people: tuple[PersonSeen, ...]
    unknown: int = 0
    blocked: int = 0
    cut: bool = False


def people_seen() -> PeopleSeen:
    """Return the people who signed in last and are not blocked, most recent first, in three queries."""
    latest = SignIn.objects.filter(person=OuterRef("pk")).order_by("-verified_at")
    rows = list(
        Person.objects.exclude(last_login=None)
        .annotate(
            latest=Subquery(latest.values("claims")[:1]),
            verified_at=Subquery(latest.values("verified_at")[:1]),
        )
        .order_by("-last_login", "-pk")[: PEOPLE + 1]
    )
    subjects = {
        person.pk: Subject(
            issuer=person.issuer,
            sub=person.sub,
            name=person.name,
            email=person.email,
            email_verified=person.email_verified,
            claims=person.latest,
        )
        for person in rows[:PEOPLE]
        if person.latest is not None
    }
    blocked = of_each(subjects)
    people = tuple(
        PersonSeen(
            person.pk,
            person.public_id,
            str(person),
            subjects[person.pk],
            person.verified_at,
            vouched_for(subjects[person.pk]),
        )
        for person in rows[:PEOPLE]
        if person.pk in subjects and person.pk not in blocked
    )
    never = Person.objects.filter(last_login=None).count()
    return PeopleSeen(
        people,
        unknown=never + len(rows[:PEOPLE]) - len(subjects),
        blocked=len(blocked),
        cut=len(rows) > PEOPLE,
    )
