"""The one door: decide, obtain from AWS, record, release; for keys and for the console."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from urllib.parse import urlencode

from django.conf import settings
from django.db import Error as DatabaseError

from accounts import (
    denials,
    directory,
    durations,
    entitlements,
    pool,
    reverification,
    signins,
    step_up,
    trust,
    trust_results,
)
from accounts.attempts import Attempt, Outcome
from accounts.aws import destinations, session_tags, signin
from accounts.aws.arn import RoleArn
from accounts.aws.errors import CHAINED
from accounts.aws.limits import SHORTEST_SESSION
from accounts.errors import AccessDenied, AuditUnavailable, InvalidRequest, SessionTooLong
from accounts.messages import Message
from accounts.trust.session_names import session_name
from accounts.trust.session_requests import session_request
from accounts.types import (
    AskedRole,
    ConsoleSignIn,
    Credentials,
    Entitlement,
    IssuedKeys,
    Kind,
    OfferedRole,
    Origin,
    RoleRef,
    SessionRequest,
    Subject,
)
from accounts.writability import BELIEVED, why_not_writable


def issue_keys(
    *,
    subject: Subject,
    role: RoleRef | RoleArn,
    duration: int | None,
    origin: Origin,
    now: datetime,
    tags: Mapping[str, str] = session_tags.NONE,
    read_only: bool = False,
) -> IssuedKeys:
    """Issue temporary keys for an account role.

    `duration` is in seconds; None stands for the longest possible. `tags` are session tags; the
    permission set says which. `read_only` asks for less: what the permission set's read-only policy
    leaves, refused where it has none; the scope of a token can ask for it in all that it gets. Every attempt leaves one audit row, and nothing is released unless
    that row is written.

    Raises:
        GatehouseError: refused or failed; each subclass and code says why.
    """
    read_only = read_only or _is_read_only(subject)
    attempt = _attempt(Kind.KEYS, subject, role, duration, origin, now)
    with attempt.recorded_as(Outcome.DENIED):
        entitlement, request = _decide(attempt, role, duration, tags, read_only)
    with attempt.recorded_as(Outcome.FAILED):
        _check_recordable()
        session = _obtain(attempt, request, duration)
    audit_id = attempt.record(Outcome.ISSUED)
    return IssuedKeys(
        entitlement=entitlement,
        credentials=session.credentials,
        session_name=attempt.session_name,
        duration=session.duration,
        audit_id=audit_id,
        shortened=session.shortened,
        read_only=read_only,
    )


def console_url(
    *,
    subject: Subject,
    role: RoleRef | RoleArn,
    destination: str,
    duration: int | None,
    origin: Origin,
    now: datetime,
    region: str = "",
    sign_out_first: bool = False,
    tags: Mapping[str, str] = session_tags.NONE,
    read_only: bool = False,
) -> ConsoleSignIn:
    """Return a URL that opens the AWS console as an account role. All else is as in `issue_keys`.

    `destination` is a page of the AWS console of the account's partition; "" stands for the
    permission set's page, else the console's home. `region` moves that page to a region.
    `sign_out_first` ends all console sessions of the browser, also those of other accounts. An account with
    the trust method switch-role has AWS's own page for this, which takes none of these.
    """
    read_only = read_only or _is_read_only(subject)
    attempt = _attempt(Kind.CONSOLE, subject, role, duration, origin, now)
    with attempt.recorded_as(Outcome.DENIED):
        entitlement, request = _decide(attempt, role, duration, tags, read_only)
        role_is_a_link = trust.is_link(entitlement.role)
        if role_is_a_link:
            _check_link(destination=destination, region=region, duration=duration)
        else:
            attempt.destination = destinations.landing(
                role=entitlement.role, destination=destination, region=region
            )
    with attempt.recorded_as(Outcome.FAILED):
        _check_recordable()
        if role_is_a_link:
            url = attempt.destination = trust.console_link(entitlement.role)
        else:
            session = _obtain(attempt, request, duration)
            chosen = attempt.destination if destination or region else ""
            url = signin.console_sign_in_url(
                credentials=session.credentials,
                partition=entitlement.role.partition,
                destination=attempt.destination,
                issuer=_return_address(entitlement.role, chosen, read_only=read_only),
                session_duration=trust.console_duration(entitlement.role, session.duration),
                endpoint=settings.AWS_FEDERATION_ENDPOINT,
                sign_out_first=sign_out_first,
            )
    audit_id = attempt.record(Outcome.ISSUED)
    return ConsoleSignIn(entitlement=entitlement, url=url, audit_id=audit_id)


def _attempt(
    kind: Kind,
    subject: Subject,
    role: RoleRef | RoleArn,
    duration: int | None,
    origin: Origin,
    now: datetime,
) -> Attempt:
    name = role.name if isinstance(role, RoleArn) else role.role_name
    return Attempt(
        kind=kind,
        asked=AskedRole(kind, role.account_id, name),
        subject=subject,
        account_id=role.account_id,
        role_name=name,
        role_arn=str(role) if isinstance(role, RoleArn) else "",
        duration=duration,
        origin=origin,
        now=now,
    )


def _decide(
    attempt: Attempt,
    role: RoleRef | RoleArn,
    duration: int | None,
    tags: Mapping[str, str],
    read_only: bool,
) -> tuple[Entitlement, SessionRequest]:
    """Return the entitlement, decided now and from the database, and what AWS is asked for; refuse everything else."""
    attempt.session_policy = "read-only" if read_only else ""
    session_tags.check(tags)
    attempt.subject = _current(attempt.subject, origin=attempt.origin, now=attempt.now)
    offered = directory.offered_role(role)
    if offered is not None:
        attempt.role_name = offered.role_name
    # A role that does not exist is decided and refused like one that is not given, so that nobody
    # learns by asking which roles exist.
    decided = entitlements.resolve(
        subject=attempt.subject,
        now=attempt.now,
        role_name=attempt.role_name,
        roles=() if offered is None else (offered,),
    )
    given = decided.giving(attempt.kind)
    if not given:
        if offered is not None and trust.is_link(offered) and attempt.subject.scope is not None:
            # A scope of keys alone leaves nothing of it; whoever has the role is told why.
            decided = entitlements.resolve(
                subject=replace(attempt.subject, scope=None), now=attempt.now, roles=(offered,)
            )
        raise denials.of_role(
            decided,
            subject=attempt.subject,
            kind=attempt.kind,
            account_id=attempt.account_id,
            role_name=attempt.role_name,
            by_arn=isinstance(role, RoleArn),
        )
    entitlement = given[0]
    attempt.tags = tags
    attempt.role_arn = entitlement.role.arn
    attempt.reason = "; ".join(map(str, entitlement.because(attempt.kind)))
    attempt.session_name = session_name(attempt.subject)
    step_up.require(role=entitlement.role, subject=attempt.subject, now=attempt.now)
    _check_duration(entitlement, duration)
    _check_tags(entitlement.role, tags)
    trust.refuse_unfit(role=entitlement.role, subject=attempt.subject, kind=attempt.kind, tags=tags)
    request = session_request(
        role=entitlement.role,
        subject=attempt.subject,
        duration=duration or entitlement.session_duration,
        tags=tags,
        read_only=read_only,
    )
    attempt.session_name, attempt.source_identity = request.session_name, request.source_identity
    attempt.elevation = request.elevation
    attempt.tags, attempt.transitive_tags = request.tags, request.transitive_tags
    if not read_only and (request.policy or request.policy_arns):
        attempt.session_policy = "permission set"
    return entitlement, request


def _current(subject: Subject, *, origin: Origin, now: datetime) -> Subject:
    """Return the subject as its open sign-in says now, whatever claims the caller may have kept.

    Claims that are too old are verified again with the provider.

    Raises:
        SignInAgain: the sign-in has ended, here or at the provider, or an admin has blocked the person.
        VerifyAgain: only the person's browser can have the claims verified again.
        ProviderUnavailable, ProviderMisconfigured, SignInFailed: the provider gave no usable answer.
    """
    if subject.sign_in_id is None:
        signins.refuse_blocked(subject)
        return subject
    sign_in = reverification.open_and_verified(
        sign_in_id=subject.sign_in_id, origin=origin, now=now
    )
    return replace(
        signins.subject_of(sign_in), scope=subject.scope, approval_id=subject.approval_id
    )


def _is_read_only(subject: Subject) -> bool:
    """Whether the subject's token gives read-only sessions alone."""
    return subject.scope is not None and subject.scope.read_only


def _check_recordable() -> None:
    """Refuse before AWS is asked where the audit row of its answer could not be written.

    Raises:
        AuditUnavailable: the database is read-only, full or down.
    """
    try:
        refuses = why_not_writable(believed=BELIEVED)
    except DatabaseError as error:
        refuses = type(error).__name__
    if refuses:
        raise AuditUnavailable(
            Message("This could not be recorded, so nothing was issued. Try again in a moment."),
            f"the database takes no rows ({refuses}), so AWS was not asked",
        )


def _check_duration(entitlement: Entitlement, duration: int | None) -> None:
    longest = entitlement.session_duration
    if duration is not None and not SHORTEST_SESSION <= duration <= longest:
        raise InvalidRequest(
            Message(
                "A session with %(role)s lasts from %(shortest)s to %(longest)s. "
                "Choose a duration in between.",
                role=entitlement.role.role_name,
                shortest=durations.Duration(SHORTEST_SESSION),
                longest=durations.Duration(longest),
            ),
            f"duration {duration} is not within {SHORTEST_SESSION}..{longest}",
            code="request.duration",
        )


def _check_tags(role: OfferedRole, tags: Mapping[str, str]) -> None:
    # AWS ignores the case of keys; here the permission set decides letter by letter.
    refused = [key for key in tags if key not in role.session_tags]
    if refused:
        allowed = (
            Message("It takes %(tags)s.", tags=", ".join(role.session_tags))
            if role.session_tags
            else Message("It takes none.")
        )
        raise AccessDenied(
            Message(
                "%(role)s does not take the session tag “%(tag)s”.",
                role=role.role_name,
                tag=refused[0],
            )
            + allowed,
            f"the permission set does not name the session tags {', '.join(refused)}",
            code="access.tag_denied",
        )


def _check_link(*, destination: str, region: str, duration: int | None) -> None:
    for given, name, code in (
        (destination, Message("console page"), "request.destination"),
        (region, Message("region"), "request.region"),
        (duration is not None, Message("duration"), "request.duration"),
    ):
        if given:
            raise InvalidRequest(
                Message(
                    "A %(name)s cannot be chosen in this account: AWS's switch-role page takes "
                    "none. Leave it out.",
                    name=name,
                ),
                code=code,
            )


# AWS says that the role's maximum is lower, and not how much it is: an hour is what every role allows.
_LONGER_IS_REFUSED = (
    "AWS did not give the longer session, and does not say what this role's maximum is. "
    "To try one in between, choose a duration."
)
_WHY_SHORTER = {
    CHAINED.code: "AWS limits sessions to 1 hour here, because the portal itself runs with temporary credentials (role chaining)."
}


@dataclass(frozen=True, slots=True)
class _Session:
    """What AWS gave: `duration` in seconds, and for people why it is shorter than the role's."""

    credentials: Credentials
    duration: int
    shortened: str


def _obtain(attempt: Attempt, request: SessionRequest, duration: int | None) -> _Session:
    """Return keys from AWS.

    A duration that somebody chose is never shortened silently. Where nobody chose one, the longest
    that AWS gives is what was asked for.
    """
    if duration is not None:
        return _Session(_ask_aws(attempt, request, duration), duration, shortened="")
    limit = trust.session_limit(request.role)
    try:
        return _Session(_ask_aws(attempt, request, limit.seconds), limit.seconds, limit.because)
    except SessionTooLong as too_long:
        allowed = too_long.allowed
        if allowed is None or allowed >= limit.seconds:
            raise
        because = _WHY_SHORTER.get(too_long.code, _LONGER_IS_REFUSED)
    shortened = (
        f"Valid for {durations.in_words(allowed)} instead of {durations.in_words(limit.seconds)}: "
        f"{because}"
    )
    return _Session(_ask_aws(attempt, request, allowed), allowed, shortened)


def _ask_aws(attempt: Attempt, request: SessionRequest, duration: int) -> Credentials:
    attempt.duration = duration
    pool.give_back()
    credentials = trust.obtain(replace(request, duration=duration, origin=attempt.origin))
    attempt.note(credentials)
    trust_results.note_success(request.role, subject=attempt.subject, now=attempt.now)
    return credentials


def _return_address(role: OfferedRole, destination: str, *, read_only: bool) -> str:
    """Return where AWS sends people when a console session expires: the same role and page here."""
    link = {"account_id": role.account_id, "role_name": role.role_name}
    if destination:
        link["destination"] = destination
    if read_only:
        link["read_only"] = "1"
    return f"{settings.BASE_URL}/console?{urlencode(link)}"
