"""The two commands as people run them: exit codes, what is said and where."""

from __future__ import annotations

import io
import os
import pwd
import sys
from pathlib import Path
from typing import Any

import pytest
from django.core.management import ManagementUtility
from django.db import OperationalError, connection, connections

from accounts.models import Account, AuditEvent
from accounts.models.audit import Action
from tests import cast

pytestmark = pytest.mark.django_db

COMPANY = """\
[[permission_set]]
name = "ReadOnly"

[[account]]
account_id = "123456789012"
name = "payments-prod"
roles = ["ReadOnly"]
"""


def manage(*arguments: str | Path) -> int:
    """Run a command through Django's own front door and return its exit code."""
    try:
        ManagementUtility(["manage.py", *map(str, arguments)]).execute()
    except SystemExit as ended:
        return int(ended.code or 0)
    return 0


@pytest.fixture(autouse=True)
def _open_connections(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the test's transaction: Django's front door closes all connections on its way out."""
    monkeypatch.setattr(connections, "close_all", lambda: None)


@pytest.fixture
def company(tmp_path: Path) -> Path:
    file = tmp_path / "northwind.toml"
    file.write_text(COMPANY, encoding="utf-8")
    return file


def test_apply_refuses_with_every_complaint_on_stderr(
    company: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    company.write_text(COMPANY.replace("payments-prod", "").replace("9012", "90"))

    code = manage("apply", company)

    out, err = capsys.readouterr()
    assert code == 1
    assert out == ""
    assert err.splitlines() == [
        f'{company}:5: account "1234567890": account_id: '
        "An AWS account id has exactly 12 digits, leading zeros included.",
        f'{company}:6: account "1234567890": name: This field cannot be blank.',
        f"CommandError: {company} was refused with 2 complaints; nothing was changed.",
    ]


def test_apply_says_what_is_wrong_with_a_file_it_cannot_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "northwind.toml"

    def said(content: bytes) -> str:
        file.write_bytes(content)
        assert manage("apply", file) == 1
        return capsys.readouterr().err.replace(str(file), "FILE")

    assert manage("apply", file) == 1
    assert capsys.readouterr().err == f"CommandError: There is no file {file}.\n"
    assert manage("apply", tmp_path) == 1
    assert "There is no file with the ending .toml in" in capsys.readouterr().err
    for empty in (b"", b" \n\n"):
        assert said(empty) == (
            "CommandError: FILE is empty; `manage.py export` shows what a file looks like.\n"
        )
    assert said(b"# fine\nname = \xe9") == (
        "CommandError: FILE:2: This is not UTF-8; save the file in that encoding.\n"
    )


@pytest.mark.parametrize("command", ["apply", "export"])
def test_commands_say_that_the_database_refused(
    command: str, company: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(*_: Any) -> None:
        raise OperationalError("no such table: accounts_account")

    with connection.execute_wrapper(refuse):
        code = manage(command, company)

    err = capsys.readouterr().err
    assert code == 1
    assert err.startswith("CommandError: The database refused")
    assert "no such table: accounts_account\nHas `manage.py migrate` been run?" in err
    assert "Traceback" not in err


def test_apply_says_what_it_did_and_who_did_it(
    company: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOGNAME", "somebody-else")

    code = manage("apply", company)

    assert code == 0
    assert capsys.readouterr().out.splitlines() == [
        '+ permission_set "ReadOnly"',
        '+ account "payments-prod" (123456789012)',
        f"Applied {company}: 2 added, 0 changed.",
    ]
    (applied,) = AuditEvent.objects.filter(action=Action.PLAN_APPLIED)
    assert applied.actor == pwd.getpwuid(os.getuid()).pw_name


def test_apply_warns_of_a_value_that_looks_like_a_pattern(
    company: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mapping = '[[mapping]]\nname = "Looking"\nvalue = "aws-*"\npermission_set = "ReadOnly"\n'
    company.write_text(f'{COMPANY}\n{mapping}accounts = "all"\n')

    assert manage("apply", company) == 0

    assert 'mapping "Looking": “aws-*” is compared letter by letter' in capsys.readouterr().err


@pytest.mark.parametrize("dry_run", [["--dry-run"], []])
def test_apply_warns_of_a_partition_without_a_hub(
    company: Path, capsys: pytest.CaptureFixture[str], dry_run: list[str]
) -> None:
    company.write_text(COMPANY.replace("roles =", 'partition = "aws-cn"\nroles ='))

    assert manage("apply", *dry_run, company) == 0

    told = capsys.readouterr().err
    assert "no role in the accounts in aws-cn can be used" in told
    assert "set AWS_HUB_PROFILE_AWS_CN to a profile" in told


def test_apply_warns_of_access_by_e_mail_address(
    company: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert manage("apply", "--dry-run", company) == 0
    assert "e-mail" not in capsys.readouterr().err
    company.write_text(
        COMPANY + '[[mapping]]\nname = "Al"\nclaim = "email"\nvalue = "a@x"\n'
        'permission_set = "ReadOnly"\naccounts = "all"\n'
    )

    assert manage("apply", "--dry-run", company) == 0

    told = capsys.readouterr().err
    assert "access by e-mail address: Al." in told
    assert "set OIDC_EMAIL_IS_VERIFIED=True" in told


def test_a_delimiter_is_applied_and_exported_and_an_odd_one_refused(
    company: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mapping = (
        '[[mapping]]\nname = "Split"\nclaim = "groups"\nsplit = "{}"\nvalue = "{}"\n'
        'permission_set = "ReadOnly"\naccounts = "all"\n'
    )
    for split, value, said in (
        ("and", "a", "split"),
        ("x", "a", "split"),
        (";", "a;b", "name one part"),
    ):
        company.write_text(COMPANY + mapping.format(split, value))
        assert manage("apply", company) == 1
        assert said in capsys.readouterr().err

    company.write_text(COMPANY + mapping.format(";", "a"))
    assert manage("apply", company) == 0
    assert manage("export") == 0

    assert 'claim = "groups"\nsplit = ";"\nvalue = "a"\n' in capsys.readouterr().out


def test_apply_names_the_number_of_a_user_without_a_name(
    company: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "getuid", lambda: 4_000_000)

    manage("apply", company)

    assert AuditEvent.objects.get(action=Action.PLAN_APPLIED).actor == "uid 4000000"


def test_apply_of_a_dry_run_says_the_same_and_changes_nothing(
    company: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = manage("apply", "--dry-run", company)

    assert code == 0
    assert capsys.readouterr().out.splitlines() == [
        '+ permission_set "ReadOnly"',
        '+ account "payments-prod" (123456789012)',
        f"Dry run of {company}: 2 added, 0 changed; nothing was changed.",
    ]
    assert not Account.objects.exists()


def test_apply_says_one_line_when_asked_to_and_again_that_nothing_changes(
    company: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert manage("apply", "--verbosity", "0", company) == 0
    assert capsys.readouterr().out == f"Applied {company}: 2 added, 0 changed.\n"

    assert manage("apply", company) == 0
    assert capsys.readouterr().out == f"No changes: the database says what {company} says.\n"


def test_apply_reads_standard_input_and_the_mark_that_windows_leaves(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    raw = io.BytesIO(b"\xef\xbb\xbf" + COMPANY.replace("\n", "\r\n").encode())
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(raw))

    assert manage("apply", "-") == 0
    assert Account.objects.get().name == "payments-prod"


def test_export_writes_the_same_to_a_file_and_to_standard_output(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cast.account("Zürich", "123456789012")

    assert manage("export", tmp_path / "out.toml") == 0
    assert manage("export") == 0

    out = capsys.readouterr().out
    assert 'name = "Zürich"' in out
    assert (tmp_path / "out.toml").read_text(encoding="utf-8") == out


def test_export_says_when_it_cannot_write(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "nowhere" / "out.toml"

    assert manage("export", file) == 1
    assert (
        capsys.readouterr().err
        == f"CommandError: {file} cannot be written: No such file or directory.\n"
    )
