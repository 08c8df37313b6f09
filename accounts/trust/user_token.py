"""Trust method "user-token": AssumeRoleWithWebIdentity with the person's own ID token. The provider decides who gets in.

The ID token is that of the sign-in, refreshed when it is too old. It never reaches the browser: whoever holds one
can ask AWS themselves, past the portal's rules and record.
"""

from __future__ import annotations

from collections.abc import Mapping

from django.conf import settings

from accounts import refreshing
from accounts.aws import errors
from accounts.errors import AccessDenied, AwsRefused, TokenRefused
from accounts.trust import web_identity
from accounts.types import (
    ActorKind,
    Credentials,
    Kind,
    OfferedRole,
    SessionLimit,
    SessionRequest,
    Subject,
)


def refuse_unfit(
    *, role: OfferedRole, subject: Subject, kind: Kind, tags: Mapping[str, str]
) -> None:
    """As `accounts.trust.refuse_unfit`: only a person with a token of the provider that AWS knows for this portal."""
    if subject.kind is not ActorKind.PERSON:
        raise AccessDenied(
            "This account is for people who have signed in: AWS wants to see the identity provider's token of the "
            "person. Tokens of this portal and programs of other issuers cannot be used here.",
            f"account {role.account_id} has the trust method user-token, and there is no ID token of a person",
            code="access.person_only",
        )
    if subject.sign_in_id is None and not _is_for_aws(subject):
        raise AccessDenied(
            "Your token is not for AWS: its audience is another one than the account knows. Sign in to this portal, "
            "or use its command line.",
            "the bearer token's azp, else its aud, is not in TRUST_USER_TOKEN_AUDIENCES",
            code="access.token_audience",
        )
    web_identity.refuse_tags(tags)


def obtain(request: SessionRequest) -> Credentials:
    """As `accounts.trust.obtain`."""
    web_identity.refuse_what_the_token_lacks(request)
    sign_in_id = request.subject.sign_in_id
    if sign_in_id is None:
        return _with_bearer_jwt(request)
    token = refreshing.id_token(sign_in_id=sign_in_id, origin=request.origin)
    try:
        return web_identity.assume_role(request, token)
    except AwsRefused as refused:
        if refused.code != errors.EXPIRED.code:
            raise
    token = refreshing.id_token(sign_in_id=sign_in_id, origin=request.origin, rejected=token)
    return web_identity.assume_role(request, token)


def session_limit(role: OfferedRole) -> SessionLimit:
    """As `accounts.trust.session_limit`: this is no role chaining, so the role's own maximum counts."""
    return SessionLimit(role.session_duration)


def console_duration(role: OfferedRole, duration: int) -> int | None:
    """As `accounts.trust.console_duration`: these are no credentials from role chaining."""
    return duration


def _with_bearer_jwt(request: SessionRequest) -> Credentials:
    """Present the token that a program of the person sent."""
    try:
        return web_identity.assume_role(request, request.subject.bearer_jwt)
    except AwsRefused as refused:
        if refused.code != errors.EXPIRED.code:
            raise
        raise TokenRefused(
            "The token is not accepted: it has expired.", refused.admin_message, code="token.exp"
        ) from None


def _is_for_aws(subject: Subject) -> bool:
    """Whether AWS would find a client id that the account knows: in `azp` where there is one, else in a single `aud`.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_iam-condition-keys.html#condition-keys-wif
    """
    said = subject.claims.get("azp") or subject.claims.get("aud")
    if isinstance(said, list) and len(said) == 1:
        said = said[0]
    return bool(subject.bearer_jwt) and said in settings.TRUST_USER_TOKEN_AUDIENCES
