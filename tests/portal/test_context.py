"""Where a request came from: nobody writes an address of their choice into the audit trail."""

from __future__ import annotations

import pytest
from django.conf import LazySettings
from django.test import RequestFactory

from portal.context import client_address


def _seen(remote: str, forwarded: str | None = None) -> str:
    headers = {} if forwarded is None else {"X-Forwarded-For": forwarded}
    return client_address(RequestFactory().get("/", REMOTE_ADDR=remote, headers=headers))


def test_forwarded_header_is_ignored_when_no_proxy_is_trusted() -> None:
    assert _seen("198.51.100.1", "203.0.113.9") == "198.51.100.1"


@pytest.mark.parametrize(
    ("remote", "forwarded", "address"),
    [
        ("198.51.100.1", "203.0.113.9", "198.51.100.1"),  # not from the proxy
        ("10.0.0.1", None, "10.0.0.1"),
        ("10.0.0.1", "203.0.113.9", "203.0.113.9"),
        ("10.0.0.1", "192.0.2.1, 203.0.113.9", "203.0.113.9"),  # the client wrote the first
        ("10.0.0.1", "203.0.113.9, 10.0.0.2", "203.0.113.9"),  # two proxies
        ("10.0.0.1", "2001:db8::1", "2001:db8::1"),
        ("10.0.0.1", "nonsense", "10.0.0.1"),
        ("10.0.0.1", "<script>, 10.0.0.2", "10.0.0.2"),
        ("10.0.0.1", "", "10.0.0.1"),
    ],
)
def test_forwarded_header_is_believed_as_far_as_proxies_are_trusted(
    settings: LazySettings, remote: str, forwarded: str | None, address: str
) -> None:
    settings.TRUSTED_PROXIES = ["10.0.0.0/8"]

    assert _seen(remote, forwarded) == address


def test_underscored_spelling_of_the_header_is_not_read(settings: LazySettings) -> None:
    settings.TRUSTED_PROXIES = ["10.0.0.0/8"]
    request = RequestFactory().get("/", REMOTE_ADDR="10.0.0.1", headers={"X_Real_IP": "192.0.2.1"})

    assert client_address(request) == "10.0.0.1"
