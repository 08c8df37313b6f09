"""Each text of a plan file is replaced by what no database or parser takes: a complaint at its line, never a defect."""

from __future__ import annotations

import re
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import transaction

from accounts.models import Account, AuditEvent, Mapping

pytestmark = pytest.mark.django_db

PLAN = """
[[environment]]
name = "production"
label = "Production"
colour = "red"

[[permission_set]]
name = "ReadOnly"
iam_path = "/gatehouse/"
description = "Looks"
session_duration = "8h"
destination = "https://console.aws.amazon.com/s3/home"
session_tags = ["project"]

[[permission_set]]
name = "Operator"

[[account]]
account_id = "123456789012"
name = "payments-prod"
partition = "aws"
environment = "production"
organizational_unit = "Workloads/Payments"
region = "eu-west-1"
trust_method = "hub"
external_id = "northwind"
tags = { "team" = "payments" }
roles = ["ReadOnly", { permission_set = "Operator", iam_role_name = "Legacy" }]

[[issuer]]
name = "CI"
url = "https://ci.example/a"
audiences = ["gatehouse"]
algorithm = "RS256"

[[mapping]]
name = "Readers"
claim = "groups"
value = "readers"
split = ";"
permission_set = "ReadOnly"
accounts.ids = ["123456789012"]
accounts.organizational_units = ["Workloads"]
accounts.environments = ["production"]
accounts.tags = { "team" = ["payments"] }

[[mapping]]
name = "Builds"
issuer = "CI"
claim = "sub"
wildcard = "repo-*"
permission_set = "ReadOnly"
accounts = "all"

[[mapping]]
name = "By name"
claim = "roles"
template = "{account_id}:{role}"
accounts = "all"
"""
HOSTILE = (
    r'"x\u0000y"',
    r'"x\n\u001b[31m\u202ey"',
    r'"\U0010FFFF"',
    '"' + "9" * 5000 + '"',
    str(2**63),
    "[[]]",
    "nan",
)
TEXT = re.compile(r'"[^"]*"')


def replaced() -> Iterator[tuple[int, str, str]]:
    """Yield the file with one text replaced: its line, what was there, and the file."""
    for found in TEXT.finditer(PLAN):
        line = PLAN.count("\n", 0, found.start()) + 1
        is_key = PLAN[found.end() :].startswith(" =")
        for hostile in HOSTILE:
            if is_key and not hostile.startswith('"'):
                continue  # That is no TOML at all.
            text = PLAN[: found.start()] + hostile + PLAN[found.end() :]
            yield line, f"{found[0]} -> {hostile[:20]}", text


def test_every_text_of_a_file_may_be_anything(tmp_path: Path) -> None:
    file = tmp_path / "company.toml"
    wrong, refused, taken = [], 0, 0
    for line, what, text in replaced():
        file.write_text(text)
        said = StringIO()
        try:
            with transaction.atomic():
                call_command("apply", str(file), stdout=said, stderr=said, no_color=True)
                transaction.set_rollback(True)
            taken += 1
        except CommandError as error:
            refused += 1
            said.write(str(error))
            if f"{file}:{line}:" not in said.getvalue():
                wrong.append((line, what, said.getvalue()[:300]))
        except Exception as error:  # noqa: BLE001
            wrong.append((line, what, repr(error)[:300]))
        if not said.getvalue().replace("\n", "").isprintable():
            wrong.append((line, what, "control characters in what is said"))

    assert wrong == []
    assert refused > 10 * taken > 0
    assert not AuditEvent.objects.exists()


def test_the_file_itself_is_taken_and_one_of_brackets_is_not(tmp_path: Path) -> None:
    file = tmp_path / "company.toml"
    for text in ("a = " + "[" * 50_000, "a" + ".a" * 2000 + " = 1", "[" * 50_000, "\x00"):
        file.write_text(text)
        with pytest.raises(CommandError, match="1 complaint"):
            call_command("apply", str(file), stderr=StringIO())
    assert not Account.objects.exists()

    file.write_text(PLAN)
    call_command("apply", str(file), stdout=StringIO(), stderr=StringIO())

    assert Mapping.objects.count() == 3
