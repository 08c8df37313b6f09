"""The scratch PostgreSQL is a real one."""

from __future__ import annotations

import psycopg
import pytest


@pytest.mark.postgresql
def test_scratch_cluster_answers(postgresql_url: str) -> None:
    with psycopg.connect(postgresql_url) as connection:
        answer = connection.execute("SELECT version()").fetchone()

    assert answer is not None
    assert answer[0].startswith("PostgreSQL")
