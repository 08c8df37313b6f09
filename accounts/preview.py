"""Preview a mapping: which account roles it gives, and to which of the people who have signed in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from django.db.models import OuterRef, Subquery

from accounts import moments
from accounts.blocks import known_subjects, of_each
from accounts.claims import ARRIVED_EMPTY, arrived, pick, problems, why_unread
from accounts.directory import offered_roles
from accounts.entitlements import decide
from accounts.matching import Rule
from accounts.models import Mapping, Person, SignIn
from accounts.near_misses import by_folded, difference, folded
from accounts.patterns import Match, render, wildcard
from accounts.rules import rule_of
from accounts.types import Entitlement, OfferedRole
from accounts.vouched_claims import counted

# Only the people who signed in last are looked at.
PEOPLE = 500
# How many near misses are named.
_NEAR_MISSES = 5
# How many values are looked at for them: of 500 people with 200 groups each.
_MOST_COMPARED = 100_000


@dataclass(frozen=True, slots=True)
class Recipient:
    """A person who gets something unless blocked: what, and by which claim values of their latest sign-in."""

    person: Person
    blocked: bool
    signed_in_at: datetime
    values: tuple[str, ...]
    given: tuple[Entitlement, ...]


@dataclass(frozen=True, slots=True)
class Preview:
    """What a mapping gives and to whom. `notes` say for admins why it gives nothing, or less than expected.

    While it is disabled or expired, `in_force` is false and `given` is what it would give. The
    reason of each entitlement holds the claim value that gives it. `looked_at` counts people; `cut`
    says that more than `PEOPLE` have signed in.
    """

    in_force: bool
    given: tuple[Entitlement, ...]
    recipients: tuple[Recipient, ...]
    looked_at: int
    cut: bool
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _PersonSeen:
    person: Person
    signed_in_at: datetime
    values: frozenset[str]
    incomplete: bool
    # Why values of the claim do not count, where some do not.
    unread: str = ""


def preview(*, mapping: Mapping, now: datetime) -> Preview:
    """Return what a stored mapping gives now, in at most 4 queries."""
    in_force, notes = _in_force(mapping, now)
    rule = rule_of(mapping)
    seen, cut = ([], False) if mapping.issuer else _people_seen(mapping.claim)
    if rule is None:
        notes.append("It names no accounts, so it gives nothing: add a target.")
        return Preview(in_force, (), (), len(seen), cut, tuple(notes))

    roles = [
        role
        for role in offered_roles(rules=[rule])
        if rule.role_name in (None, role.role_name) and rule.targets.reach(role)
    ]
    # Decide as the door does, for somebody who has every claim value that could matter.
    needed = frozenset(value for role in roles if (value := _needed(rule, role)) is not None)
    given = decide(rules=[rule], values={rule.claim: needed}, roles=roles)
    notes += _about_roles(rule, roles, given)
    recipients = _recipients(rule, given, seen)
    notes += [] if mapping.issuer else _about_people(rule, seen, recipients)
    notes += [] if mapping.issuer else _near_misses(rule, needed, seen)
    return Preview(in_force, given, recipients, len(seen), cut, tuple(notes))


def _in_force(mapping: Mapping, now: datetime) -> tuple[bool, list[str]]:
    notes = []
    if not mapping.enabled:
        notes.append("It is disabled, so it gives nothing now. Once enabled, it would do this:")
    if mapping.expires_at is not None and mapping.expires_at <= now:
        notes.append(
            f"It expired on {moments.in_words(mapping.expires_at)}, so it gives nothing now. "
            "With a later date it would do this:"
        )
    in_force = not notes
    if mapping.issuer is not None:
        notes.append(f"It is for workloads of {mapping.issuer}: no person gets anything by it.")
        if not mapping.issuer.enabled:
            in_force = False
            notes.append("That issuer is disabled, so it gives nothing now.")
    return in_force, notes


def _people_seen(claim: str) -> tuple[list[_PersonSeen], bool]:
    """Return the people who signed in last, each with the claim's values of the latest sign-in."""
    latest = SignIn.objects.filter(person=OuterRef("pk")).order_by("-started_at")
    people = list(
        Person.objects.exclude(last_login=None)
        .annotate(latest=Subquery(latest.values("pk")[:1]))
        .exclude(latest=None)
        .order_by("-last_login", "-pk")[: PEOPLE + 1]
    )
    by_id = {person.pk: person for person in people[:PEOPLE]}
    rows = (
        SignIn.objects.filter(pk__in=[person.latest for person in by_id.values()])
        .order_by("-started_at")
        .values_list("person_id", "started_at", "claims")
    )
    seen = []
    for person_id, started_at, claims in rows:
        person = by_id[person_id]
        incomplete = bool(problems(claims, [claim], issuer=person.issuer))
        sent = counted(claims, issuer=person.issuer)
        values = frozenset() if incomplete else frozenset(pick(sent, claim))
        unread = why_unread(sent, claim) if arrived(sent, claim) is not None else ""
        if unread == ARRIVED_EMPTY:
            unread = ""
        if not values and not unread and pick(claims, claim):
            unread = "Addresses arrived that nobody verified, which do not count."
        seen.append(_PersonSeen(person, started_at, values, incomplete, unread))
    return seen, len(people) > PEOPLE


def _needed(rule: Rule, role: OfferedRole) -> str | None:
    """Return a claim value that gives this role; None if the role lacks what a template names."""
    if rule.match is Match.TEMPLATE:
        return render(rule.value, role)
    return rule.value


def _recipients(
    rule: Rule, given: tuple[Entitlement, ...], seen: Sequence[_PersonSeen]
) -> tuple[Recipient, ...]:
    by_value: dict[str, list[Entitlement]] = {}
    for entitlement in given:
        by_value.setdefault(entitlement.reasons[0].value, []).append(entitlement)
    gaining = []
    for person in seen:
        if rule.match is Match.WILDCARD:
            # Any matching value gives all of it.
            values = sorted(
                value for value in rule.read(person.values) if wildcard(rule.value, value)
            )
            gained = given if values else ()
        else:
            # Each role has exactly one value that gives it.
            values = sorted(rule.read(person.values) & by_value.keys())
            gained = tuple(each for value in values for each in by_value[value])
        if gained:
            gaining.append((person, tuple(values), gained))
    blocked = of_each(known_subjects(person.person for person, _, _ in gaining))
    return tuple(
        Recipient(one.person, one.person.pk in blocked, one.signed_in_at, values, gained)
        for one, values, gained in gaining
    )


def _about_roles(
    rule: Rule, roles: Sequence[OfferedRole], given: Sequence[Entitlement]
) -> list[str]:
    if not roles:
        what = rule.role_name or "a permission set"
        return [
            f"No active account among its targets offers {what}, so it gives nothing. "
            "Add the permission set to an account's roles."
        ]
    if missing := sum(_needed(rule, role) is None for role in roles):
        return [
            f"{missing} of the {len(roles)} roles among its targets lack what the template names, "
            "such as an environment of the account, and are left out."
        ]
    if not given:
        return [
            "The permission set offers only the console or only keys, and the mapping gives only "
            "the other, so together they give nothing."
        ]
    return []


def _near_misses(rule: Rule, needed: frozenset[str], seen: Sequence[_PersonSeen]) -> list[str]:
    """Say which values of people only look like one that gives something."""
    wanted = by_folded(needed | {rule.value} if rule.match is Match.EXACT else needed)
    people: dict[tuple[str, str, str], list[str]] = {}
    values = ((one, value) for one in seen for value in rule.read(one.values))
    for one, value in islice(values, _MOST_COMPARED):
        if rule.match is Match.WILDCARD:
            if not wildcard(rule.value, value) and wildcard(folded(rule.value), folded(value)):
                way = "upper and lower case, spaces at its ends or Unicode form"
                people.setdefault((value, rule.value, way), []).append(str(one.person))
            continue
        for text in wanted.get(folded(value), ()):
            if value not in needed and (way := difference(value, text)):
                people.setdefault((value, text, way), []).append(str(one.person))
    return [
        f"Nearly matching: “{value}” of {names[0]}{f' and {len(names) - 1} more' if names[1:] else ''} is not "
        f"“{text}”; they differ in {way}. Values are compared letter by letter."
        for (value, text, way), names in sorted(people.items())[:_NEAR_MISSES]
    ]


def _about_people(
    rule: Rule, seen: Sequence[_PersonSeen], recipients: Sequence[Recipient]
) -> list[str]:
    notes = []
    if incomplete := sum(one.incomplete for one in seen):
        notes.append(
            f"For {incomplete} of the people the identity provider left “{rule.claim}” out or cut it "
            "short. An incomplete claim gives nothing."
        )
    unread = sorted({one.unread for one in seen if one.unread and not one.incomplete})
    for reason in unread[:_NEAR_MISSES]:
        number = sum(one.unread == reason for one in seen)
        notes.append(f"Of {number} {'person' if number == 1 else 'people'}: {reason}")
    if not recipients and not seen:
        notes.append("Nobody has signed in yet.")
    elif not recipients and not any(one.values for one in seen):
        notes.append(f"Nobody who has signed in so far has values in the claim “{rule.claim}”.")
    elif not recipients:
        notes.append("Nobody who has signed in so far has a claim value that it matches.")
    return notes
