"""Find the real parts tests run against: Chromium, PostgreSQL, Keycloak, Redis, nginx, shells, tools, the AWS CLI; skip with directions where one is missing.

With GATEHOUSE_REAL_PARTS=required (as in CI) a missing part fails the test instead.
"""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import pytest

from tests import aws_cli_builds, aws_cli_v2

TERRAFORM_PLUGINS = "GATEHOUSE_TERRAFORM_PLUGINS"
TERRAFORM_PROVIDER = "registry.terraform.io/hashicorp/aws"
KEYCLOAK_VERSION = "26.7.3"
KEYCLOAK_ARTIFACT = f"org.keycloak:keycloak-quarkus-dist:{KEYCLOAK_VERSION}:zip"


def missing(part: str, *, how_to_get_it: str) -> NoReturn:
    """Skip the test, or fail it where real parts are required; say how to get the part."""
    message = f"{part} is missing; get it with: {how_to_get_it}"
    if os.environ.get("GATEHOUSE_REAL_PARTS") == "required":
        pytest.fail(message, pytrace=False)
    pytest.skip(message)


def chromium_path() -> Path:
    """Return the path of a Chromium browser; the one without windows takes half the processor time."""
    for name in ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome"):
        if path := shutil.which(name):
            return Path(path)
    missing("Chromium", how_to_get_it="apt install chromium-headless-shell")


def postgresql_bin() -> Path:
    """Return the folder of PostgreSQL's server programs (initdb, pg_ctl), the newest version's."""
    if path := shutil.which("initdb"):
        return Path(path).resolve().parent
    versions = sorted(
        Path("/usr/lib/postgresql").glob("*/bin/initdb"),
        key=lambda initdb: int(initdb.parts[-3]),
    )
    if versions:
        return versions[-1].parent
    missing("PostgreSQL", how_to_get_it="apt install postgresql")


def keycloak_zip() -> Path:
    """Return the path of Keycloak's distribution in Maven's local repository."""
    repository = Path.home() / ".m2" / "repository"
    name = f"keycloak-quarkus-dist-{KEYCLOAK_VERSION}.zip"
    path = repository.joinpath("org", "keycloak", "keycloak-quarkus-dist", KEYCLOAK_VERSION, name)
    if path.is_file():
        return path
    missing(
        "Keycloak",
        how_to_get_it=f"mvn dependency:get -Dtransitive=false -Dartifact={KEYCLOAK_ARTIFACT}",
    )


def java_path() -> Path:
    """Return the path of a Java runtime; Keycloak needs version 17 or newer."""
    if path := shutil.which("java"):
        return Path(path)
    missing("Java", how_to_get_it="apt install default-jre-headless")


def redis_server_path() -> Path:
    """Return the path of Redis's server, or of Valkey's, which speaks the same."""
    for name in ("redis-server", "valkey-server"):
        if path := shutil.which(name):
            return Path(path)
    missing("Redis", how_to_get_it="apt install redis-server")


def nginx_path() -> Path:
    """Return the path of nginx, which Debian keeps out of other people's PATH."""
    if path := shutil.which("nginx", path=f"{os.environ.get('PATH', os.defpath)}:/usr/sbin"):
        return Path(path)
    missing("nginx", how_to_get_it="apt install nginx")


def shell_path(name: str) -> Path:
    """Return the path of a shell that Debian has: bash, dash, zsh, fish."""
    if path := shutil.which(name):
        return Path(path)
    missing(name, how_to_get_it=f"apt install {name}")


def tool_path(name: str) -> Path:
    """Return the path of a tool that the pages' examples use and a new machine may lack: curl, jq."""
    if path := shutil.which(name):
        return Path(path)
    missing(name, how_to_get_it=f"apt install {name}")


def powershell_path() -> Path:
    """Return the path of PowerShell. Debian has none, so that no run can require it."""
    if path := shutil.which("pwsh"):
        return Path(path)
    pytest.skip("PowerShell is missing; get it from https://github.com/PowerShell/PowerShell")


@dataclass(frozen=True)
class Terraform:
    """A Terraform, or OpenTofu, and a folder of plugins with the provider of AWS: nothing is downloaded."""

    path: Path
    plugins: Path


def terraform() -> Terraform:
    """Return Terraform and its plugins. No package index has the provider, so that no run can require it."""
    found = shutil.which("terraform") or shutil.which("tofu")
    plugins = Path(os.environ.get(TERRAFORM_PLUGINS, "/nowhere"))
    if found and (plugins / TERRAFORM_PROVIDER).is_dir():
        return Terraform(Path(found), plugins)
    pytest.skip(
        f"Terraform or its provider of AWS is missing; put terraform or tofu on the PATH and set "
        f"{TERRAFORM_PLUGINS} to a folder with {TERRAFORM_PROVIDER} in it (`terraform providers mirror`)"
    )


def aws_cli_path() -> Path:
    """Return the path of an AWS CLI, of whatever version."""
    for suite in aws_cli_v2.SUITES:
        if (path := aws_cli_v2.program(suite)).is_file():
            return path
    if machines := shutil.which("aws"):
        return Path(machines)
    missing("the AWS CLI", how_to_get_it=aws_cli_v2.HOW_TO_GET_IT)


def aws_cli_v2_path(suite: str) -> Path:
    """Return the path of the AWS CLI 2 that a suite of Debian's has."""
    path = aws_cli_v2.program(suite)
    if path.is_file():
        return path
    missing(f"the AWS CLI of Debian {suite}", how_to_get_it=aws_cli_v2.HOW_TO_GET_IT)


def aws_cli_build_path(build: aws_cli_builds.Build) -> Path:
    """Return the path of one of AWS's own builds of the AWS CLI 2."""
    path = aws_cli_builds.program(build)
    if path.is_file():
        return path
    missing(f"the AWS CLI {build.version}", how_to_get_it=aws_cli_builds.HOW_TO_GET_IT)
