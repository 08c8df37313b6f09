"""A bad configuration is refused at start, with everything that is wrong with it at once."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.conf import LazySettings
from django.db import OperationalError, connection

from accounts.models import Account
from portal.checks import accounts_without_hub, configuration

ROOT = Path(__file__).resolve().parents[2]


def _ids() -> list[str]:
    return [str(message.id) for message in configuration()]


def test_partition_has_one_way_in(settings: LazySettings) -> None:
    settings.AWS_HUB_PROFILES = {"aws-cn": "nowhere", "aws-us-gov": ""}
    settings.AWS_WEB_IDENTITY_PARTITIONS = ["aws-cn", "aws-us-gov"]

    assert _ids() == ["portal.E015", "portal.E014"]


def test_configuration_of_the_tests_is_good() -> None:
    assert _ids() == []


@pytest.mark.parametrize(
    ("name", "value", "refusal"),
    [
        ("AWS_HUB_PROFILES", {"aws-cn": "nowhere"}, "portal.E014"),
        ("AWS_WEB_IDENTITY_PARTITIONS", ["aws-moon"], "portal.E015"),
        ("SECRET_KEY", "not set", "portal.E001"),
        ("SECRET_KEY", "short", "portal.E002"),
        ("SECRET_KEY", "a" * 60, "portal.E002"),
        ("SECRET_KEY_FALLBACKS", ["short"], "portal.E002"),
        ("BASE_URL", "", "portal.E003"),
        ("BASE_URL", "ftp://aws.example.com", "portal.E004"),
        ("BASE_URL", "https://aws.example.com/portal", "portal.E004"),
        ("BASE_URL", "https://user@aws.example.com", "portal.E004"),
        ("BASE_URL", "aws.example.com", "portal.E004"),
        ("BASE_URL", "http://aws.example.com", "portal.E005"),
        ("BASE_URL", "http://10.0.0.1", "portal.E005"),
        ("BASE_URL", "http://localhost.example.com", "portal.E005"),
        ("AWS_FEDERATION_ENDPOINT", "https://signin.evil.example", "portal.E006"),
        ("AWS_FEDERATION_ENDPOINT", "nonsense", "portal.E006"),
        ("TRUSTED_PROXIES", ["the balancer"], "portal.E007"),
        ("TRUSTED_ISSUER_NETWORKS", ["10.0.0.1/8"], "portal.E007"),
        ("SIGN_IN_LIFETIME", 299, "portal.E008"),
        ("SIGN_IN_LIFETIME", 43201, "portal.E008"),
        ("SIGN_IN_IDLE_LIFETIME", 299, "portal.E018"),
        ("SIGN_IN_IDLE_LIFETIME", 43201, "portal.E018"),
        ("SIGN_IN_IDLE_LIFETIME", -1, "portal.E018"),
        ("CLAIMS_MAX_AGE", 59, "portal.E013"),
        ("CLAIMS_MAX_AGE", 3601, "portal.E013"),
        ("CLAIMS_GRACE", -1, "portal.E017"),
        ("CLAIMS_GRACE", 3601, "portal.E017"),
        ("WORKING_DAY_ENDS", "6 pm", "portal.E012"),
        ("WORKING_DAY_ENDS", "24:00", "portal.E012"),
        ("UNREADABLE", ["SIGN_IN_LIFETIME must be a whole number"], "portal.E009"),
        ("ADMIN_VALUES", [], "portal.W001"),
        ("ADMIN_CLAIM", "", "portal.W001"),
    ],
)
def test_bad_value_is_refused(settings: LazySettings, name: str, value: Any, refusal: str) -> None:
    setattr(settings, name, value)

    assert _ids() == [refusal]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("BASE_URL", "https://aws.example.com"),
        ("BASE_URL", "http://127.0.0.1:8000"),
        ("BASE_URL", "http://[::1]:8000"),
        ("AWS_FEDERATION_ENDPOINT", "http://localhost:8002"),
        ("TRUSTED_PROXIES", ["10.0.0.0/8", "::1"]),
        ("TRUSTED_ISSUER_NETWORKS", ["10.20.0.0/16", "fd12::/16"]),
        ("SIGN_IN_LIFETIME", 300),
    ],
)
def test_good_value_is_accepted(settings: LazySettings, name: str, value: Any) -> None:
    setattr(settings, name, value)

    assert _ids() == []


@pytest.mark.wire
def test_server_with_nothing_configured_refuses_to_start_and_names_everything(
    tmp_path: Path,
) -> None:
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "DATABASE_URL": "nonsense",
        # Of two workers that end at the same moment, gunicorn may make a traceback.
        "WEB_CONCURRENCY": "1",
    }

    ended = subprocess.run(
        [sys.executable, "-m", "gunicorn", "portal.wsgi", "--bind", "127.0.0.1:0"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert ended.returncode == 3
    said = ended.stdout + ended.stderr
    assert "SECRET_KEY is not set" in said
    assert "BASE_URL is not set" in said
    assert "OIDC_ISSUER is not set" in said
    assert "DATABASE_URL must be" in said
    assert "Traceback" not in said


@pytest.mark.django_db
def test_accounts_in_a_partition_without_a_hub_are_named() -> None:
    Account.objects.create(account_id="123456789012", name="a", partition="aws-cn", active=False)
    assert accounts_without_hub(databases=["default"]) == []

    Account.objects.update(active=True)

    (warning,) = accounts_without_hub(databases=["default"])
    assert warning.id == "portal.W002"
    assert "set AWS_HUB_PROFILE_AWS_CN to a profile" in warning.msg
    assert accounts_without_hub() == []


@pytest.mark.django_db
def test_an_empty_database_is_migrated_although_no_account_can_be_checked() -> None:
    def refuse(*_: Any) -> None:
        raise OperationalError("no such table: accounts_account")

    with connection.execute_wrapper(refuse):
        assert accounts_without_hub(databases=["default"]) == []
