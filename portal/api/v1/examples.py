"""One example of what each operation takes and answers, for the document and its page. They are of Northwind."""

from __future__ import annotations

from typing import Any

ARN = "arn:aws:iam::210987654321:role/gatehouse/Developer"
_ROLE = {"account_id": "210987654321", "role_name": "Developer", "role_arn": ARN}
_AUDIT_ID = 48213
_SESSION = "alice@northwind.example-sduxc4bviyml"
_ISSUER = "https://id.northwind.example"

KEYS_IN: dict[str, Any] = {
    "account_name": "payments-dev",
    "role_name": "Developer",
    "duration": 3600,
    "tags": {"ticket": "PAY-7"},
}
TRUST_CHECK_IN: dict[str, Any] = {"account_id": "210987654321"}
TRUST_CHECKS: dict[str, Any] = {
    "items": [
        {
            **_ROLE,
            "outcome": "broken",
            "code": "trust.tag_session",
            "message": "The role lets the portal in, but not with session tags. Allow sts:TagSession in the role's trust policy.",
            "warnings": [],
            "tested_at": "2026-11-22T12:00:00Z",
        }
    ]
}
CONSOLE_IN: dict[str, Any] = {
    "role_arn": ARN,
    "destination": "https://console.aws.amazon.com/s3/home",
}
KEYS: dict[str, Any] = {
    # AWS's own examples of keys, which scanners for secrets know.
    "access_key_id": "ASIAIOSFODNN7EXAMPLE",
    "secret_access_key": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
    "session_token": "IQoJb3JpZ2luX2VjEXAMPLETOKEN",
    "expires_at": "2026-11-22T13:00:00Z",
    **_ROLE,
    "session_name": _SESSION,
    "duration": 3600,
    "shortened": "",
    "read_only": False,
    "audit_id": _AUDIT_ID,
}
CONSOLE: dict[str, Any] = {
    "url": "https://signin.aws.amazon.com/federation?Action=login&SigninToken=EXAMPLE",
    **_ROLE,
    "audit_id": _AUDIT_ID,
}
CLIENT: dict[str, Any] = {
    "issuer": _ISSUER,
    "client_id": "gatehouse-cli",
    "scopes": ["openid", "email", "profile"],
    "audience": None,
    "resource": None,
    "token": "access",
}
ME: dict[str, Any] = {
    "issuer": _ISSUER,
    "sub": "nw-1001",
    "name": "Alice Archer",
    "email": "alice@northwind.example",
    "email_verified": True,
    "kind": "person",
    "admin": False,
    "auditor": False,
    "scope": None,
    "profile_pattern": "{account}_{role}",
    "sso": {
        "section": "aws.northwind.example",
        "start_url": "https://aws.northwind.example/start",
        "region": "not-at-aws",
        "scopes": "sso:account:access",
        "endpoint_url": "https://aws.northwind.example",
    },
}
AWS_CONFIG: dict[str, Any] = {
    "text": "[profile payments-dev_Developer]\n# kept by gatehouse config\n"
    "credential_process = gatehouse credentials --portal https://aws.northwind.example 210987654321 Developer\n"
    "region = eu-west-1"
}
ENTITLEMENTS: dict[str, Any] = {
    "items": [
        {
            "account_id": "210987654321",
            "account_name": "payments-dev",
            "environment": "development",
            "environment_label": "development",
            "organizational_unit": "Workloads/Payments",
            "partition": "aws",
            "region": "eu-west-1",
            "tags": {"team": "payments"},
            "role_name": "Developer",
            "role_arn": ARN,
            "description": "Build and deploy; no networks, no IAM",
            "privileged": False,
            "requires_mfa": False,
            "max_sign_in_age": None,
            "session_duration": 14400,
            "console": True,
            "keys": True,
            "trust_method": "hub",
            "session_tags": ["ticket"],
            "read_only": True,
            "failed_test_at": None,
            "profile_name": "payments-dev_Developer",
            "reasons": [
                {
                    "mapping": "Payments develops in its accounts",
                    "claim": "groups",
                    "value": "payments",
                    "console": True,
                    "keys": True,
                }
            ],
        }
    ],
    "next": None,
    "problems": [],
}
ACCOUNTS: dict[str, Any] = {
    "items": [
        {
            "account_id": "210987654321",
            "name": "payments-dev",
            "partition": "aws",
            "environment": "development",
            "organizational_unit": "Workloads/Payments",
            "region": "eu-west-1",
            "tags": {"team": "payments"},
            "trust_method": "hub",
            "active": True,
            "roles": [
                {
                    "permission_set": "Developer",
                    "role_arn": ARN,
                    "last_test": {
                        "outcome": "works",
                        "code": "",
                        "message": "",
                        "warnings": [],
                        "tested_at": "2026-11-22T12:00:00Z",
                        "tested_by": "carol@northwind.example",
                    },
                }
            ],
        }
    ],
    "next": "210987654321",
}
PERMISSION_SETS: dict[str, Any] = {
    "items": [
        {
            "name": "Developer",
            "iam_path": "/gatehouse/",
            "description": "Build and deploy; no networks, no IAM",
            "session_duration": 14400,
            "destination": "",
            "privileged": False,
            "requires_mfa": False,
            "max_sign_in_age": None,
            "console": True,
            "keys": True,
            "session_tags": ["ticket"],
            "session_name_claim": "",
            "source_identity_claim": "",
            "claim_tags": {"department": "department"},
            "transitive_tags": [],
            "role_policy": "",
            "role_policy_arns": ["arn:{partition}:iam::aws:policy/PowerUserAccess"],
            "permissions_boundary": "",
            "session_policy": "",
            "session_policy_arns": [],
            "read_only_policy": "",
            "read_only_policy_arns": ["arn:{partition}:iam::aws:policy/ReadOnlyAccess"],
        }
    ],
    "next": "Developer",
}
MAPPINGS: dict[str, Any] = {
    "items": [
        {
            "name": "Payments develops in its accounts",
            "issuer": None,
            "claim": "groups",
            "split": "",
            "match": "exact",
            "value": "payments",
            "permission_set": "Developer",
            "console": True,
            "keys": True,
            "enabled": True,
            "expires_at": None,
            "targets": [
                {
                    "kind": "unit",
                    "account_id": None,
                    "environment": None,
                    "organizational_unit": "Workloads/Payments",
                    "tag_key": "",
                    "tag_value": "",
                }
            ],
        }
    ],
    "next": None,
}
AUDIT: dict[str, Any] = {
    "items": [
        {
            "id": _AUDIT_ID,
            "at": "2026-11-22T12:00:00Z",
            "action": "access.keys.issued",
            "issuer": _ISSUER,
            "sub": "nw-1001",
            "actor": "alice@northwind.example",
            "actor_kind": "person",
            "surface": "api",
            "ip": "192.0.2.7",
            "user_agent": "gatehouse-client/0.1.0",
            "request_id": "7c0de6e0d3b44a6f9f64a0e2f8a4c0de",
            **_ROLE,
            "account_name": "payments-dev",
            "duration": 900,
            "reason": "Payments develops in its accounts: groups = payments",
            "error_code": "",
            "access_key_id": "ASIAIOSFODNN7EXAMPLE",
            "session_name": _SESSION,
            "assumed_role_arn": f"arn:aws:sts::210987654321:assumed-role/Developer/{_SESSION}",
            "aws_request_id": "c6104cbe-af31-11e0-8154-cbc7ccf896c7",
            "detail": {},
        }
    ],
    "next": str(_AUDIT_ID),
}
ONBOARDING_IN: dict[str, Any] = {"account_ids": ["210987654321"], "form": "cloudformation"}
ONBOARDING: dict[str, Any] = {
    "documents": [{"path": "210987654321/gatehouse-roles.json", "text": "{...}"}]
}
