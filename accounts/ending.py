"""End what people have in this portal: sign-ins with their command lines and tokens, or a command line alone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from accounts import signins
from accounts.errors import AccessDenied
from accounts.messages import Message
from accounts.models import Approval, CliToken, Person, SignIn, Token
from accounts.models.signins import EndedBy
from accounts.portal_tokens import lifecycle
from accounts.sso import client_tokens
from accounts.types import Origin

Row = TypeVar("Row", Approval, Token)


@dataclass(frozen=True, slots=True)
class Ended:
    """How many sign-ins were ended, with how many command lines, and how many tokens were revoked."""

    sign_ins: int
    command_lines: int
    tokens: int

    @property
    def in_words(self) -> Message:
        """Return "2 sign-ins and 1 command line ended, 1 token revoked"."""
        sign_ins = Message.counted("%(count)s sign-in", "%(count)s sign-ins", count=self.sign_ins)
        command_lines = Message.counted(
            "%(count)s command line", "%(count)s command lines", count=self.command_lines
        )
        tokens = Message.counted("%(count)s token", "%(count)s tokens", count=self.tokens)
        ended = (
            Message(
                "%(sign_ins)s and %(command_lines)s ended",
                sign_ins=sign_ins,
                command_lines=command_lines,
            )
            if self.command_lines
            else Message("%(sign_ins)s ended", sign_ins=sign_ins)
        )
        if self.tokens:
            return Message("%(ended)s, %(tokens)s revoked", ended=ended, tokens=tokens)
        return ended


@dataclass(frozen=True, slots=True)
class OpenSignIn:
    """An open sign-in, and what ends with it: its live command lines, and the live tokens that were created in it."""

    sign_in: SignIn
    command_lines: tuple[Approval, ...]
    tokens: tuple[Token, ...]


def open_sign_ins(person: Person, *, now: datetime) -> list[OpenSignIn]:
    """Return a person's open sign-ins, what was used last first. Three queries."""
    sign_ins = SignIn.objects.open_at(now).filter(person=person).order_by("-last_used_at")
    # Neither the claims nor the provider's tokens are needed to see or end a sign-in.
    found = list(sign_ins.only(*_SHOWN).select_related(None))
    command_lines = _by_sign_in(live_command_lines(found, now=now))
    tokens = _by_sign_in(_live_tokens(person, now=now).filter(sign_in__in=found))
    for sign_in in found:
        sign_in.person = person
    return [
        OpenSignIn(
            sign_in, tuple(command_lines.get(sign_in.pk, ())), tuple(tokens.get(sign_in.pk, ()))
        )
        for sign_in in found
    ]


def live_tokens(person: Person, *, now: datetime) -> QuerySet[Token]:
    """Return the live tokens that act as this person, newest first."""
    return _live_tokens(person, now=now).order_by("-created_at")


def end_one(*, sign_in_id: UUID, by: SignIn, origin: Origin, now: datetime) -> Ended:
    """End one of one's own sign-ins; one that is over already stays as it is.

    Raises:
        SignInAgain: the sign-in in which this is asked is no longer open.
        AccessDenied: there is none with this id, or it is somebody else's; the answer does not say which.
    """
    person = signins.get_open(sign_in_id=by.pk, now=now).person
    own = SignIn.objects.filter(person=person, pk=sign_in_id)
    if not own.exists():
        raise AccessDenied(
            Message("You do not have this sign-in. Reload the list of your sign-ins."),
            f"{person} may not end the sign-in {sign_in_id}",
            code="sign_in.not_yours",
        )
    reason = "signed out" if sign_in_id == by.pk else "ended by the person in another sign-in"
    return end_all(own & SignIn.objects.open_at(now), reason=reason, origin=origin, now=now)


def end_others(*, by: SignIn, tokens_too: bool, origin: Origin, now: datetime) -> Ended:
    """End one's own sign-ins except the one in which this is asked, and if so chosen all of one's tokens.

    Raises:
        SignInAgain: the sign-in in which this is asked is no longer open.
    """
    person = signins.get_open(sign_in_id=by.pk, now=now).person
    others = SignIn.objects.open_at(now).filter(person=person).exclude(pk=by.pk)
    return end_all(
        others,
        people=(person,) if tokens_too else (),
        reason="ended by the person in another sign-in",
        origin=origin,
        now=now,
    )


def end_own(*, by: SignIn, tokens_too: bool, origin: Origin, now: datetime) -> Ended:
    """End all of one's own sign-ins, and if so chosen all of one's tokens.

    Raises:
        SignInAgain: the sign-in in which this is asked is no longer open.
    """
    person = signins.get_open(sign_in_id=by.pk, now=now).person
    return end_all(
        SignIn.objects.open_at(now).filter(person=person),
        people=(person,) if tokens_too else (),
        reason="signed out everywhere",
        origin=origin,
        now=now,
    )


def end_command_line(*, approval_id: UUID, by: SignIn, origin: Origin, now: datetime) -> Approval:
    """End one of one's own command lines; one that has ended already stays as it is.

    Raises:
        SignInAgain: the sign-in in which this is asked is no longer open.
        AccessDenied: there is none with this id, or it is somebody else's; the answer does not say which.
    """
    person = signins.get_open(sign_in_id=by.pk, now=now).person
    approval = (
        Approval.objects.select_related("sign_in__person")
        .filter(pk=approval_id, sign_in__person=person)
        .first()
    )
    if approval is None:
        raise AccessDenied(
            Message("You do not have this command line. Reload the list of your sign-ins."),
            f"{person} may not end the command line {approval_id}",
            code="command_line.not_yours",
        )
    client_tokens.end(approval, reason="ended by the person", origin=origin, now=now)
    return approval


def end_all(
    sign_ins: QuerySet[SignIn],
    *,
    people: Iterable[Person] = (),
    tokens_of: QuerySet[SignIn] | None = None,
    ended_by: EndedBy = EndedBy.PERSON,
    reason: str,
    origin: Origin,
    now: datetime,
) -> Ended:
    """End sign-ins with their command lines and the tokens that were created in them, and all tokens of `people`.

    `tokens_of`: sign-ins whose tokens are revoked, too, although they may have ended before.
    """
    with transaction.atomic():
        ended = list(sign_ins.select_related("person"))
        command_lines = live_command_lines(ended, now=now).count()
        tokens = Q(sign_in__in=ended) | Q(created_by__in=list(people))
        if tokens_of is not None:
            tokens |= Q(sign_in__in=tokens_of)
        revoked = lifecycle.revoke_personal(
            Token.objects.filter(tokens), reason=reason, origin=origin, now=now
        )
        for sign_in in ended:
            signins.end(sign_in=sign_in, reason=reason, ended_by=ended_by, origin=origin, now=now)
    return Ended(len(ended), command_lines, len(revoked))


_SHOWN = (
    "id",
    "person_id",
    "started_at",
    "last_used_at",
    "expires_at",
    "ended_at",
    "ip",
    "user_agent",
)


def live_command_lines(sign_ins: Iterable[SignIn], *, now: datetime) -> QuerySet[Approval]:
    """Return the command lines of these sign-ins that have a token, or may still fetch one."""
    token = CliToken.objects.filter(approval=OuterRef("pk"), expires_at__gt=now)
    return Approval.objects.filter(
        Exists(token) | Q(redeemed_at=None, expires_at__gt=now),
        sign_in__in=list(sign_ins),
        approved_at__isnull=False,
        revoked_at=None,
    ).order_by("-approved_at")


def _live_tokens(person: Person, *, now: datetime) -> QuerySet[Token]:
    return Token.objects.filter(
        created_by=person, machine="", revoked_at=None, expires_at__gt=now
    ).defer("digest")


def _by_sign_in(rows: Iterable[Row]) -> Mapping[UUID | None, list[Row]]:
    found: dict[UUID | None, list[Row]] = {}
    for row in rows:
        found.setdefault(row.sign_in_id, []).append(row)
    return found
