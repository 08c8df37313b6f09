"""The demo's folder: secrets are the owner's alone, and the portal gets nothing of the shell's AWS."""

from __future__ import annotations

import contextlib
import signal
import stat
from pathlib import Path

import boto3
import pytest

from demo.identity import IdentityProvider
from demo.launcher.aws_config import PROFILE, write_aws_config
from demo.launcher.home import AlreadyRunning, Home
from demo.launcher.network import DEFAULTS, Ports
from demo.launcher.processes import Died, Family


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_secrets_are_readable_by_their_owner_alone(tmp_path: Path) -> None:
    home = Home(tmp_path / "data")
    home.portal_environment(DEFAULTS)
    IdentityProvider(people=[], clients=[], key_file=home.identity_key)

    assert mode(home.folder) == 0o700
    for name in ("secret-key", "client-secret", "identity-key.pem"):
        assert mode(home.folder / name) == 0o600


def test_secrets_stay_the_same(tmp_path: Path) -> None:
    home = Home(tmp_path)

    first = home.secret("secret-key").read_text()
    assert len(first) >= 50
    assert home.secret("secret-key").read_text() == first


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

    for _, environment, _ in Home(tmp_path).processes(DEFAULTS).values():
        assert not {"AWS_PROFILE", "AWS_SESSION_TOKEN", "HTTPS_PROXY"} & set(environment)


def test_aws_config_sends_every_service_to_this_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = Home(tmp_path)
    write_aws_config(home.aws_config, ports=DEFAULTS)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(home.aws_config))

    session = boto3.Session(profile_name=PROFILE)

    endpoints = {name: session.client(name).meta.endpoint_url for name in ("sso", "sts", "s3")}
    assert endpoints == {
        "sso": DEFAULTS.portal_url,
        "sts": DEFAULTS.cloud_url,
        "s3": DEFAULTS.cloud_url,
    }


def test_no_secret_is_on_a_command_line(tmp_path: Path) -> None:
    home = Home(tmp_path)
    processes = home.processes(DEFAULTS)

    for name in ("secret-key", "client-secret"):
        secret = home.secret(name).read_text()
        assert all(secret not in " ".join(command) for command, _, _ in processes.values())


def test_one_demo_at_a_time_has_the_data(tmp_path: Path) -> None:
    home = Home(tmp_path)

    with home.in_use(), pytest.raises(AlreadyRunning), home.in_use():
        pass
    with home.in_use():
        pass


def test_where_the_demo_runs_is_known_while_it_does(tmp_path: Path) -> None:
    home, ports = Home(tmp_path), Ports(1, 2, 3)

    assert home.where() is None
    with home.in_use(), home.running(ports):
        assert home.where() == ports
    assert home.where() is None


def test_a_stale_file_does_not_make_a_demo(tmp_path: Path) -> None:
    home = Home(tmp_path)
    (tmp_path / "running.json").write_text('{"portal": 1, "identity": 2, "cloud": 3}')

    assert home.where() is None


def test_a_process_that_cannot_start_is_named_with_the_end_of_its_log(tmp_path: Path) -> None:
    with Family(tmp_path) as family:
        family.start(
            "broken",
            command=["/bin/sh", "-c", "echo the reason; exit 7"],
            environment={},
            url="http://localhost:9",
            log=tmp_path / "broken.log",
        )
        with pytest.raises(Died) as died:
            family.wait_until_answering()

    assert "broken ended by itself with status 7" in str(died.value)
    assert "the reason" in str(died.value)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_whose_exception_python_drops_still_ends_the_demo(
    tmp_path: Path, number: signal.Signals
) -> None:
    # A shell's background jobs ignore Ctrl-C, and a suite may be one.
    before = signal.signal(number, signal.SIG_DFL)
    try:
        with Family(tmp_path) as family:
            # As where it falls into the finalizer of an object.
            with contextlib.suppress(KeyboardInterrupt):
                signal.raise_signal(number)

            with pytest.raises(KeyboardInterrupt):
                family.look()
    finally:
        signal.signal(number, before)


def test_signals_mean_what_they_did_after_the_processes_have_ended(tmp_path: Path) -> None:
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]

    with Family(tmp_path):
        pass

    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == before


def test_a_signal_that_is_ignored_stays_so(tmp_path: Path) -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with Family(tmp_path) as family:
            signal.raise_signal(signal.SIGHUP)
            family.look()
    finally:
        signal.signal(signal.SIGHUP, before)
