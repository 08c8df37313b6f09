"""The address of AWS's switch-role page, in each partition."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from accounts.aws.switch_role import switch_role_url
from accounts.errors import AwsRefused


def url(**changes: Any) -> str:
    return switch_role_url(
        **{
            "partition": "aws",
            "account_id": "012345678901",
            "path": "/",
            "role_name": "Operator",
            "display_name": "Operator @ payments-prod",
            **changes,
        }
    )


def query(address: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}


def test_path_and_name_that_the_page_does_not_take_are_refused() -> None:
    url(path="/", role_name="R" * 64)

    with pytest.raises(AwsRefused, match="65 characters") as refused:
        url(path="/x/", role_name="R" * 63)

    assert refused.value.code == "aws.switch_role_name"
    assert "RRR" not in refused.value.user_message


def test_unknown_partition_is_refused() -> None:
    with pytest.raises(AwsRefused) as refused:
        url(partition="aws-moon")

    assert refused.value.code == "aws.partition"


@pytest.mark.parametrize(
    ("partition", "host"),
    [
        ("aws", "signin.aws.amazon.com"),
        ("aws-us-gov", "signin.amazonaws-us-gov.com"),
        ("aws-cn", "signin.amazonaws.cn"),
        ("aws-eusc", "eusc-de-east-1.signin.amazonaws-eusc.eu"),
    ],
)
def test_page_is_that_of_the_partition_with_everything_filled_in(partition: str, host: str) -> None:
    address = url(partition=partition, path="/gatehouse/ops/", colour="f2b0a9")

    assert address.startswith(f"https://{host}/switchrole?")
    assert query(address) == {
        "account": "012345678901",
        "roleName": "gatehouse/ops/Operator",
        "displayName": "Operator @ payments-prod",
        "color": "f2b0a9",
    }


def test_names_stay_in_their_fields() -> None:
    address = url(display_name="a&color=ffffff#/..\n" + "x" * 100, role_name="a+b=c,d.@-")

    assert query(address)["displayName"] == ("a&color=ffffff#/..\n" + "x" * 100)[:64]
    assert query(address)["roleName"] == "a+b=c,d.@-"
    assert "color" not in query(address)
