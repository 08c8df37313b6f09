"""Keys pasted into the real thing: shells, the AWS CLI, boto3. What they read is what STS gave."""

from __future__ import annotations

import os
import re
import subprocess
from itertools import product
from pathlib import Path

import boto3
import environ
import pytest
from hypothesis import HealthCheck, example, given, settings

from tests import real_parts
from tests.examples import examples
from tests.portal.pages.issued import MORE, NAMES, REGION, VALUES, Values, any_values, block

# Every character that could mean something, wherever it could.
AWKWARD: list[Values] = [
    VALUES,
    ("ASIA0000000000000000", "=starts/with+equals", "ends==" * 50),
    ("ASIA0000000000000000", "+/" * 20, "/etc/passwd"),
    ("ASIA0000000000000000", "a=b=c==", "=" * 64),
]
AWKWARD_PROFILE = "a.b_c@d+e=f,g:h/i"
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
    assert {name: found.get(name) for name in MORE} == MORE
    return (found[NAMES[0]], found[NAMES[1]], found[NAMES[2]])


@pytest.mark.parametrize("name", SHELLS)
@settings(max_examples=examples(15), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(values=any_values)
@example(AWKWARD[0])
@example(AWKWARD[1])
@example(AWKWARD[2])
@example(AWKWARD[3])
def test_shell_reads_back_whatever_sts_may_issue(name: str, values: Values) -> None:
    slug, _ = SHELLS[name]

    assert in_shell(name, block(slug, values).text) == values


def test_file_of_variables_reads_back_in_a_shell_too() -> None:
    for values in AWKWARD:
        assert in_shell("bash", f"set -a\n{block('env', values).text}") == values


@given(values=any_values)
def test_file_of_variables_is_read_line_by_line(values: Values) -> None:
    """Docker and systemd: https://docs.docker.com/reference/cli/docker/container/run/#env."""
    lines = block("env", values).text.splitlines()

    assert (
        dict(line.split("=", 1) for line in lines) == dict(zip(NAMES, values, strict=True)) | MORE
    )


def test_file_of_variables_is_read_by_a_dotenv_library(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in (*NAMES, *MORE):
        monkeypatch.setenv(name, "")
    (tmp_path / ".env").write_text(block("env").text)

    environ.Env.read_env(tmp_path / ".env", overwrite=True)

    assert tuple(os.environ[name] for name in NAMES) == VALUES


def test_powershell_reads_back_what_was_issued() -> None:
    path = real_parts.powershell_path()
    print_them = '[Console]::Write(($Env:{},$Env:{},$Env:{}) -join "`n")'.format(*NAMES)
    for values in AWKWARD:
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

    assert found == dict(zip(NAMES, values, strict=True)) | MORE


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

    assert found == dict(zip(NAMES, values, strict=True)) | MORE


def read_by_boto3(monkeypatch: pytest.MonkeyPatch, profile: str, **files: Path) -> Values:
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, str(files.get(name, os.devnull)))
    credentials = boto3.Session(profile_name=profile).get_credentials()
    assert credentials is not None
    frozen = credentials.get_frozen_credentials()
    return (str(frozen.access_key), str(frozen.secret_key), str(frozen.token))


def test_boto3_reads_the_profile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "credentials"
    for profile, values in product(("", "payments", AWKWARD_PROFILE), AWKWARD):
        file.write_text(block("profile", values, profile=profile).text)

        read = read_by_boto3(
            monkeypatch,
            profile or "123456789012_AdministratorAccess",
            AWS_SHARED_CREDENTIALS_FILE=file,
        )

        assert read == values, profile


def test_boto3_takes_the_json_from_a_credential_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config, answer = tmp_path / "config", tmp_path / "answer"
    config.write_text(f"[profile x]\ncredential_process = cat {answer}\n")
    for values in AWKWARD:
        text = block("json", values).text
        assert "2026-11-22T13:00:00+00:00" in text
        # Botocore refuses keys that have expired.
        answer.write_text(text.replace("2026-11-22T13:00:00", "2999-01-01T00:00:00"))

        assert read_by_boto3(monkeypatch, "x", AWS_CONFIG_FILE=config) == values


def configure(shell: str, folder: Path, programs: Path) -> None:
    """Paste the lines of `aws configure` into a shell that finds `aws` among these programs."""
    _, arguments = SHELLS[shell]
    text = block("configure", AWKWARD[1], profile=AWKWARD_PROFILE).text
    subprocess.run(
        [real_parts.shell_path(shell), *arguments],
        input=f"{text}\nexit\n",
        env={
            "PATH": f"{programs}:{os.environ['PATH']}",
            "HOME": str(folder),
            "TERM": "dumb",
            "AWS_CONFIG_FILE": str(folder / "config"),
            "AWS_SHARED_CREDENTIALS_FILE": str(folder / "credentials"),
        },
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        text=True,
        timeout=60,
        start_new_session=True,
        check=False,
    )


@pytest.mark.parametrize("name", SHELLS)
def test_every_shell_gives_aws_configure_the_same_arguments(name: str, tmp_path: Path) -> None:
    program = tmp_path / "aws"
    program.write_text(f"#!/bin/sh\nprintf '%s\\n' \"$@\" >>{tmp_path}/arguments\n")
    program.chmod(0o700)

    configure(name, tmp_path, tmp_path)

    given = (tmp_path / "arguments").read_text().splitlines()
    assert given == [
        argument
        for key, value in zip(NAMES, AWKWARD[1], strict=True)
        for argument in ("configure", "set", key.lower(), value, "--profile", AWKWARD_PROFILE)
    ] + ["configure", "set", "region", REGION, "--profile", AWKWARD_PROFILE]


def test_aws_configure_writes_the_profile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    configure("bash", tmp_path, real_parts.aws_cli_path().parent)

    file = tmp_path / "credentials"
    read = read_by_boto3(monkeypatch, AWKWARD_PROFILE, AWS_SHARED_CREDENTIALS_FILE=file)
    assert read == AWKWARD[1]
