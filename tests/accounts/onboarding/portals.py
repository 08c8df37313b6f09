"""A portal that an AWS knows, and what alice gets from it."""

from __future__ import annotations

from django.utils import timezone
from pytest_django import Settings

from accounts import access
from accounts.signing import documents, stored_keys
from accounts.types import IssuedKeys, RoleRef
from tests import cast
from tests.strict_aws import StrictAws, WebIssuer


def publish(strict_aws: StrictAws, web_issuer: WebIssuer, settings: Settings) -> None:
    """Make the portal the issuer and the hub that this AWS knows."""
    settings.BASE_URL = settings.TRUST_ISSUER = web_issuer.url
    settings.AWS_HUB_PRINCIPALS = {"aws": strict_aws.hub_arn}
    published = documents.build(stored_keys.create_first(now=timezone.now()), now=timezone.now())
    web_issuer.documents[documents.DISCOVERY_PATH] = published.discovery
    web_issuer.documents[documents.KEY_SET_PATH] = published.key_set


def enter(account_id: str, role_name: str) -> IssuedKeys:
    """Return keys for a role, as the door gives them to alice."""
    return access.issue_keys(
        subject=cast.as_subject(
            cast.subject("alice", department="payments", upn="alice@northwind.example")
        ),
        role=RoleRef(account_id, role_name),
        duration=900,
        origin=cast.ORIGIN,
        now=timezone.now(),
    )
