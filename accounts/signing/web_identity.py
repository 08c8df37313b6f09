"""The token that AWS exchanges for a session with one role: AssumeRoleWithWebIdentity."""

from __future__ import annotations

import re
import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.conf import settings
from joserfc import jwt

from accounts.aws import limits
from accounts.errors import AwsRefused
from accounts.models import SigningKey
from accounts.signing import private_keys, stored_keys
from accounts.signing.documents import is_published_here, issuer_url
from accounts.signing.key_states import TOKEN_LIFETIME, signing_key
from accounts.types import SessionRequest

# https://docs.aws.amazon.com/IAM/latest/UserGuide/id_session-tags.html#id_session-tags_adding-assume-role-idp
TAGS_CLAIM = "https://aws.amazon.com/tags"
# https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_temp_control-access_monitor.html
SOURCE_IDENTITY_CLAIM = "https://aws.amazon.com/source_identity"

SUBJECT = "account:{account_id}:role:{role_name}"
"""The `sub` for a role, for `str.format`; templates put their own function in the place of the account id."""
REVOKER_SUBJECT = "account:{account_id}:revoker"
"""The `sub` for the role of an account that ends sessions."""


def audience() -> str:
    """Return the `aud` of the tokens: the client id of the OIDC provider in each account."""
    value: str = settings.TRUST_AUDIENCE
    return value


def subject_for(account_id: str, role_name: str) -> str:
    """Return the `sub` of the tokens for a role, as its trust policy must name it.

    `role_name` is the name of the IAM role without its path: no account has two roles of one name. So a
    token for one role opens no other role, and none in another account.

    Raises:
        ValueError: this is no account id, or no name of an IAM role.
    """
    if not re.fullmatch(limits.ACCOUNT_ID, account_id):
        raise ValueError(f"{account_id!r} is no account id")
    if not re.fullmatch(limits.ROLE_NAME, role_name):
        raise ValueError(f"{role_name!r} is no name of an IAM role")
    return SUBJECT.format(account_id=account_id, role_name=role_name)


def subject_of_revoker(account_id: str) -> str:
    """Return the `sub` of the tokens for an account's revoker role: no role that people enter can be called so.

    Raises:
        ValueError: this is no account id.
    """
    if not re.fullmatch(limits.ACCOUNT_ID, account_id):
        raise ValueError(f"{account_id!r} is no account id")
    return REVOKER_SUBJECT.format(account_id=account_id)


def mint(*, request: SessionRequest, now: datetime) -> str:
    """Return a signed token for the session that is asked for, good for 120 seconds. It must not leave the server.

    Raises:
        AwsRefused: no key can sign, or AWS takes no token as long as this one.
        django.db.Error: the keys could not be read.
    """
    token = _signed(claims(request, now=now), now=now)
    if len(token) > limits.LONGEST_WEB_IDENTITY_TOKEN:
        raise AwsRefused(
            private_keys.NOT_SET_UP,
            f"the token for {request.role.arn} has {len(token)} characters, and AWS takes "
            f"{limits.LONGEST_WEB_IDENTITY_TOKEN}: its permission set needs fewer or shorter session tags",
            code="signing.token_too_long",
        )
    return token


def mint_for_revoker(*, account_id: str, now: datetime) -> str:
    """Return a signed token for the revoker role of an account, good for 120 seconds. It must not leave the server.

    Raises:
        AwsRefused: no key can sign.
        django.db.Error: the keys could not be read.
    """
    return _signed(_claims_of(subject_of_revoker(account_id), now=now), now=now)


def _signed(said: dict[str, Any], *, now: datetime) -> str:
    if not (keys := stored_keys.all_keys()):
        stored_keys.create_first(now=now)
        keys = stored_keys.all_keys()
    key = _find_signing_key(keys, now)
    return jwt.encode(
        {"typ": "JWT", "alg": key.algorithm, "kid": key.kid},
        said,
        private_keys.load(key),
        algorithms=[key.algorithm],
    )


def claims(request: SessionRequest, *, now: datetime) -> dict[str, Any]:
    """Return what a token says. Times are whole seconds, and `aud` is one text: AWS wants both.

    There is no `azp`: AWS would compare that with the client ids instead of `aud`. `sign_in` and `elevation`
    count at AWS only where the OIDC provider maps them.
    """
    role = request.role
    said = _claims_of(subject_for(role.account_id, role.iam_role_name), now=now)
    if request.tags:
        said[TAGS_CLAIM] = {
            "principal_tags": {key: [value] for key, value in request.tags.items()},
            "transitive_tag_keys": list(request.transitive_tags),
        }
    if request.source_identity:
        said[SOURCE_IDENTITY_CLAIM] = request.source_identity
    if request.subject.sign_in_id is not None:
        said["sign_in"] = str(request.subject.sign_in_id)
    if request.elevation:
        said["elevation"] = request.elevation
    return said


def _claims_of(subject: str, *, now: datetime) -> dict[str, Any]:
    issued_at = int(now.timestamp())
    return {
        "iss": issuer_url(),
        "aud": audience(),
        "sub": subject,
        "iat": issued_at,
        "exp": issued_at + int(TOKEN_LIFETIME.total_seconds()),
        "jti": uuid.uuid4().hex,
    }


def why_not_able_to_sign(*, now: datetime) -> str:
    """Return what keeps the portal from signing, for admins; "" if nothing does. The first key is made when needed.

    Raises:
        django.db.Error: the keys could not be read.
    """
    keys = stored_keys.all_keys()
    try:
        if keys:
            private_keys.load(_find_signing_key(keys, now))
    except AwsRefused as error:
        return error.admin_message
    return ""


def _find_signing_key(keys: Sequence[SigningKey], now: datetime) -> SigningKey:
    key = signing_key(keys, now=now)
    if key is None:
        raise AwsRefused(
            private_keys.NOT_SET_UP,
            "no signing key is in use yet: manage.py signing_keys list says why"
            if is_published_here()
            else f"no signing key is published at {issuer_url()} yet: run manage.py export_issuer and publish "
            "what it writes",
            code="signing.no_key",
        )
    return key
