"""Who am I, what may I do, and why."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any, Literal

from django.conf import settings
from django.http import HttpRequest
from django.utils import timezone
from ninja import Query, Router, Schema
from pydantic import Field

from accounts.directory import sets_with_read_only
from accounts.entitlements import Entitlements, resolve
from accounts.preferences import profile_pattern_of
from accounts.profile_patterns import profile_names
from accounts.rights import rights_of
from accounts.trust import is_link
from accounts.types import Entitlement, Kind, RoleRef, Subject
from portal import aws_config
from portal.api.v1.auth import reader_of
from portal.api.v1.error_schemas import ErrorOut
from portal.api.v1.pagination import PageParams, page_of
from portal.api.v1.schemas import AwsConfigOut, EntitlementsOut, FilterText, MeOut

router = Router(tags=["Me"])
ERRORS = frozenset({401, 422, 429, 503})


class EntitlementFilters(PageParams):
    """Which entitlements."""

    account_id: FilterText | None = Field(None, description="Of this account alone.")
    role_name: FilterText | None = Field(None, description="Of this permission set alone.")
    kind: Literal["console", "keys"] | None = Field(
        None, description="Those alone that give the console, or keys."
    )

    def match(self, entitlement: Entitlement) -> bool:
        """Whether all filters let an entitlement pass."""
        return (
            self.account_id in (None, entitlement.role.account_id)
            and self.role_name in (None, entitlement.role.role_name)
            and (self.kind is None or entitlement.allows(Kind(self.kind)))
        )


@router.get(
    "/me", response={200: MeOut, ERRORS: ErrorOut}, operation_id="me", summary="Who you are"
)
def me(request: HttpRequest) -> dict[str, Any]:
    """Say who the token says you are."""
    subject = reader_of(request)
    rights, scope = rights_of(subject), subject.scope
    return {
        "issuer": subject.issuer,
        "sub": subject.sub,
        "name": subject.name,
        "email": subject.email,
        "email_verified": subject.email_verified,
        "kind": subject.kind.value,
        "admin": rights.admin,
        "auditor": rights.auditor,
        "scope": scope
        and {
            "permission_sets": _sorted(scope.permission_sets),
            "account_ids": _sorted(scope.account_ids),
            "kinds": sorted(scope.kinds),
            "read_only": scope.read_only,
            "directory": scope.directory,
            "audit": scope.audit,
            "testing": scope.testing,
            "revoking": scope.revoking,
        },
        "profile_pattern": profile_pattern_of(issuer=subject.issuer, sub=subject.sub),
        "sso": {
            "section": aws_config.section_name(),
            "start_url": aws_config.start_url(),
            "region": aws_config.REGION,
            "scopes": aws_config.SCOPES,
            "endpoint_url": settings.BASE_URL,
        },
    }


@router.get(
    "/me/entitlements",
    response={200: EntitlementsOut, ERRORS: ErrorOut},
    operation_id="entitlements",
    summary="What you may do, and why",
)
def entitlements(request: HttpRequest, filters: Query[EntitlementFilters]) -> dict[str, Any]:
    """List what you may do now, by account and role, each with its reasons."""
    subject = reader_of(request)
    # All of them, as the name of a profile depends on the others.
    decided = resolve(subject=subject, now=timezone.now())
    names = _profile_names(subject, decided)
    read_only = sets_with_read_only()
    listed = [one for one in decided.granted if filters.match(one)]
    listed.sort(key=_sort_key)
    if filters.after is not None:
        # The entitlement that it names may no longer exist.
        after = tuple(filters.after.rsplit("/", 2))
        listed = [one for one in listed if _sort_key(one) > after]
    return {
        **page_of(
            listed[: filters.limit + 1],
            limit=filters.limit,
            key=_key,
            serialize=partial(_serialize, read_only=read_only, names=names),
        ),
        "problems": [
            {"claim": problem.claim, "code": problem.code, "message": str(problem.message)}
            for problem in decided.problems
        ],
    }


class ConfigParams(Schema):
    """Which profiles."""

    kind: Literal["sso", "process"] = Field(
        "sso", description="For `aws sso login`, or with `credential_process` of `gatehouse`."
    )
    default: bool = Field(
        False, description="Whether [default] names the endpoints as well; for sso alone."
    )


@router.get(
    "/me/aws-config",
    response={200: AwsConfigOut, ERRORS: ErrorOut},
    operation_id="aws_config",
    summary="Your profiles for AWS's tools",
)
def aws_config_file(request: HttpRequest, params: Query[ConfigParams]) -> dict[str, str]:
    """Return the text of ~/.aws/config for all your roles with keys, as the portal's page shows it. It holds no secret."""
    subject = reader_of(request)
    decided = resolve(subject=subject, now=timezone.now())
    profiles = aws_config.profiles_of(
        decided.granted, pattern=profile_pattern_of(issuer=subject.issuer, sub=subject.sub)
    )
    kind = aws_config.ProfileKind(params.kind)
    text = aws_config.text(profiles, kind=kind, default=params.default)
    return {"text": text}


def _sort_key(entitlement: Entitlement) -> tuple[str, ...]:
    role = entitlement.role
    return role.account_name, role.account_id, role.role_name


def _key(entitlement: Entitlement) -> str:
    return "/".join(_sort_key(entitlement))


def _profile_names(subject: Subject, decided: Entitlements) -> dict[RoleRef, str]:
    """Return the names of the profiles of all roles with keys, as somebody prefers them."""
    roles = (one.role for one in decided.giving(Kind.KEYS))
    pattern = profile_pattern_of(issuer=subject.issuer, sub=subject.sub)
    return profile_names(roles, pattern=pattern)


def _serialize(
    entitlement: Entitlement, *, read_only: frozenset[str], names: Mapping[RoleRef, str]
) -> dict[str, Any]:
    role = entitlement.role
    return {
        "account_id": role.account_id,
        "account_name": role.account_name,
        "environment": role.environment and role.environment.name,
        "environment_label": role.environment and role.environment.label,
        "organizational_unit": role.organizational_unit,
        "partition": role.partition,
        "region": role.region,
        "tags": dict(role.tags),
        "role_name": role.role_name,
        "role_arn": role.arn,
        "description": role.description,
        "privileged": role.privileged,
        "requires_mfa": role.requires_mfa,
        "max_sign_in_age": role.max_sign_in_age,
        "session_duration": entitlement.session_duration,
        "console": entitlement.console,
        "keys": entitlement.keys,
        "trust_method": role.trust_method,
        "session_tags": list(role.session_tags),
        "read_only": role.role_name in read_only and not is_link(role),
        "failed_test_at": role.failed_test_at,
        "profile_name": names.get(RoleRef(role.account_id, role.role_name)),
        "reasons": [
            {
                "mapping": reason.label,
                "claim": reason.claim,
                "value": reason.value,
                "console": reason.console,
                "keys": reason.keys,
            }
            for reason in entitlement.reasons
        ],
    }


def _sorted(names: frozenset[str] | None) -> list[str] | None:
    return None if names is None else sorted(names)
