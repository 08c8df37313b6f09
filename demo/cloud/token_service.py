"""AssumeRole and AssumeRoleWithWebIdentity as AWS answers them, in front of moto, which refuses nothing.

https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC
from typing import Any

from moto.sts.models import sts_backends

from demo.cloud import callers, decisions, identity_tokens
from demo.cloud.answers import Refused, access_denied
from demo.cloud.callers import Caller
from demo.cloud.issuers import Issuers
from demo.cloud.policies import Request
from demo.cloud.session_requests import SessionRequest
from demo.cloud.sessions import Session
from demo.cloud.trail import Trail

_CHAINED_SESSION = 3600


@dataclass(slots=True)
class TokenService:
    """STS; `sessions` has each session by the id of its access key, `trail` what was done with them."""

    issuers: Issuers = field(default_factory=Issuers)
    trail: Trail = field(default_factory=Trail, repr=False)
    sessions: dict[str, Session] = field(default_factory=dict, repr=False)

    def assume_role(self, form: Mapping[str, str], caller: Caller) -> dict[str, Any]:
        """Return what AWS answers to AssumeRole.

        Raises:
            Refused: as AWS refuses it.
        """
        if caller.is_root:
            raise access_denied("Roles may not be assumed by root accounts.")
        wanted = SessionRequest.of_form(form)
        session = caller.session
        if session:
            wanted = wanted.chained(session)
        role = callers.role_of(wanted.role_arn)
        for action in wanted.actions("sts:AssumeRole"):
            request = Request(
                action=action,
                resource=wanted.role_arn,
                context={**caller.keys, **wanted.context(action)},
            )
            if why := decisions.why_not_assume(role, caller, request):
                raise access_denied(
                    f"User: {caller.arn} is not authorized to perform: {action} on resource: {wanted.role_arn}",
                    why=why,
                )
        if session and wanted.duration > _CHAINED_SESSION:
            raise Refused(
                "ValidationError",
                "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining",
            )
        return self._vend(role, wanted)

    def assume_role_with_web_identity(self, form: Mapping[str, str]) -> dict[str, Any]:
        """Return what AWS answers to AssumeRoleWithWebIdentity.

        Raises:
            Refused: as AWS refuses it.
        """
        wanted = SessionRequest.of_form(form, tags=False)
        token = form.get("WebIdentityToken", "")
        issuer = identity_tokens.issuer_of(token)
        _, partition, _, _, account_id, _ = wanted.role_arn.split(":", 5)
        url = self.issuers.provider_url(issuer)
        arn = f"arn:{partition}:iam::{account_id}:oidc-provider/{url}"
        iam = callers.iam_of(account_id, partition)
        provider = iam.open_id_providers.get(arn) if iam else None
        if provider is None:
            raise Refused(
                "InvalidIdentityToken",
                f"No OpenIDConnect provider found in your account for {issuer}",
            )
        verified = identity_tokens.verify(
            token, client_ids=provider.client_id_list, keys=self.issuers.keys(issuer)
        )
        wanted = wanted.of_token(verified, url)
        role = callers.role_of(wanted.role_arn)
        for action in wanted.actions("sts:AssumeRoleWithWebIdentity"):
            request = Request(
                action=action,
                resource=wanted.role_arn,
                context=wanted.context(action),
                names=frozenset({("Federated", arn)}),
            )
            if why := decisions.why_not_federate(role, request):
                raise access_denied(f"Not authorized to perform {action}", why=why)
        return self._vend(role, wanted, federated_provider=arn) | {
            "SubjectFromWebIdentityToken": verified.subject,
            "Audience": verified.audience,
            "Provider": arn,
        }

    def _vend(
        self, role: Any, wanted: SessionRequest, *, federated_provider: str = ""
    ) -> dict[str, Any]:
        if wanted.duration > int(role.max_session_duration or 3600):
            raise Refused(
                "ValidationError",
                "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
            )
        account_id, partition = role.account_id, role.partition
        keys = sts_backends[account_id][partition].assume_role(
            region_name=partition,
            role_session_name=wanted.session_name,
            role_arn=role.arn,
            policy=wanted.policy,
            duration=wanted.duration,
            external_id=wanted.external_id,
        )
        self.sessions[keys.access_key_id] = Session(
            role_arn=role.arn,
            arn=keys.arn,
            user_id=keys.user_id,
            expires_at=keys.expiration.replace(tzinfo=UTC).timestamp(),
            tags=wanted.tags,
            transitive=wanted.transitive,
            source_identity=wanted.source_identity,
            policy=wanted.policy,
            federated_provider=federated_provider,
        )
        answer: dict[str, Any] = {
            "Credentials": {
                "AccessKeyId": keys.access_key_id,
                "SecretAccessKey": keys.secret_access_key,
                "SessionToken": keys.session_token,
                "Expiration": keys.expiration.strftime("%Y-%m-%dT%H:%M:%SZ"),
            },
            "AssumedRoleUser": {"AssumedRoleId": keys.user_id, "Arn": keys.arn},
        }
        if packed := wanted.packed_size:
            answer["PackedPolicySize"] = packed
        if wanted.source_identity:
            answer["SourceIdentity"] = wanted.source_identity
        return answer
