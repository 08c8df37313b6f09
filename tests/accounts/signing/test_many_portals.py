"""Portals on one database agree: one first key, one rotation, and no two keys of one number."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from django.db import DatabaseError, connection

from accounts.errors import InvalidRequest
from accounts.models import SigningKey
from accounts.signing import mint, rotation, stored_keys
from tests.accounts.signing.test_web_identity import REQUEST
from tests.cast import NOON

PORTALS = 4

pytestmark = [pytest.mark.postgresql, pytest.mark.django_db(transaction=True)]


@pytest.fixture(autouse=True)
def _on_postgresql() -> None:
    if connection.vendor != "postgresql":
        pytest.skip("SQLite in memory has one connection for all threads")


def at_once(act: Callable[[], object]) -> list[object]:
    """Do the same in several threads at the same moment; return the results, or the errors."""
    barrier = Barrier(PORTALS)

    def one(number: int) -> object:
        barrier.wait(10)
        try:
            return act()
        except (InvalidRequest, DatabaseError) as error:
            return error
        finally:
            connection.close()

    with ThreadPoolExecutor(PORTALS) as portals:
        return list(portals.map(one, range(PORTALS)))


def test_portals_that_start_together_create_one_key_and_all_sign() -> None:
    tokens = at_once(lambda: mint(request=REQUEST, now=NOON))

    assert all(isinstance(token, str) for token in tokens)
    assert SigningKey.objects.count() == 2


def test_rotations_at_the_same_moment_are_one() -> None:
    stored_keys.create_first(now=NOON)

    done = at_once(lambda: rotation.rotate(now=NOON, actor="an operator"))

    assert sum(isinstance(one, SigningKey) for one in done) == 1
    assert sum(isinstance(one, InvalidRequest) for one in done) == PORTALS - 1
    assert list(SigningKey.objects.values_list("number", flat=True)) == [1, 2, 3]


def test_workers_at_the_same_moment_rotate_once() -> None:
    stored_keys.create_first(now=NOON)
    due = NOON + timedelta(days=90)

    done = at_once(lambda: rotation.rotate_if_due(now=due, actor="the worker"))

    assert sum(isinstance(one, SigningKey) for one in done) == 1
    assert done.count(None) == PORTALS - 1
    assert SigningKey.objects.count() == 3
