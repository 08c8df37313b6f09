"""No connection to the database is held while AWS, the hub's credentials or the provider are awaited."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import connection, transaction
from django.test import Client
from pytest_django import Settings

from accounts import pool, trust
from accounts.aws import clients
from tests import cast
from tests.accounts.test_trust import ROLE
from tests.emulators import ConsoleEndpoint

ON_A_POOL = pytest.mark.skipif(
    connection.vendor != "postgresql", reason="only PostgreSQL has a pool: run with DATABASE_URL"
)


class Lent:
    """Stands in for a connection; counts how often it was given back."""

    def __init__(self, *, pooled: bool = True, in_atomic_block: bool = False) -> None:
        self.settings_dict = {"OPTIONS": {"pool": {"min_size": 1}} if pooled else {}}
        self.in_atomic_block = in_atomic_block
        self.given_back = 0

    def close(self) -> None:
        self.given_back += 1


@pytest.mark.parametrize(
    "kept", [Lent(pooled=False), Lent(in_atomic_block=True)], ids=["no pool", "in a transaction"]
)
def test_a_connection_that_is_not_lent_or_in_use_stays(
    monkeypatch: pytest.MonkeyPatch, kept: Lent
) -> None:
    monkeypatch.setattr(pool, "connection", kept)

    pool.give_back()

    assert kept.given_back == 0


@pytest.mark.parametrize(
    "asked", [trust.session_limit, lambda role: trust.console_duration(role, 3600)]
)
def test_a_lent_connection_is_given_back_before_the_hubs_credentials_are_awaited(
    monkeypatch: pytest.MonkeyPatch, asked: Any
) -> None:
    lent, seen = Lent(), []
    monkeypatch.setattr(pool, "connection", lent)
    monkeypatch.setattr(clients, "hub_is_chained", lambda profile: seen.append(lent.given_back))

    asked(ROLE)

    assert seen == [1]


@pytest.fixture
def ends() -> Iterator[tuple[socket.socket, socket.socket]]:
    """The two ends of a connection: the pool's and the server's."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield ours, theirs


def test_a_connection_on_which_nothing_arrived_is_lent_without_asking(
    ends: tuple[socket.socket, socket.socket],
) -> None:
    def is_usable() -> bool:
        raise AssertionError("the server was asked")

    lent = SimpleNamespace(
        settings_dict=Lent().settings_dict, connection=ends[0], is_usable=is_usable
    )

    pool.replace_broken(connection=lent)


def test_a_connection_that_the_server_has_closed_is_replaced_until_one_works(
    ends: tuple[socket.socket, socket.socket],
) -> None:
    ours, theirs = ends
    theirs.close()
    works = [False, False, True]
    lent = SimpleNamespace()
    lent.__dict__.update(
        settings_dict=Lent().settings_dict,
        connection=ours,
        is_usable=lambda: works.pop(0),
        close=lambda: None,
        pool=SimpleNamespace(check=lambda: None),
        connect=lambda: pool.replace_broken(connection=lent),
    )

    pool.replace_broken(connection=lent)

    assert works == []


@ON_A_POOL
@pytest.mark.django_db(transaction=True)
def test_a_connection_is_borrowed_again_after_it_was_given_back() -> None:
    cast.sign_in("alice")
    pool.give_back()
    assert connection.connection is None

    with transaction.atomic():
        cast.sign_in("bob")
        pool.give_back()
        assert connection.connection is not None


@pytest.fixture
def alice(northwind: None, sts_endpoint: str, console: ConsoleEndpoint) -> Client:
    return cast.signed_in("alice")


@pytest.fixture
def console(console_endpoint: ConsoleEndpoint, settings: Settings) -> ConsoleEndpoint:
    settings.AWS_FEDERATION_ENDPOINT = console_endpoint.url
    return console_endpoint


@ON_A_POOL
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("method", "path", "roles"),
    [
        ("get", "/keys", ["210987654321/ReadOnly"]),
        ("get", "/keys", ["210987654321/ReadOnly", "123456789012/ReadOnly"]),
        ("post", "/keys", ["210987654321/ReadOnly"]),
        ("post", "/keys", ["210987654321/ReadOnly", "123456789012/ReadOnly"]),
        ("post", "/console", ["210987654321/ReadOnly"]),
    ],
)
def test_no_page_holds_one_while_the_hubs_credentials_are_awaited(
    monkeypatch: pytest.MonkeyPatch, alice: Client, method: str, path: str, roles: list[str]
) -> None:
    held: list[bool] = []

    def slow(profile: str) -> bool:
        held.append(connection.connection is not None)
        return False

    monkeypatch.setattr(clients, "hub_is_chained", slow)

    response = getattr(alice, method)(path, {"role": roles})

    assert response.status_code in (200, 303)
    assert held
    assert not any(held)
