"""Look at the keys that sign the portal's tokens for AWS, and change them: `manage.py signing_keys`."""

from __future__ import annotations

from argparse import ArgumentParser
from datetime import datetime, timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError
from django.utils import timezone

from accounts.encryption import Purpose, needs_an_earlier_key
from accounts.errors import GatehouseError
from accounts.management.operators import operator_name
from accounts.models import SigningKey
from accounts.moments import in_words
from accounts.signing import audience, issuer_url, rotation, stored_keys, web_identity
from accounts.signing.documents import cache_time, is_published_here
from accounts.signing.key_states import KeyState, begins_at, signing_key, state_of
from accounts.signing.publication import what_aws_would_miss
from accounts.signing.rotation import RotationUnderWay


class Command(BaseCommand):
    help = "List or change the keys that sign the portal's tokens for AWS; see docs/issuer.md."

    def add_arguments(self, parser: ArgumentParser) -> None:
        acts = parser.add_subparsers(dest="act", metavar="ACT", required=True)
        acts.add_parser(
            "list", help="show all keys, their state, and what keeps the portal from signing"
        )
        acts.add_parser(
            "check",
            help="read both documents as AWS does; say what it would miss; exit with 0 or 1",
        )
        acts.add_parser("init", help="create the first key and its standby, if there are none")
        rotate = acts.add_parser("rotate", help="have the standby key sign once AWS knows it")
        rotate.add_argument(
            "--if-older-than",
            metavar="DAYS",
            type=int,
            default=0,
            help="do nothing while the key that signs is younger: for a timer",
        )
        emergency = acts.add_parser(
            "emergency", help="withdraw the key that signs, and have the standby sign at once"
        )
        emergency.add_argument(
            "--all",
            action="store_true",
            dest="all_keys",
            help="withdraw the standby, too, because whoever has one may have all; AWS may refuse tokens for a while",
        )
        acts.add_parser("standby", help="create a standby key, if there is none")
        acts.add_parser(
            "encrypt", help="encrypt with the current SECRET_KEY what an earlier one encrypted"
        )

    def handle(self, *, act: str, **options: Any) -> None:
        now, actor = timezone.now(), operator_name()
        try:
            getattr(self, f"_{act}")(now=now, actor=actor, **options)
        except GatehouseError as error:
            raise CommandError(error.admin_message) from None
        except DatabaseError as error:
            raise CommandError(
                f"The database refused, and nothing was changed: {error}\n"
                "Has `manage.py migrate` been run? Did somebody else change the same things just now?"
            ) from error

    def _list(self, *, now: datetime, **options: Any) -> None:
        keys = stored_keys.all_keys()
        self.stdout.write(f"Issuer {issuer_url()}, audience {audience()}")
        for key in keys:
            self.stdout.write(f"  {_line(key, keys, now)}")
        if not keys:
            self.stdout.write("  No keys yet: the first is created at the next start, or by init.")
        if fault := web_identity.why_not_able_to_sign(now=now):
            self.stderr.write(self.style.ERROR(f"The portal cannot sign: {fault}."))

    def _check(self, *, now: datetime, **options: Any) -> None:
        if missed := what_aws_would_miss(now=now):
            raise CommandError("\n".join(f"{complaint}." for complaint in missed))
        self.stdout.write(
            f"{issuer_url()} has the documents of this portal, as far as can be seen from here."
        )

    def _init(self, *, now: datetime, actor: str, **options: Any) -> None:
        created = stored_keys.create_first(now=now, actor=actor)
        self._say_created(created, otherwise="There are keys already; nothing was changed.")

    def _standby(self, *, now: datetime, actor: str, **options: Any) -> None:
        created = rotation.add_standby(now=now, actor=actor)
        self._say_created(
            [created] if created else [],
            otherwise="There is a standby key already; nothing was changed.",
        )

    def _rotate(self, *, now: datetime, actor: str, if_older_than: int, **options: Any) -> None:
        key = signing_key(stored_keys.public_keys(), now=now)
        if key and now - begins_at(key) < timedelta(days=if_older_than):
            self.stdout.write(
                f"{key} signs since {in_words(begins_at(key))}: younger than {if_older_than} days. "
                "Nothing was changed."
            )
            return
        try:
            successor = rotation.rotate(now=now, actor=actor)
        except RotationUnderWay as under_way:
            if not if_older_than:
                raise
            self.stdout.write(under_way.user_message)  # No reason for a timer to fail.
            return
        since = "now" if begins_at(successor) <= now else in_words(begins_at(successor))
        self.stdout.write(
            self.style.SUCCESS(f"{successor} ({successor.kid}) signs from {since} on.")
        )
        self._say_export()

    def _emergency(self, *, now: datetime, actor: str, all_keys: bool, **options: Any) -> None:
        successor = rotation.replace_at_once(now=now, actor=actor, all_keys_are_known=all_keys)
        self.stdout.write(
            self.style.SUCCESS(
                f"{successor} ({successor.kid}) signs from now on; those before it are withdrawn."
            )
        )
        hours = cache_time() / timedelta(hours=1)
        known_since = successor.published_at
        if known_since is None or now < known_since + cache_time():
            self.stderr.write(
                self.style.WARNING(
                    f"{successor} is new: AWS may refuse its tokens for up to {hours:g} hours, until it reads the "
                    "key set again."
                )
            )
        self.stderr.write(
            self.style.WARNING(
                f"AWS may use the key set that it has read for up to {hours:g} hours: so long whoever has a "
                "withdrawn key may open sessions. docs/issuer.md says how to end that at once."
            )
        )
        self._say_export()

    def _encrypt(self, *, now: datetime, actor: str, **options: Any) -> None:
        number = rotation.encrypt_again(now=now, actor=actor)
        self.stdout.write(
            f"Encrypted {number} key{'s' * (number != 1)} with the current SECRET_KEY."
        )
        if fault := web_identity.why_not_able_to_sign(now=now):
            raise CommandError(f"{fault}.")

    def _say_created(self, created: list[SigningKey], *, otherwise: str) -> None:
        for key in created:
            self.stdout.write(f"Created {key} ({key.kid}).")
        if created:
            self._say_export()
        else:
            self.stdout.write(otherwise)

    def _say_export(self) -> None:
        if not is_published_here():
            self.stdout.write(
                "Run manage.py export_issuer and publish what it writes: AWS does not know the new keys before."
            )


def _line(key: SigningKey, keys: list[SigningKey], now: datetime) -> str:
    state = state_of(key, keys, now=now, cache_time=cache_time())
    said = f"{key.number}  {state.value}"
    if state in (KeyState.SIGNING, KeyState.NEXT):
        word = "since" if state is KeyState.SIGNING else "from"
        said += f" ({word} {in_words(begins_at(key))})"
    elif key.withdrawn_at is not None:
        said += f" ({in_words(key.withdrawn_at)})"
    said += f"  {key.algorithm}  {key.kid}"
    if needs_an_earlier_key(key.encrypted_private_key, purpose=Purpose.SIGNING_KEYS):
        said += "  needs an earlier SECRET_KEY: run signing_keys encrypt"
    return said
