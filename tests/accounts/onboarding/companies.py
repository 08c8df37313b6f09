"""Accounts to make templates for: one of each trust method, each with a role of everything and a plain one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from accounts.models import Account, PermissionSet
from accounts.onboarding import Form, Options, create
from accounts.onboarding.creation import with_roles
from tests import cast

STAFF = "arn:aws:iam::111122223333:role/Staff"
PEOPLE = "https://id.northwind.example/realms/staff"
PORTAL = "https://aws.northwind.example"
ACCOUNTS = {
    "hub": "111111111111",
    "user-token": "222222222222",
    "portal-token": "333333333333",
    "switch-role": "444444444444",
}
# What a person may write where text is free, to break out of JSON, HCL and a shell.
HOSTILE = '\'; touch broken; $(touch broken) `touch broken` ${file("/etc/passwd")} $${x} %{ if true }y%{ endif } \\" \\ é ¡'
READING = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Action": ["s3:Get*", "s3:List*"],
            "Resource": "*",
            "Condition": {"StringLike": {"s3:prefix": ["${aws:username}/*", HOSTILE]}},
        }
    ],
}


def permission_sets() -> tuple[PermissionSet, PermissionSet]:
    """Add one permission set with everything that a role can have, and one with nothing."""
    full = cast.permission_set(
        "Platform+Engineer",
        iam_path="/gatehouse/",
        description=HOSTILE,
        session_duration=8 * 3600,
        role_policy=json.dumps(READING),
        role_policy_arns=[
            "arn:{partition}:iam::aws:policy/job-function/ViewOnlyAccess",
            "arn:{partition}:iam::{account_id}:policy/gatehouse/Base",
        ],
        permissions_boundary="arn:{partition}:iam::{account_id}:policy/Boundary",
        claim_tags={"team": "department"},
        source_identity_claim="upn",
    )
    return full, cast.permission_set("ReadOnly", session_duration=900)


def account(method: str, account_id: str = "", **columns: Any) -> Account:
    """Add an account of a trust method that offers both permission sets."""
    where = cast.account(method, account_id or ACCOUNTS[method], trust_method=method, **columns)
    if method == "hub" and not where.external_id:
        where.external_id = f"gatehouse:{where.account_id}"
        where.save()
    for what in PermissionSet.objects.all():
        cast.offer(where, what, subjects=["alice", "bob"] if method == "user-token" else [])
    return where


def files(*accounts: Account, form: Form, **options: Any) -> dict[str, str]:
    """Return the texts of the files for accounts, by path."""
    chosen = with_roles(Account.objects.filter(pk__in=[one.pk for one in accounts]))
    return {
        document.path: document.text for document in create(chosen, Options(form=form, **options))
    }


def write(files: dict[str, str], folder: Path) -> Path:
    """Write files below a folder, and return it."""
    for path, text in files.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)
    return folder
