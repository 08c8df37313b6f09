"""The demo's folder: secrets are the owner's alone, and the portal gets nothing of the shell's AWS."""

from __future__ import annotations

import stat
from pathlib import Path

import boto3
import pytest

from demo.identity import IdentityProvider
from demo.launcher.aws_config import PROFILE, write_aws_config
from demo.launcher.folder import AlreadyRunning, DemoFolder
from demo.launcher.network import DEFAULTS, Ports


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_secrets_are_readable_by_their_owner_alone(tmp_path: Path) -> None:
    folder = DemoFolder(tmp_path / "data")
    folder.portal_environment(DEFAULTS)
    IdentityProvider(people=[], clients=[], key_file=folder.identity_key)

    assert mode(folder.path) == 0o700
    for name in ("secret-key", "client-secret", "identity-key.pem"):
        assert mode(folder.path / name) == 0o600


def test_secrets_stay_the_same(tmp_path: Path) -> None:
    folder = DemoFolder(tmp_path)

    first = folder.secret("secret-key").read_text()
    assert len(first) >= 50
    assert folder.secret("secret-key").read_text() == first


def test_the_provider_keeps_its_key(tmp_path: Path) -> None:
    providers = [
        IdentityProvider(people=[], clients=[], key_file=tmp_path / "key.pem") for _ in range(2)
    ]

    assert providers[0].key.kid == providers[1].key.kid


def test_processes_inherit_nothing_of_aws_from_the_shell(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "the-real-one")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "a real token")
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example")

    for _, environment, _ in DemoFolder(tmp_path).processes(DEFAULTS).values():
        assert not {"AWS_PROFILE", "AWS_SESSION_TOKEN", "HTTPS_PROXY"} & set(environment)


def test_aws_config_sends_every_service_to_this_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = DemoFolder(tmp_path)
    write_aws_config(folder.aws_config, ports=DEFAULTS)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(folder.aws_config))
    # Set where another test of this process has met an emulated STS.
    monkeypatch.delenv("AWS_ENDPOINT_URL_STS", raising=False)

    session = boto3.Session(profile_name=PROFILE)

    endpoints = {name: session.client(name).meta.endpoint_url for name in ("sso", "sts", "s3")}
    assert endpoints == {
        "sso": DEFAULTS.portal_url,
        "sts": DEFAULTS.cloud_url,
        "s3": DEFAULTS.cloud_url,
    }


def test_no_secret_is_on_a_command_line(tmp_path: Path) -> None:
    folder = DemoFolder(tmp_path)
    processes = folder.processes(DEFAULTS)

    for name in ("secret-key", "client-secret"):
        secret = folder.secret(name).read_text()
        assert all(secret not in " ".join(command) for command, _, _ in processes.values())


def test_one_demo_at_a_time_has_the_data(tmp_path: Path) -> None:
    folder = DemoFolder(tmp_path)

    with folder.locked(), pytest.raises(AlreadyRunning), folder.locked():
        pass
    with folder.locked():
        pass


def test_where_the_demo_runs_is_known_while_it_does(tmp_path: Path) -> None:
    folder, ports = DemoFolder(tmp_path), Ports(1, 2, 3, 4)

    assert folder.running_ports() is None
    with folder.locked(), folder.announced(ports):
        assert folder.running_ports() == ports
    assert folder.running_ports() is None


def test_a_stale_file_does_not_make_a_demo(tmp_path: Path) -> None:
    folder = DemoFolder(tmp_path)
    (tmp_path / "running.json").write_text('{"portal": 1, "identity": 2, "cloud": 3}')

    assert folder.running_ports() is None
