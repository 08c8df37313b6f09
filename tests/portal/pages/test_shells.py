"""Keys pasted into the real thing: shells, the AWS CLI, boto3. What they read is what STS gave."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path

import boto3
import environ
import pytest
from hypothesis import HealthCheck, given, settings

from tests import real_parts
from tests.examples import examples
from tests.portal.pages.issued import NAMES, VALUES, Values, any_values, block

# Every character that could mean something, wherever it could.
AWKWARD: list[Values] = [
    VALUES,
    ("ASIA0000000000000000", "=starts/with+equals", "ends==" * 50),
    ("ASIA0000000000000000", "+/" * 20, "/etc/passwd"),
    ("ASIA0000000000000000", "a=b=c==", "=" * 64),
]
SHELLS = {
    "bash": ("posix", ("--norc", "--noprofile", "-i")),
    "dash": ("posix", ("-i",)),
    "zsh": ("posix", ("-f", "-i")),
    "fish": ("fish", ("--no-config",)),
}
MARK = "<<<variables>>>"


def in_shell(name: str, text: str) -> Values:
    """Paste a text into an interactive shell; return the variables that programs it starts then see."""
    _, arguments = SHELLS[name]
    path = real_parts.shell_path(name)
    shell = subprocess.run(
        [path, *arguments],
        input=f"{text}\nprintf '{MARK}'; env -0\nexit\n",
        env={"PATH": os.environ["PATH"], "HOME": "/nonexistent", "TERM": "dumb"},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        timeout=30,
        # An interactive shell would take the terminal of whoever runs the tests.
        start_new_session=True,
        check=False,
    )
    pairs = shell.stdout.rpartition(MARK)[2].split("\0")
    found = dict(pair.split("=", 1) for pair in pairs if "=" in pair)
    return (found[NAMES[0]], found[NAMES[1]], found[NAMES[2]])


@pytest.mark.parametrize("values", AWKWARD)
@pytest.mark.parametrize("name", SHELLS)
def test_shell_reads_back_what_was_issued(name: str, values: Values) -> None:
    slug, _ = SHELLS[name]

    assert in_shell(name, block(slug, values).text) == values


@pytest.mark.parametrize("name", SHELLS)
@settings(max_examples=examples(15), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(values=any_values)
def test_shell_reads_back_whatever_sts_may_issue(name: str, values: Values) -> None:
    slug, _ = SHELLS[name]

    assert in_shell(name, block(slug, values).text) == values


@pytest.mark.parametrize("values", AWKWARD)
def test_file_of_variables_reads_back_in_a_shell_too(values: Values) -> None:
    assert in_shell("bash", f"set -a\n{block('env', values).text}") == values


@given(values=any_values)
def test_file_of_variables_is_read_line_by_line(values: Values) -> None:
    """Docker and systemd: https://docs.docker.com/reference/cli/docker/container/run/#env."""
    lines = block("env", values).text.splitlines()

    assert dict(line.split("=", 1) for line in lines) == dict(zip(NAMES, values, strict=True))


def test_file_of_variables_is_read_by_a_dotenv_library(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in NAMES:
        monkeypatch.setenv(name, "")
    (tmp_path / ".env").write_text(block("env").text)

    environ.Env.read_env(tmp_path / ".env", overwrite=True)

    assert tuple(os.environ[name] for name in NAMES) == VALUES


@pytest.mark.parametrize("values", AWKWARD)
def test_powershell_reads_back_what_was_issued(values: Values) -> None:
    path = real_parts.powershell_path()
    print_them = '[Console]::Write(($Env:{},$Env:{},$Env:{}) -join "`n")'.format(*NAMES)

    printed = subprocess.check_output(
        [path, "-NoProfile", "-Command", "-"],
        input=f"{block('powershell', values).text}\n{print_them}\n",
        text=True,
    )

    assert tuple(printed.splitlines()) == values


@given(values=any_values)
def test_powershell_reads_back_what_was_issued_by_its_rules(values: Values) -> None:
    """Within double quotes `$`, the backtick and quotes of any kind have a meaning, and nothing else.

    https://learn.microsoft.com/powershell/module/microsoft.powershell.core/about/about_quoting_rules
    """
    found = {}
    for line in block("powershell", values).text.splitlines():
        statement = re.fullmatch(r'\$Env:(\w+)="([^$`"“”„]*)"', line)
        assert statement, line
        found[statement[1]] = statement[2]

    assert found == dict(zip(NAMES, values, strict=True))


@given(values=any_values)
def test_cmd_reads_back_what_was_issued_by_its_rules(values: Values) -> None:
    """The name ends at the first `=`, the value at the end of the line, blanks and quotes included.

    https://learn.microsoft.com/windows-server/administration/windows-commands/set_1
    """
    found = {}
    for line in block("cmd", values).text.splitlines():
        statement = re.fullmatch(r'SET ([^=&|<>^%!"]+)=([^&|<>^%!"]*[^\s&|<>^%!"])', line)
        assert statement, line
        found[statement[1]] = statement[2]

    assert found == dict(zip(NAMES, values, strict=True))


def read_by_boto3(monkeypatch: pytest.MonkeyPatch, profile: str, **files: Path) -> Values:
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, str(files.get(name, os.devnull)))
    credentials = boto3.Session(profile_name=profile).get_credentials()
    assert credentials is not None
    frozen = credentials.get_frozen_credentials()
    return (str(frozen.access_key), str(frozen.secret_key), str(frozen.token))


@pytest.mark.parametrize("values", AWKWARD)
@pytest.mark.parametrize("profile", ["", "payments", "a.b_c@d+e=f,g:h/i"])
def test_boto3_reads_the_profile(
    profile: str, values: Values, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "credentials"
    file.write_text(block("profile", values, profile=profile).text)

    found = read_by_boto3(
        monkeypatch,
        profile or "123456789012_AdministratorAccess",
        AWS_SHARED_CREDENTIALS_FILE=file,
    )

    assert found == values


@pytest.mark.parametrize("values", AWKWARD)
def test_boto3_takes_the_json_from_a_credential_process(
    values: Values, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = block("json", values).text
    # Keys of 2026 would be over by now, or not yet, when this runs.
    answer = {**json.loads(text), "Expiration": "2999-01-01T00:00:00+00:00"}
    (tmp_path / "answer").write_text(
        text.replace("2026-11-22T13:00:00+00:00", answer["Expiration"])
    )
    (tmp_path / "config").write_text(f"[profile x]\ncredential_process = cat {tmp_path}/answer\n")

    found = read_by_boto3(monkeypatch, "x", AWS_CONFIG_FILE=tmp_path / "config")

    assert found == values


@pytest.mark.parametrize("name", SHELLS)
def test_aws_configure_writes_the_profile_from_any_shell(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    programs = real_parts.aws_cli_path().parent
    file, profile, values = tmp_path / "credentials", "a.b_c@d+e=f,g:h/i", AWKWARD[1]
    text = block("configure", values, profile=profile).text
    _, arguments = SHELLS[name]

    subprocess.run(
        [real_parts.shell_path(name), *arguments],
        input=f"{text}\nexit\n",
        env={
            "PATH": f"{programs}:{os.environ['PATH']}",
            "HOME": str(tmp_path),
            "TERM": "dumb",
            "AWS_CONFIG_FILE": str(tmp_path / "config"),
            "AWS_SHARED_CREDENTIALS_FILE": str(file),
        },
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        text=True,
        timeout=60,
        start_new_session=True,
        check=False,
    )

    found = read_by_boto3(monkeypatch, profile, AWS_SHARED_CREDENTIALS_FILE=file)
    assert found == values
