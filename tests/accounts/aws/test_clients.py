"""The clients: one per process and region, quiet in logs, clear about what is missing."""

from __future__ import annotations

import logging
import subprocess
import sys
import threading
import tomllib
from pathlib import Path
from typing import Any

import pytest

import accounts
from accounts.aws import bulkhead, clients, sts
from accounts.concurrency import THREADS
from accounts.errors import AwsRefused, GatehouseError
from tests.emulators import Reply, ScriptedServer, aws_environment, sts_at

ROOT = Path(__file__).parents[3]
ARN = "arn:aws:iam::123456789012:role/Developer"


def test_clients_refuse_without_credentials_and_say_where_to_set_them() -> None:
    with (
        aws_environment(AWS_ACCESS_KEY_ID=None, AWS_SECRET_ACCESS_KEY=None),
        pytest.raises(AwsRefused) as refused,
    ):
        clients.sts()

    assert refused.value.code == "aws.hub_credentials"
    assert "AWS_ACCESS_KEY_ID" in refused.value.admin_message
    assert "AWS_ACCESS_KEY_ID" not in refused.value.user_message


def test_clients_find_credentials_that_come_later() -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("AWS_SECRET_ACCESS_KEY")
        clients.reset()
        with pytest.raises(AwsRefused):
            clients.sts()
        patch.setenv("AWS_SECRET_ACCESS_KEY", "found at last")

        assert clients.sts().meta.region_name == "eu-west-1"
    clients.reset()


def test_clients_refuse_half_a_credential() -> None:
    with (
        aws_environment(AWS_SECRET_ACCESS_KEY=None),
        pytest.raises(AwsRefused) as refused,
    ):
        clients.hub_is_chained()

    assert refused.value.code == "aws.hub_credentials"


def test_clients_refuse_an_unknown_profile() -> None:
    with (
        aws_environment(AWS_PROFILE="nowhere"),
        pytest.raises(AwsRefused) as refused,
    ):
        clients.sts()

    assert refused.value.code == "aws.hub_credentials"
    assert "ProfileNotFound" in refused.value.admin_message


def test_clients_do_not_repeat_what_a_credential_process_printed(tmp_path: Path) -> None:
    config = tmp_path / "config"
    config.write_text(
        "[default]\nregion = eu-west-1\n"
        "credential_process = sh -c 'echo planted-secret >&2; exit 1'\n"
    )
    with (
        aws_environment(
            AWS_ACCESS_KEY_ID=None, AWS_SECRET_ACCESS_KEY=None, AWS_CONFIG_FILE=str(config)
        ),
        pytest.raises(AwsRefused) as refused,
    ):
        clients.sts()

    assert refused.value.code == "aws.hub_credentials"
    assert "CredentialRetrievalError" in refused.value.admin_message
    assert "planted" not in refused.value.admin_message


def test_clients_refuse_without_a_region_and_say_where_to_set_it() -> None:
    with (
        aws_environment(AWS_REGION=None, AWS_DEFAULT_REGION=None),
        pytest.raises(AwsRefused) as refused,
    ):
        clients.sts()

    assert refused.value.code == "aws.region"
    assert "AWS_REGION" in refused.value.admin_message


def test_clients_refuse_a_region_that_is_no_host_label() -> None:
    with aws_environment():
        for region in ("eu west 1", "-", "eu-west-1.evil.example/"):
            with pytest.raises(AwsRefused) as refused:
                clients.sts(region)
            assert refused.value.code == "aws.region", region


def test_clients_refuse_an_endpoint_that_is_no_url_without_repeating_it() -> None:
    with sts_at("planted-password@nowhere"), pytest.raises(AwsRefused) as refused:
        clients.sts()

    assert refused.value.code == "aws.endpoint"
    assert "AWS_ENDPOINT_URL_STS" in refused.value.admin_message
    assert "planted" not in refused.value.admin_message


@pytest.mark.parametrize(
    ("environment", "region"),
    [
        ({"AWS_REGION": "eu-north-1", "AWS_DEFAULT_REGION": "eu-west-3"}, "eu-north-1"),
        ({"AWS_REGION": None, "AWS_DEFAULT_REGION": "eu-west-3"}, "eu-west-3"),
    ],
)
def test_clients_take_the_region_from_the_environment(
    environment: dict[str, str | None], region: str
) -> None:
    with aws_environment(**environment):
        assert clients.sts().meta.region_name == region


def test_clients_ask_the_endpoint_of_their_region() -> None:
    with aws_environment(AWS_ENDPOINT_URL_STS=None):
        for region in ("eu-west-3", "us-east-1"):
            assert clients.sts(region).meta.endpoint_url == f"https://sts.{region}.amazonaws.com"


def test_clients_are_shared_by_threads() -> None:
    found: list[object] = []
    together = threading.Barrier(16)

    def ask() -> None:
        together.wait()
        found.append(clients.sts())

    with aws_environment():
        threads = [threading.Thread(target=ask) for _ in range(16)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    assert len(found) == 16
    assert len(set(map(id, found))) == 1


def test_clients_are_apart_for_each_region() -> None:
    with aws_environment():
        assert clients.sts("eu-west-1") is not clients.sts("eu-west-3")
        assert clients.sts("eu-west-3") is clients.sts("eu-west-3")


def test_clients_are_not_carried_through_a_fork() -> None:
    # In a process of its own, because pytest's has threads, which a fork would cut off.
    script = """
import os
from accounts.aws import clients
before = clients.call(clients.sts)
child = os.fork()
if child == 0:
    os._exit(0 if clients.call(clients.sts) is not before else 1)
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
assert clients.call(clients.sts) is before
"""
    subprocess.run([sys.executable, "-c", script], cwd=ROOT, check=True, timeout=60)


def test_attempts_and_pauses_end_within_the_deadline_of_a_call() -> None:
    with aws_environment():
        config: Any = clients.sts().meta.config

    assert config.retries["mode"] == "standard"
    attempts = config.retries["total_max_attempts"]
    # Standard mode waits for at most 1 second before the second attempt:
    # https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html
    assert attempts == 2
    assert attempts * (config.connect_timeout + config.read_timeout) + 1 <= bulkhead.DEADLINE == 15


def test_calls_have_a_connection_each_and_leave_threads_to_pages() -> None:
    with aws_environment():
        config: Any = clients.sts().meta.config

    assert config.max_pool_connections == bulkhead.CALLS_AT_ONCE < THREADS


def test_clients_say_who_they_are() -> None:
    with (
        ScriptedServer(lambda seen: Reply(400)) as server,
        sts_at(server.url),
        pytest.raises(GatehouseError),
    ):
        sts.assume_role(role_arn=ARN, session_name="alice", duration=3600)

    assert f"gatehouse/{accounts.__version__}" in server.seen[0].headers["user-agent"].split()


def test_the_version_is_the_one_of_the_project() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]

    assert accounts.__version__ == project["version"]


@pytest.mark.parametrize(("token", "chained"), [("a session token", True), (None, False)])
def test_hub_is_chained_when_its_credentials_are_temporary(
    token: str | None, chained: bool
) -> None:
    with aws_environment(AWS_SESSION_TOKEN=token):
        assert clients.hub_is_chained() is chained


def test_hub_is_chained_when_it_runs_in_a_role_of_a_container() -> None:
    keys = (
        '{"AccessKeyId": "ASIACONTAINER", "SecretAccessKey": "s", "Token": "t", '
        '"Expiration": "2099-01-01T00:00:00Z"}'
    )
    with (
        ScriptedServer(lambda seen: Reply(body=keys)) as server,
        aws_environment(
            AWS_ACCESS_KEY_ID=None,
            AWS_SECRET_ACCESS_KEY=None,
            AWS_CONTAINER_CREDENTIALS_FULL_URI=server.url,
        ),
    ):
        assert clients.hub_is_chained()


@pytest.mark.usefixtures("sts_endpoint")
def test_keys_are_not_logged_even_when_the_root_logs_everything(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with aws_environment(AWS_SESSION_TOKEN="planted-token-of-the-hub"):
        caplog.set_level(logging.DEBUG)
        for name in ("boto3", "botocore", "urllib3"):  # As if somebody had asked for all of it.
            caplog.set_level(logging.DEBUG, logger=name)

        keys = sts.assume_role(role_arn=ARN, session_name="alice", duration=3600)

    for secret in (keys.secret_access_key, keys.session_token, "planted-token-of-the-hub"):
        assert secret not in caplog.text


@pytest.mark.shows_secrets("that botocore logs them is what this shows")
@pytest.mark.usefixtures("sts_endpoint")
def test_keys_would_be_logged_if_the_loggers_were_not_pinned(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with aws_environment(AWS_SESSION_TOKEN="planted-token-of-the-hub"):
        clients.sts()
        caplog.set_level(logging.DEBUG)
        caplog.set_level(logging.DEBUG, logger="botocore")

        sts.assume_role(role_arn=ARN, session_name="alice", duration=3600)

    assert "planted-token-of-the-hub" in caplog.text


def test_loggers_are_pinned_when_the_clients_are_imported() -> None:
    script = """
import logging
logging.basicConfig(level=logging.DEBUG)
import accounts.aws.clients
for name in ("boto3", "botocore", "urllib3"):
    assert not logging.getLogger(name + ".anything").isEnabledFor(logging.INFO), name
"""
    subprocess.run([sys.executable, "-c", script], cwd=ROOT, check=True, timeout=60)


def test_loggers_are_pinned_again_when_a_client_is_made(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, logger="botocore")

    with aws_environment():
        clients.sts()

    assert logging.getLogger("botocore").level == logging.WARNING
