"""Settings that would send the audit trail in the clear, unsigned, or lose it, are refused at start."""

from __future__ import annotations

from typing import Any

import pytest
from pytest_django import Settings

from portal.audit_checks import audit_configuration

GOOD = {
    "AUDIT_WEBHOOK_URL": "https://siem.example.com/in",
    "AUDIT_WEBHOOK_SECRET": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
    "AUDIT_RETENTION": 365,
}


@pytest.mark.parametrize(
    ("changed", "refused"),
    [
        ({}, []),
        ({"AUDIT_WEBHOOK_URL": ""}, []),
        ({"AUDIT_WEBHOOK_URL": "http://localhost:9000"}, []),
        ({"AUDIT_WEBHOOK_URL": "http://siem.example.com"}, ["portal.E030"]),
        ({"AUDIT_WEBHOOK_SECRET": ""}, ["portal.E031"]),
        ({"AUDIT_WEBHOOK_SECRET": "whsec_not base64"}, ["portal.E031"]),
        ({"AUDIT_WEBHOOK_SECRET": "whsec_c2hvcnQ="}, ["portal.E031"]),
        ({"AUDIT_RETENTION": -1}, ["portal.E032"]),
        ({"AUDIT_RETENTION": 7}, ["portal.E032"]),
        ({"AUDIT_RETENTION": 0}, []),
    ],
)
def test_bad_value_is_refused(
    settings: Settings, changed: dict[str, Any], refused: list[str]
) -> None:
    for name, value in (GOOD | changed).items():
        setattr(settings, name, value)

    assert [message.id for message in audit_configuration()] == refused
