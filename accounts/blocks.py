"""Who is blocked: one decision for every surface."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import TypeVar

from django.db.models import OuterRef, Q, QuerySet, Subquery

from accounts import sql
from accounts.claims import pick
from accounts.models import Block, Person, SignIn
from accounts.types import Claims, Subject

Key = TypeVar("Key")


def is_blocked(subject: Subject) -> bool:
    """Whether an admin has blocked this identity, or a claim value that it has. One query.

    All claims count here, also those that give nothing because nobody vouches for them: an e-mail
    address that nobody verified cannot give access, and does not protect from a block either.
    """
    rows = sql.blocks(issuer=subject.issuer, sub=subject.sub)
    return any(
        not claim or _has_value(claim, value, claims=subject.claims, email=subject.email)
        for claim, value in rows
    )


def of_identity(*, issuer: str, sub: str) -> Block | None:
    """Return the block of exactly this identity."""
    return Block.objects.filter(issuer=issuer, sub=sub, claim="").first()


def of_each(subjects: Mapping[Key, Subject]) -> dict[Key, list[Block]]:
    """Return the blocks that reach each of these subjects, for lists. One query for all of them."""
    if not subjects:
        return {}
    named = Q(sub="") | Q(sub__in={subject.sub for subject in subjects.values()})
    blocks = list(Block.objects.filter(named))
    found = {
        key: [block for block in blocks if _reaches(block, subject)]
        for key, subject in subjects.items()
    }
    return {key: reaching for key, reaching in found.items() if reaching}


def known_subjects(people: Iterable[Person]) -> dict[int, Subject]:
    """Return people as subjects, by primary key, with the claims of their latest sign-in. One query."""
    by_key = {person.pk: person for person in people}
    latest = SignIn.objects.filter(person=OuterRef("pk")).order_by("-verified_at").values("claims")
    claims = (
        Person.objects.filter(pk__in=by_key)
        .annotate(latest=Subquery(latest[:1]))
        .values_list("pk", "latest")
    )
    return {
        key: Subject(
            issuer=by_key[key].issuer,
            sub=by_key[key].sub,
            email=by_key[key].email,
            claims={"preferred_username": by_key[key].username, **(found or {})},
        )
        for key, found in claims
    }


def reached_sign_ins(block: Block, *, now: datetime) -> list[SignIn]:
    """Return the open sign-ins of those whom a block refuses."""
    open_sign_ins = SignIn.objects.open_at(now).select_related("person")
    if block.sub:
        return list(open_sign_ins.filter(person__issuer=block.issuer, person__sub=block.sub))
    return [
        sign_in
        for sign_in in open_sign_ins.iterator()
        if _has_value(block.claim, block.value, claims=sign_in.claims, email=sign_in.person.email)
    ]


def look_alikes(person: Person) -> QuerySet[Person]:
    """Return the other identities that may be the same human being.

    Those with the same e-mail address, verified or not, or the same user name, at any issuer and
    without regard to letter case. A provider with pairwise `sub` gives one person an identity for
    each client, so the API's differs from the browser's.
    """
    names = {name for name in (person.email, person.username) if name}
    same = Q()
    for name in names:
        same |= Q(email__iexact=name) | Q(username__iexact=name)
    return Person.objects.filter(same).exclude(pk=person.pk) if names else Person.objects.none()


def _reaches(block: Block, subject: Subject) -> bool:
    if block.sub:
        return (block.issuer, block.sub) == (subject.issuer, subject.sub)
    return _has_value(block.claim, block.value, claims=subject.claims, email=subject.email)


def _has_value(claim: str, value: str, *, claims: Claims, email: str) -> bool:
    values = pick(claims, claim)
    if claim == "email" and email:
        # What a person is called by may come from another claim; see `accounts.oidc.subjects`.
        values = (*values, email)
    return _folded(value) in map(_folded, values)


def _folded(text: str) -> str:
    return text.strip().casefold()
