"""The subject a token of the portal stands for: the person who created it, or a machine."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Q

from accounts import audit, bearer_secrets, blocks, reverification
from accounts.claims import OF_THE_PORTAL
from accounts.errors import SignInAgain, TokenRefused
from accounts.models import SignIn, Token
from accounts.models.audit import Action
from accounts.types import Claims, Kind, Origin, Scope, Subject

# The claim by which mappings give roles to machines. What a provider sends under this name is dropped.
MACHINE_CLAIM = f"{OF_THE_PORTAL}token"
_LAST_USE_PRECISION = timedelta(minutes=1)
_MOST_ASKED = 3
"""Sign-ins of one person that one request has verified again."""


def is_portal_token(bearer: str) -> bool:
    """Whether a bearer token has the prefix of the portal's tokens; else it is a provider's."""
    return bearer.startswith(bearer_secrets.PREFIX)


def subject_of(
    *,
    bearer: str,
    origin: Origin,
    now: datetime,
    before_recording: Callable[[], None] | None = None,
) -> Subject:
    """Return the subject a token stands for, narrowed by its scope, and store the time of use.

    The subject of a personal token has the claims of the latest open sign-in of the person who created
    it, verified again with the provider where they are too old; that of a machine token has MACHINE_CLAIM. A refusal is recorded if the token exists; guesses
    are not, so they cannot fill the audit trail. If `before_recording` raises, its error replaces
    the refusal and nothing is recorded: callers use it to limit the rate of refusals.

    Raises:
        TokenRefused: malformed, unknown, revoked, expired, or its creator is blocked or not signed in.
        ProviderUnavailable, ProviderMisconfigured, SignInFailed: the creator's claims are too old, and the
            provider gave no usable answer.
    """
    if not bearer_secrets.is_well_formed(bearer):
        raise TokenRefused(
            "This token is incomplete or mistyped. Copy it again.",
            "a token's checksum is wrong",
            code="token.malformed",
        )
    digest = bearer_secrets.digest(bearer)
    token = Token.objects.select_related("created_by").filter(digest=digest).first()
    if token is None:
        raise TokenRefused(
            "This portal does not know this token. Create a new one.",
            "a token is well formed and unknown",
            code="token.unknown",
        )
    # Nobody is asked about a token that is refused anyway.
    over = _over(token, now)
    claims, away = _claims_behind(token, origin, now, ask=over is None)
    subject = subject_with(token, claims)
    if refusal := over or _blocked(token, subject) or away:
        if before_recording is not None:
            before_recording()
        audit.record(
            action=Action.TOKEN_REFUSED,
            now=now,
            origin=origin,
            subject=subject,
            error_code=refusal.code,
            reason=refusal.admin_message,
            detail=token.facts(),
        )
        raise refusal
    if token.last_used_at is None or token.last_used_at <= now - _LAST_USE_PRECISION:
        _store_use(token, origin=origin, now=now)
    return subject


def _over(token: Token, now: datetime) -> TokenRefused | None:
    create = "Create a new one on the portal's tokens page."
    if token.revoked_at is not None:
        return _refusal("revoked", f"This token was revoked. {create}", token)
    if now >= token.expires_at:
        return _refusal("expired", f"This token has expired. {create}", token)
    return None


def _blocked(token: Token, subject: Subject) -> TokenRefused | None:
    if not blocks.is_blocked(subject):
        return None
    whom = "This token" if token.machine else "The person who created this token"
    return _refusal("blocked", f"{whom} is blocked.", token)


def _claims_behind(
    token: Token, origin: Origin, now: datetime, *, ask: bool
) -> tuple[Claims, TokenRefused | None]:
    """Return the claims of the person behind a token, and the refusal where nothing may be given out by them."""
    if token.machine:
        return {}, None
    latest = SignIn.objects.filter(person=token.created_by).order_by("-verified_at").first()
    claims: Claims = {} if latest is None else latest.claims
    if not settings.PERSONAL_TOKENS:
        return claims, _refusal("off", "Personal tokens are turned off in this portal.", token)
    for _ in range(_MOST_ASKED if ask else 0):
        if latest is None or not latest.is_open(now):
            latest = _open_of(token, now)
        if latest is None:
            break
        try:
            return reverification.verified(latest, origin=origin, now=now).claims, None
        except SignInAgain:
            # The provider has ended this one, or only its browser can ask: another may be as good.
            latest = _open_of(token, now, before=latest)
            if latest is None:
                break
    return claims, _refusal(
        "stale",
        "The person who created this token is not signed in to the portal, or has to confirm the sign-in there. "
        "After their next sign-in the token works again.",
        token,
    )


def _open_of(token: Token, now: datetime, *, before: SignIn | None = None) -> SignIn | None:
    """Return the open sign-in of the person behind a token that was verified last, or the next one `before` another."""
    sign_ins = SignIn.objects.open_at(now).filter(person=token.created_by)
    if before is not None:
        sign_ins = sign_ins.filter(verified_at__lt=before.verified_at)
    return sign_ins.order_by("-verified_at").first()


def _refusal(reason: str, user_message: str, token: Token) -> TokenRefused:
    admin_message = f"token {token.id} is refused: {reason}"
    return TokenRefused(user_message, admin_message, code=f"token.{reason}")


def subject_with(token: Token, claims: Claims) -> Subject:
    """Return the subject of a token, whatever the state of the token; a machine's has MACHINE_CLAIM only."""
    scope = Scope(
        permission_sets=_limit(token.permission_sets),
        account_ids=_limit(token.account_ids),
        kinds=frozenset(
            kind
            for kind, given in ((Kind.CONSOLE, token.console), (Kind.KEYS, token.keys))
            if given
        ),
        read_only=token.read_only,
        directory=token.directory,
        audit=token.audit,
        testing=token.testing,
        revoking=token.revoking,
    )
    if token.machine:
        return Subject(
            issuer=settings.BASE_URL,
            sub=f"token:{token.machine}",
            claims={MACHINE_CLAIM: token.machine},
            workload=True,
            scope=scope,
            token_id=token.id,
        )
    person = token.created_by
    return Subject(
        issuer=person.issuer,
        sub=person.sub,
        name=person.name,
        email=person.email,
        email_verified=person.email_verified,
        claims=claims,
        scope=scope,
        token_id=token.id,
    )


def _store_use(token: Token, *, origin: Origin, now: datetime) -> None:
    # Of many requests in one minute, in any process, only one writes.
    due = Q(last_used_at=None) | Q(last_used_at__lte=now - _LAST_USE_PRECISION)
    Token.objects.filter(due, pk=token.pk).update(last_used_at=now, last_used_ip=origin.ip[:45])


def _limit(names: list[str] | None) -> frozenset[str] | None:
    return None if names is None else frozenset(names)
