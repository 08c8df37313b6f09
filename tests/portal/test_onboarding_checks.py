"""Whom roles are to trust, looked at before the portal starts."""

from __future__ import annotations

from typing import Any

import pytest
from pytest_django import Settings

from portal.onboarding_checks import onboarding_configuration


@pytest.mark.parametrize(
    ("name", "value", "refusal"),
    [
        ("AWS_HUB_PRINCIPALS", {"aws": "arn:aws:iam::999988887777:root"}, "portal.E070"),
        ("AWS_HUB_PRINCIPALS", {"aws-cn": "arn:aws:iam::999988887777:role/hub"}, "portal.E070"),
        ("SWITCH_ROLE_PRINCIPALS", ["*"], "portal.E071"),
    ],
)
def test_a_principal_that_nobody_is_is_refused_at_start(
    settings: Settings, name: str, value: Any, refusal: str
) -> None:
    assert onboarding_configuration() == []

    setattr(settings, name, value)

    assert [message.id for message in onboarding_configuration()] == [refusal]


def test_principals_of_several_partitions_are_good(settings: Settings) -> None:
    settings.AWS_HUB_PRINCIPALS = {"aws": "", "aws-cn": "arn:aws-cn:iam::999988887777:role/hub"}
    settings.SWITCH_ROLE_PRINCIPALS = [
        "arn:aws:iam::111122223333:root",
        "arn:aws-eusc:iam::111122223333:role/people/Staff",
    ]

    assert onboarding_configuration() == []
