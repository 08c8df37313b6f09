"""Who signed a request, by the secret that moto keeps for the access key.

A key whose id is an account id, with any secret, is the root user of that account: the embedded AWS has no
other first user, and somebody must create the rest.
"""

from __future__ import annotations

import hmac
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from moto.iam.models import iam_backends
from moto.sts.models import sts_backends
from werkzeug.wrappers import Request

from accounts.aws.limits import DEFAULT_SESSION
from demo.cloud.answers import Refused
from demo.cloud.conditions import Context, key_name
from demo.cloud.policies import Name
from demo.cloud.sessions import Session
from demo.cloud.signatures import Signature

ROOT_KEY = r"[0-9]{12}"
_UNKNOWN = "The security token included in the request is invalid."


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """An IAM user, a session with a role, or the root user of an account."""

    arn: str
    account_id: str
    partition: str = "aws"
    policies: tuple[str, ...] = field(default=(), repr=False)
    keys: Context = field(default_factory=dict, repr=False)
    session: Session | None = None

    @property
    def is_root(self) -> bool:
        return self.arn.endswith(":root")

    @property
    def user_id(self) -> str:
        return "".join(self.keys.get(key_name("aws:userid"), (self.account_id,)))

    @property
    def names(self) -> frozenset[Name]:
        """How a trust policy names this caller itself."""
        role = {("AWS", self.session.role_arn)} if self.session else set()
        return frozenset({("AWS", self.arn), ("AWS", "*"), *role})

    @property
    def account_names(self) -> frozenset[Name]:
        """How a trust policy names the caller's account, which then decides by its own policies."""
        root = f"arn:{self.partition}:iam::{self.account_id}:root"
        return frozenset({("AWS", root), ("AWS", self.account_id)})


def find(request: Request, sessions: Mapping[str, Session]) -> Caller:
    """Return who signed a request.

    Raises:
        Refused: nobody, somebody unknown, with a wrong secret, or with keys that have expired.
    """
    signature = Signature.of(request)
    if signature is None:
        raise Refused(
            "MissingAuthenticationToken", "Request is missing Authentication Token", status=403
        )
    key_id = signature.access_key_id
    if re.fullmatch(ROOT_KEY, key_id):
        return Caller(arn=f"arn:aws:iam::{key_id}:root", account_id=key_id)
    if session := sessions.get(key_id):
        return _session(request, signature, session)
    for account_id, partitions in list(iam_backends.items()):
        for partition, backend in list(partitions.items()):
            if user := backend.get_user_from_access_key_id(key_id):
                key = user.get_access_key_by_id(key_id)
                signature.check(request, key.secret_access_key)
                return Caller(
                    arn=user.arn,
                    account_id=account_id,
                    partition=partition,
                    policies=_policies(user),
                    keys={
                        key_name("aws:PrincipalArn"): (user.arn,),
                        key_name("aws:PrincipalAccount"): (account_id,),
                        key_name("aws:PrincipalType"): ("User",),
                        key_name("aws:userid"): (user.id,),
                        key_name("aws:username"): (user.name,),
                    },
                )
    raise Refused("InvalidClientTokenId", _UNKNOWN, status=403)


def _session(request: Request, signature: Signature, session: Session) -> Caller:
    partition, account_id = session.arn.split(":")[1], session.arn.split(":")[4]
    known = sts_backends[account_id][partition].get_assumed_role_from_access_key(
        signature.access_key_id
    )
    token = request.headers.get("X-Amz-Security-Token", "")
    if known is None or not hmac.compare_digest(token.encode(), known.session_token.encode()):
        raise Refused("InvalidClientTokenId", _UNKNOWN, status=403)
    signature.check(request, known.secret_access_key)
    if session.expires_at < time.time():
        raise Refused(
            "ExpiredToken", "The security token included in the request is expired", status=403
        )
    return _of_session(session)


def in_role(role_arn: str, session_name: str) -> Caller:
    """Return somebody who is signed in with a role in some other way than by keys.

    Raises:
        Refused: there is no such role.
    """
    if (role := role_of(role_arn)) is None:
        raise Refused("AccessDenied", f"{role_arn} does not exist", status=403)
    arn = f"arn:{role.partition}:sts::{role.account_id}:assumed-role/{role.name}/{session_name}"
    return _of_session(
        Session(
            role_arn=role_arn,
            arn=arn,
            user_id=f"{role.id}:{session_name}",
            expires_at=time.time() + DEFAULT_SESSION,
        )
    )


def _of_session(session: Session) -> Caller:
    _, partition, _, _, account_id, _ = session.arn.split(":", 5)
    role = role_of(session.role_arn)
    return Caller(
        arn=session.arn,
        account_id=account_id,
        partition=partition,
        policies=_policies(role) if role else (),
        keys=session.context(),
        session=session,
    )


def iam_of(account_id: str, partition: str) -> Any:
    """Return moto's IAM of an account, None if nothing was ever made there."""
    # Not by index, which would make the account.
    accounts: dict[str, dict[str, Any]] = dict(iam_backends)
    return accounts.get(account_id, {}).get(partition)


def role_of(role_arn: str) -> Any:
    """Return moto's record of a role, None if it does not exist."""
    _, partition, _, _, account_id, _ = role_arn.split(":", 5)
    iam = iam_of(account_id, partition)
    roles = iam.get_roles() if iam else []
    return next((role for role in roles if role.arn == role_arn), None)


def _policies(principal: Any) -> tuple[str, ...]:
    """Return the documents of the inline and the attached policies of moto's user or role."""
    return (
        *principal.policies.values(),
        *(
            version.document
            for policy in principal.managed_policies.values()
            for version in policy.versions
            if version.version_id == policy.default_version_id
        ),
    )
