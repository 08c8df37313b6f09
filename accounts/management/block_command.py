"""What `manage.py block` and `manage.py unblock` have in common: whom they name."""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Sequence
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError

from accounts.models import Block, Person


class BlockCommand(BaseCommand):
    """Takes one identity (--issuer, --sub), all identities with an address (--email), or a claim value."""

    # In an emergency this works although the portal cannot start.
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--issuer", default="", help="the identity provider of one identity")
        parser.add_argument("--sub", default="", help="its identifier there, with --issuer")
        parser.add_argument(
            "--email", default="", help="all identities seen with this address, verified or not"
        )
        parser.add_argument("--claim", default="", help="everybody with a claim value: the claim")
        parser.add_argument(
            "--value", default="", help="the value, with --claim; its case is ignored"
        )
        parser.add_argument(
            "--dry-run", action="store_true", help="say what would change, and change nothing"
        )

    def handle(self, **options: Any) -> None:
        named = {key: options[key] for key in ("issuer", "sub", "email", "claim", "value")}
        try:
            self.act(_named(**named), **options)
        except ValidationError as error:
            raise CommandError(f"{' '.join(error.messages)} Nothing was changed.") from None
        except DatabaseError as error:
            raise CommandError(
                f"The database refused, and nothing was changed: {error}\n"
                "Has `manage.py migrate` been run?"
            ) from error

    def act(self, whom: Sequence[Block], **options: Any) -> None:
        """Do it to blocks that are not saved yet."""
        raise NotImplementedError


def _named(*, issuer: str, sub: str, email: str, claim: str, value: str) -> list[Block]:
    given = [bool(issuer and sub), bool(email), bool(claim and value)]
    if sum(given) != 1 or sum(map(bool, (issuer, sub, email, claim, value))) > 2 - bool(email):
        raise CommandError(
            "Name whom: --issuer and --sub for one identity, --email for all identities seen with an "
            "address, or --claim and --value for everybody with a claim value. Nothing was changed."
        )
    if not email:
        return [Block(issuer=issuer, sub=sub, claim=claim, value=value)]
    people = Person.objects.filter(email__iexact=email.strip())
    if not people:
        raise CommandError(
            f"Nobody has been seen with the address {email}. For whoever comes with it: "
            "--claim email --value ADDRESS. Nothing was changed."
        )
    return [Block(issuer=person.issuer, sub=person.sub) for person in people]
