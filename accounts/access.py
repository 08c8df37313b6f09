"""THE door: decide, trust, AWS, audit, release; for keys and for the console."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.conf import settings
from django.db import Error as DatabaseError

from accounts import audit, directory, entitlements, pool, signins, trust
from accounts.aws import destinations, session_tags, signin
from accounts.aws.arn import RoleArn
from accounts.aws.limits import SHORTEST_SESSION
from accounts.errors import (
    AccessDenied,
    AuditUnavailable,
    GatehouseError,
    InvalidRequest,
    SessionTooLong,
)
from accounts.models.audit import Action
from accounts.types import (
    ConsoleSignIn,
    Credentials,
    Entitlement,
    IssuedKeys,
    Kind,
    Named,
    OfferedRole,
    Origin,
    Subject,
)

log = logging.getLogger(__name__)

_ISSUED = {Kind.KEYS: Action.KEYS_ISSUED, Kind.CONSOLE: Action.CONSOLE_ISSUED}
_DENIED = {Kind.KEYS: Action.KEYS_DENIED, Kind.CONSOLE: Action.CONSOLE_DENIED}
_FAILED = {Kind.KEYS: Action.KEYS_FAILED, Kind.CONSOLE: Action.CONSOLE_FAILED}


def issue_keys(
    *,
    subject: Subject,
    role: Named | RoleArn,
    duration: int | None,
    origin: Origin,
    now: datetime,
    tags: Mapping[str, str] = session_tags.NONE,
) -> IssuedKeys:
    """Issue temporary keys for an account role, and record it.

    `role` is asked for by its names or by its ARN. `duration` is in seconds; None asks for the longest there is. `tags` are session tags, of those
    that the permission set lets people give. Whatever happens leaves one audit row, and nothing is
    released unless that row is written.

    Raises:
        GatehouseError: refused or failed; each subclass and code says why.
    """
    attempt = _Attempt(Kind.KEYS, subject, role, duration, origin, now, tags)
    with attempt.recorded():
        entitlement = attempt.decide()
        credentials, shortened = attempt.obtain(entitlement)
    return IssuedKeys(
        entitlement=entitlement,
        credentials=credentials,
        session_name=attempt.facts["session_name"],
        duration=attempt.facts["duration"],
        audit_id=attempt.record(_ISSUED),
        shortened=shortened,
    )


def console_url(
    *,
    subject: Subject,
    role: Named | RoleArn,
    destination: str,
    duration: int | None,
    origin: Origin,
    now: datetime,
    region: str = "",
    sign_out_first: bool = False,
    tags: Mapping[str, str] = session_tags.NONE,
) -> ConsoleSignIn:
    """Open the AWS console as an account role, and record it; as `issue_keys` in all else.

    `destination` is a page of the AWS console of the account's partition; "" lands on the
    permission set's page, else on the console's home. `region` moves that page to a region.
    `sign_out_first` ends the console sessions the browser has, those of other accounts included:
    only for who asked for it.
    """
    attempt = _Attempt(Kind.CONSOLE, subject, role, duration, origin, now, tags)
    with attempt.recorded():
        entitlement = attempt.decide()
        offered = entitlement.role
        landing = destinations.landing(role=offered, destination=destination, region=region)
        attempt.detail["destination"] = landing
        credentials, _ = attempt.obtain(entitlement)
        with attempt.failures():
            url = signin.console_sign_in_url(
                credentials=credentials,
                partition=offered.partition,
                destination=landing,
                issuer=_way_back(offered, landing if destination or region else ""),
                session_duration=trust.console_duration(attempt.facts["duration"]),
                endpoint=settings.AWS_FEDERATION_ENDPOINT,
                sign_out_first=sign_out_first,
            )
    return ConsoleSignIn(entitlement=entitlement, url=url, audit_id=attempt.record(_ISSUED))


@dataclass(slots=True)
class _Attempt:
    """One knock at the door, and what is known of it so far."""

    kind: Kind
    subject: Subject
    asked: Named | RoleArn
    requested: int | None
    origin: Origin
    now: datetime
    tags: Mapping[str, str] = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=dict)
    detail: dict[str, Any] = field(default_factory=dict)
    offered: OfferedRole | None = None
    failed: bool = False

    @property
    def account_id(self) -> str:
        """The account that is asked for."""
        return self.asked.account_id

    @property
    def role_name(self) -> str:
        """The role that is asked for, as the directory calls it where it is there, and else as it was asked for."""
        if self.offered is not None:
            return self.offered.role_name
        return self.asked.role_name if isinstance(self.asked, Named) else self.asked.name

    def decide(self) -> Entitlement:
        """Return the entitlement, decided now and from the database; refuse everything else."""
        session_tags.check(self.tags)
        if self.subject.sign_in_id is not None:
            # The claims of the open sign-in, not those a caller may have held on to.
            sign_in = signins.standing(sign_in_id=self.subject.sign_in_id, now=self.now)
            self.subject = replace(signins.subject_of(sign_in), scope=self.subject.scope)
        else:
            signins.refuse_blocked(self.subject)
        if isinstance(self.asked, RoleArn):
            self.facts["role_arn"] = str(self.asked)
        self.offered = directory.offered_role(self.asked)
        # Whoever asks for a role that is nowhere is decided about all the same, and refused in the
        # same words: nobody learns by asking which roles there are.
        found = entitlements.resolve(
            subject=self.subject,
            now=self.now,
            role_name=self.role_name,
            roles=() if self.offered is None else (self.offered,),
        )
        entitlement = next(
            (granted for granted in found.granted if granted.allows(self.kind)), None
        )
        if entitlement is None:
            raise self._denial(found)
        if self.tags:
            self.detail["tags"] = dict(self.tags)
        self.facts |= {
            "role_arn": entitlement.role.arn,
            "reason": "; ".join(map(str, entitlement.because(self.kind))),
            "session_name": trust.session_name(self.subject),
        }
        longest = entitlement.session_duration
        if self.requested is not None and not SHORTEST_SESSION <= self.requested <= longest:
            raise InvalidRequest(
                f"A session with {self.role_name} lasts from 15 minutes to {_in_words(longest)}. Choose a duration in between.",
                f"duration {self.requested} is not within {SHORTEST_SESSION}..{longest}",
                code="request.duration",
            )
        self._refuse_tags_beyond(entitlement.role.session_tags)
        return entitlement

    def obtain(self, entitlement: Entitlement) -> tuple[Credentials, str]:
        """Return keys from AWS, and why their life is shorter than the role's; "" if it is not.

        A duration somebody chose is never shortened in silence; where nobody chose, the
        longest that AWS gives is what was asked for.
        """
        limit = trust.session_limit(entitlement.role)
        with self.failures():
            if self.requested is not None:
                return self._ask(entitlement, self.requested), ""
            try:
                return self._ask(entitlement, limit.seconds), limit.because
            except SessionTooLong as too_long:
                if too_long.allowed is None or too_long.allowed >= limit.seconds:
                    raise
                shortened = (
                    f"Valid for {_in_words(too_long.allowed)} instead of {_in_words(limit.seconds)}: "
                    "AWS gives no longer session with this role from here."
                )
                return self._ask(entitlement, too_long.allowed), shortened

    def _ask(self, entitlement: Entitlement, duration: int) -> Credentials:
        self.facts["duration"] = duration
        pool.give_back()
        credentials = trust.obtain(
            role=entitlement.role,
            session_name=self.facts["session_name"],
            duration=duration,
            tags=self.tags,
        )
        self.facts |= {
            "access_key_id": credentials.access_key_id,
            "assumed_role_arn": credentials.assumed_role_arn,
            "aws_request_id": credentials.request_id,
        }
        return credentials

    def _refuse_tags_beyond(self, given: tuple[str, ...]) -> None:
        """Refuse keys that the permission set does not name, letter by letter: AWS ignores their case."""
        refused = [key for key in self.tags if key not in given]
        if refused:
            known = f"It takes {', '.join(given)}." if given else "It takes none."
            raise AccessDenied(
                f"{self.role_name} does not take the session tag “{refused[0]}”. {known}",
                f"the permission set does not name the session tags {', '.join(refused)}",
                code="access.tag_denied",
            )

    @contextmanager
    def recorded(self) -> Iterator[None]:
        """Record a refusal or a failure before it is passed on."""
        try:
            yield
        except GatehouseError as error:
            self.facts |= {"error_code": error.code, "reason": error.admin_message}
            self.record(_FAILED if self.failed else _DENIED)
            raise
        except Exception as error:
            self.facts |= {
                "error_code": "internal",
                "reason": f"{type(error).__name__}; the log has more",
            }
            self.record(_FAILED)
            raise

    @contextmanager
    def failures(self) -> Iterator[None]:
        """Mark that from here on it is AWS that says no, not the portal."""
        self.failed = True
        yield
        self.failed = False

    def record(self, actions: dict[Kind, Action]) -> UUID:
        """Write the audit row; without it nothing is released."""
        facts = {"duration": self.requested, "detail": self.detail, **self.facts}
        if self.subject.token_id is not None:
            self.detail["token"] = str(self.subject.token_id)
        try:
            return audit.record(
                action=actions[self.kind],
                now=self.now,
                origin=self.origin,
                subject=self.subject,
                account_id=self.account_id,
                role_name=self.role_name,
                **facts,
            )
        except DatabaseError as error:
            log.critical(
                "audit row not written, nothing released: %s",
                facts.get("access_key_id", "no key"),
            )
            raise AuditUnavailable(
                "This could not be recorded, so nothing was issued. Try again in a moment.",
                f"the audit row could not be written: {type(error).__name__}",
            ) from error

    def _denial(self, found: entitlements.Entitlements) -> AccessDenied:
        # Whoever is entitled to nothing must not fill the trail, which never forgets, with long names.
        asked = f"{self.role_name!r:.200} in {self.account_id!r:.40}"
        scope = self.subject.scope
        if scope is not None and not (
            self.kind in scope.kinds
            and scope.covers(account_id=self.account_id, role_name=self.role_name)
        ):
            return AccessDenied(
                "This token is not for that. Use one whose scope includes this role, this account "
                "and what is asked for.",
                f"the token's scope does not include {self.kind} with {asked}",
                code="access.scope",
            )
        if found.granted:
            other = "keys" if self.kind is Kind.CONSOLE else "the console"
            return AccessDenied(
                f"{self.role_name} in this account is for {other} only.",
                f"{self.kind} is not given by: {'; '.join(map(str, found.granted[0].reasons))}",
                code="access.kind_denied",
            )
        if found.problems:
            return AccessDenied(
                f"{found.problems[0].message} So it cannot be told whether you have this role. "
                "Ask the people who run the portal; signing in again does not help.",
                "; ".join(f"{problem.code}: {problem.claim}" for problem in found.problems),
                code=found.problems[0].code,
            )
        look = "Check the ARN letter by letter, the path included. "
        return AccessDenied(
            f"You do not have this role in this account. {look if isinstance(self.asked, RoleArn) else ''}"
            "Roles come from your groups at the identity provider; if yours changed a moment ago, sign out and in again.",
            f"no mapping in force gives {asked}",
        )


def _way_back(role: OfferedRole, asked_for: str) -> str:
    """Return where AWS sends people when a console session expires: to the same role and page here."""
    link = {"account_id": role.account_id, "role_name": role.role_name}
    if asked_for:
        link["destination"] = asked_for
    return f"{settings.BASE_URL}/console?{urlencode(link)}"


def _in_words(seconds: int) -> str:
    if seconds % 3600 == 0:
        hours = seconds // 3600
        return "1 hour" if hours == 1 else f"{hours} hours"
    return f"{seconds // 60} minutes"
