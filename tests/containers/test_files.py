"""The Dockerfile and the compose file, judged as far as files can be judged without an engine."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from portal.context import is_in_networks
from tests.containers import compose
from tests.processes import ROOT

DOCKERFILE = (ROOT / "Dockerfile").read_text()
SERVICES = compose.services()
TOOLS = Path(sys.executable).parent


def run(*command: str | Path, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, cwd=ROOT, env=variables or None, capture_output=True, text=True, check=False
    )


def test_dockerfile_passes_hadolint() -> None:
    found = run(TOOLS / "hadolint", "--no-color", "Dockerfile")

    assert found.stdout + found.stderr == ""


def test_compose_file_follows_the_specification() -> None:
    found = run(
        TOOLS / "check-jsonschema",
        "--builtin-schema",
        "vendor.compose-spec",
        "docker-compose.yml",
    )

    assert found.returncode == 0, found.stdout


def test_image_ends_as_a_user_by_number_who_is_not_root() -> None:
    final = DOCKERFILE.rpartition("\nFROM ")[2]

    (user,) = re.findall(r"^USER (.*)$", final, re.MULTILINE)
    assert re.fullmatch(r"[1-9][0-9]+:[1-9][0-9]+", user)


def test_every_package_in_the_image_is_checked_against_its_hash() -> None:
    installs = re.findall(r"pip install.*", DOCKERFILE)

    assert installs
    assert all("--require-hashes" in install for install in installs)


def test_nothing_enters_the_build_but_what_is_named() -> None:
    rules = (ROOT / ".dockerignore").read_text().splitlines()
    rules = [rule for rule in rules if rule and not rule.startswith("#")]

    assert rules[0] == "*"
    assert not {"!.env", "!.git", "!.demo", "!tests"} & set(rules)


def test_images_are_pinned_by_version_and_those_of_others_by_digest() -> None:
    ours = re.compile(r"gatehouse(-cloud)?:[0-9]+\.[0-9]+\.[0-9]+")
    pinned = re.compile(r"[a-z0-9./-]+:[0-9]+\.[0-9]+[0-9a-z.-]*@sha256:[0-9a-f]{64}")
    used = {service["image"] for service in SERVICES.values()}
    bases = re.findall(r"^FROM (\S+) AS", DOCKERFILE, re.MULTILINE)
    (base,) = re.findall(r"^ARG BASE=(\S+)$", DOCKERFILE, re.MULTILINE)

    assert [
        image for image in used if not ours.fullmatch(image) and not pinned.fullmatch(image)
    ] == []
    assert pinned.fullmatch(base)
    # Every other stage begins with one of this file.
    assert bases[0] == "${BASE}"
    assert set(bases[1:]) <= set(re.findall(r" AS (\S+)$", DOCKERFILE, re.MULTILINE))


def test_containers_may_not_gain_rights() -> None:
    for name, service in SERVICES.items():
        assert service["cap_drop"] == ["ALL"], name
        assert "no-new-privileges:true" in service["security_opt"], name


def test_container_may_write_to_memory_and_volumes_only() -> None:
    for name, service in SERVICES.items():
        # In development mode Keycloak builds itself at its first start.
        assert service.get("read_only") is (None if name == "keycloak" else True), name


def test_no_registry_is_asked_for_an_image_of_ours() -> None:
    policies = {
        name: service.get("pull_policy")
        for name, service in SERVICES.items()
        if service["image"].startswith("gatehouse")
    }

    ours = {"portal": "never", "worker": "never"}
    assert policies == {"cloud": "build", "prepare": "build", **ours}
    assert {SERVICES[name]["image"] for name in ours} == {SERVICES["prepare"]["image"]}
    assert "build" in SERVICES["prepare"]
    assert all("prepare" in SERVICES[name]["depends_on"] for name in ours)


def test_every_place_says_the_same_version() -> None:
    places = {
        "pyproject.toml": r'^version = "(.+)"',
        "client/pyproject.toml": r'^version = "(.+)"',
        "accounts/__init__.py": r'^__version__ = "(.+)"',
        "client/gatehouse_client/transport.py": r'"gatehouse-client/(.+)"',
        "docker-compose.yml": r"image: gatehouse(?:-cloud)?:(.+)",
    }

    versions = {
        place: set(re.findall(pattern, (ROOT / place).read_text(), re.MULTILINE))
        for place, pattern in places.items()
    }

    assert all(found == versions["pyproject.toml"] for found in versions.values()), versions


def test_published_ports_listen_on_this_machine_only() -> None:
    ports = [port for service in SERVICES.values() for port in service.get("ports", [])]

    assert ports
    assert all(port.startswith("127.0.0.1:") for port in ports)


def test_whoever_is_waited_for_to_be_healthy_says_whether_they_are() -> None:
    awaited = {
        name
        for service in SERVICES.values()
        for name, how in service.get("depends_on", {}).items()
        if how["condition"] == "service_healthy"
    }

    silent = {name for name in awaited if "healthcheck" not in SERVICES[name]}
    assert awaited >= {"keycloak", "postgres", "cloud"}
    assert silent == {"cloud"}, "the embedded AWS has its HEALTHCHECK in the Dockerfile"
    assert "HEALTHCHECK" in DOCKERFILE.partition("AS cloud")[2].partition("FROM")[0]


def test_every_secret_in_the_demo_says_that_it_is_one() -> None:
    secrets = {
        value
        for service in SERVICES.values()
        for name, value in service.get("environment", {}).items()
        if re.search("PASSWORD|SECRET|ACCESS_KEY", name)
    }

    assert secrets
    assert all(re.search("demo[ -]?only", secret, re.IGNORECASE) for secret in secrets)


def test_portal_accepts_the_configuration_of_the_compose_file() -> None:
    environment = compose.portal_environment()

    found = run(
        sys.executable, "manage.py", "check", "--deploy", "--fail-level", "ERROR", **environment
    )

    assert found.returncode == 0, found.stderr


def test_token_of_the_aws_cli_passes_from_whatever_address_a_published_port_has() -> None:
    networks = SERVICES["portal"]["environment"]["TRUSTED_PROXIES"].split(",")

    # The engines' default pools (Docker, Podman), their user-land proxies, and no address of anybody else.
    for address in ("172.17.0.1", "172.31.0.1", "192.168.16.1", "10.88.0.1", "127.0.0.1", "::1"):
        assert is_in_networks(address, networks), address
    assert not is_in_networks("203.0.113.7", networks)
