"""Explain access: `manage.py explain --person ADDRESS`, and `manage.py explain --who --environment production`."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError
from django.utils import timezone

from accounts import moments
from accounts.errors import GatehouseError
from accounts.explanations import (
    Asked,
    Question,
    RoleExplanation,
    explain,
    explain_role,
    find_people,
    of_person,
    pasted,
    rows,
    who_can,
)
from accounts.explanations.who import WhoCan
from accounts.types import Entitlement, Kind
from accounts.visible import visible


class Command(BaseCommand):
    help = (
        "Say what a person, or claims, may enter and by which mapping; for one role, mapping by mapping, what is missing; "
        "or with --who, who can enter. It decides as the door does, and changes nothing; see docs/explain.md."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        about = parser.add_mutually_exclusive_group(required=True)
        about.add_argument(
            "--person",
            metavar="TEXT",
            help="an e-mail address, `sub`, user name, or part of a name",
        )
        about.add_argument(
            "--claims",
            metavar="FILE",
            help="a JWT, its payload, or claims as JSON; “-” reads them from the standard input. Never an argument: others "
            "can read those",
        )
        about.add_argument("--who", action="store_true", help="who can enter what the options name")
        parser.add_argument(
            "--account", metavar="ID", default="", help="an account's twelve digits"
        )
        parser.add_argument("--role", metavar="NAME", default="", help="a permission set")
        parser.add_argument("--environment", metavar="NAME", default="", help="only with --who")
        parser.add_argument("--privileged", action="store_true", help="only with --who")
        parser.add_argument(
            "--csv", action="store_true", help="only with --who: a row for each role"
        )

    def handle(self, **options: Any) -> None:
        try:
            for line in self._lines(**options):
                self.stdout.write(line)
        except GatehouseError as error:
            raise CommandError(error.user_message) from error
        except DatabaseError as error:
            raise CommandError(
                f"The database refused: {error}\nHas `manage.py migrate` been run?"
            ) from error

    def _lines(self, **options: Any) -> Iterator[str]:
        account_id, role_name = options["account"], options["role"]
        if options["who"]:
            question = Question(
                account_id=account_id,
                role_name=role_name,
                environment=options["environment"],
                privileged=options["privileged"],
            )
            answer = who_can(question, now=timezone.now())
            return (
                (text.removesuffix("\r\n") for text in rows.csv_file(answer))
                if options["csv"]
                else _who(answer)
            )
        if options["environment"] or options["privileged"] or options["csv"]:
            raise CommandError("--environment, --privileged and --csv go with --who.")
        if bool(account_id) != bool(role_name):
            raise CommandError("Name both --account and --role, or neither.")
        return _explained(_asked(**options), account_id, role_name)


def _asked(*, person: str | None, claims: str | None, **options: Any) -> Asked:
    now = timezone.now()
    if person is None:
        try:
            text = sys.stdin.read() if claims == "-" else Path(str(claims)).read_text()
        except (OSError, ValueError) as error:
            raise CommandError(f"{claims} cannot be read.") from error
        return pasted(text, now=now)
    found = find_people(person)
    if not found:
        raise CommandError("Nobody of this name has been seen. Paste their claims: --claims FILE.")
    if len(found) > 1:
        names = "\n".join(f"  {one}: {one.identity}" for one in found)
        raise CommandError(f"Several people are called so. Name one by the sub:\n{names}")
    return of_person(found[0], now=now)


def _explained(asked: Asked, account_id: str, role_name: str) -> Iterator[str]:
    subject, now = asked.subject, timezone.now()
    yield f"{visible(subject.label)}: {visible(subject.sub)} at {visible(subject.issuer)}"
    if asked.verified_at is not None:
        yield f"Claims of {moments.in_words(asked.verified_at)}."
    yield from asked.notes
    if role_name:
        yield from _role(explain_role(subject, account_id=account_id, role_name=role_name, now=now))
        return
    explanation = explain(subject, now=now)
    for block in explanation.blocks:
        yield f"Blocked, so nothing is given: {block} ({visible(block.reason)})"
    for problem in explanation.problems:
        yield str(problem.message)
    if not explanation.granted:
        yield "No mapping in force gives them a role."
    for entitlement in explanation.granted:
        yield _entitlement(entitlement)


def _entitlement(entitlement: Entitlement) -> str:
    role = entitlement.role
    kinds = " and ".join(kind.value for kind in Kind if entitlement.allows(kind))
    reasons = "; ".join(visible(str(reason)) for reason in entitlement.reasons)
    return f"{role.account_id} {visible(role.account_name)} {role.role_name}: {kinds}, by {reasons}"


def _role(explanation: RoleExplanation) -> Iterator[str]:
    for kind, refusal in explanation.refusals.items():
        answer = "yes" if refusal is None else f"no: {refusal.user_message}"
        yield f"{explanation.role_name} in {explanation.account_id}, {kind.value}: {answer}"
    if explanation.absent:
        yield explanation.absent
    for line in explanation.lines:
        value = f", by “{visible(line.value)}”" if line.value else ""
        gives = " and ".join(kind.value for kind in line.kinds)
        says = f"gives {gives}{value}." if gives else " ".join(line.missing)
        yield f"  {line.name} ({line.claim} = {visible(line.wanted)}): {says}"
    if explanation.more:
        yield f"  and {explanation.more:,} mappings that are further away"


def _who(answer: WhoCan) -> Iterator[str]:
    for one in answer.people:
        subject = one.person.subject
        yield (
            f"{one.person.label} ({visible(subject.sub)} at {visible(subject.issuer)}), claims of "
            f"{moments.in_words(one.person.verified_at)}"
        )
        for gained in one.gained:
            where = f" in {gained.environment}" if gained.environment else ""
            number = "1 account" if gained.accounts == 1 else f"{gained.accounts:,} accounts"
            yield f"  {gained.role_name}{where}: {number}"
        yield f"  by {'; '.join(visible(str(grant)) for grant in one.grants)}"
    if not answer.people:
        yield "Nobody seen so far can enter."
    yield f"Looked at: {answer.looked_at:,} people. Left out: {answer.blocked:,} blocked, {answer.unknown:,} without a sign-in on record."
    if answer.cut:
        yield "There are more people than were looked at."
    for value in answer.values:
        issuer = f" of programs of {value.issuer}" if value.issuer else ""
        yield f"Claim value{issuer}: {value.rule.claim} = {visible(value.rule.value)} ({value.rule.name}), {value.people:,} people"
