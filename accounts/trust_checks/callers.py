"""The portal as AWS sees it when it asks for a session: what a trust policy has to let in."""

from __future__ import annotations

import threading

from django.conf import settings

from accounts import signing
from accounts.aws import existing_roles, hubs
from accounts.aws.trust_policies import SET_SOURCE_IDENTITY, TAG_SESSION, Caller
from accounts.errors import GatehouseError
from accounts.models.directory import TrustMethod
from accounts.onboarding import principals
from accounts.onboarding.principals import Provider
from accounts.types import SessionRequest


class Callers:
    """Says it for each request; the portal's own principal in each partition is asked for once."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._hubs: dict[str, str] = {}

    def __call__(self, request: SessionRequest) -> Caller | None:
        """Return the caller; None where the portal does not know itself."""
        try:
            match request.role.trust_method:
                case TrustMethod.HUB:
                    return self._hub(request)
                case TrustMethod.USER_TOKEN:
                    return _by_token(request, principals.provider_of_people(), request.subject.sub)
                case TrustMethod.PORTAL_TOKEN:
                    provider = principals.provider_at(signing.issuer_url(), signing.audience())
                    role = request.role
                    subject = signing.subject_for(role.account_id, role.iam_role_name)
                    return _by_token(request, provider, subject)
        except GatehouseError:
            return None
        return None

    def _hub(self, request: SessionRequest) -> Caller:
        partition = request.role.partition
        with self._lock:
            if partition not in self._hubs:
                hub = hubs.find(partition, profiles=settings.AWS_HUB_PROFILES)
                self._hubs[partition] = existing_roles.arn_of_hub(
                    region=hub.region, profile=hub.profile
                )
        external_id = request.role.external_id
        return Caller(
            "AWS",
            self._hubs[partition],
            ("sts:AssumeRole", *_extras(request)),
            ({"sts:externalid": external_id} if external_id else {}) | _of_session(request),
        )


def _by_token(request: SessionRequest, provider: Provider, subject: str) -> Caller:
    name = provider.name.lower()
    return Caller(
        "Federated",
        provider.arn(partition=request.role.partition, account_id=request.role.account_id),
        ("sts:AssumeRoleWithWebIdentity", *_extras(request)),
        {f"{name}:aud": provider.audience, f"{name}:sub": subject} | _of_session(request),
    )


def _extras(request: SessionRequest) -> tuple[str, ...]:
    tags = (TAG_SESSION,) if request.tags else ()
    return (*tags, SET_SOURCE_IDENTITY) if request.source_identity else tags


def _of_session(request: SessionRequest) -> dict[str, str]:
    """Return the condition keys, in lower case, that are about the session itself."""
    keys = {f"aws:requesttag/{key.lower()}": value for key, value in request.tags.items()}
    keys["sts:rolesessionname"] = request.session_name
    if request.source_identity:
        keys["sts:sourceidentity"] = request.source_identity
    return keys
