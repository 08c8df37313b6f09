"""One line for one message, with the id of its request; nothing forges another."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from gunicorn.config import Config  # type: ignore[import-untyped]

from portal.access_log import AccessLog
from portal.logs import OneLine, WithRequestId
from tests import cast

LOGGING: Any = settings.LOGGING
FORMAT = LOGGING["formatters"]["line"]["fmt"]


def lines(caplog: pytest.LogCaptureFixture) -> str:
    """Return what the shipped settings would write."""
    written = []
    for record in caplog.records:
        WithRequestId().filter(record)
        written.append(OneLine(FORMAT).format(record))
    return "\n".join(written)


def test_the_shipped_settings_write_this_way() -> None:
    assert LOGGING["formatters"]["line"]["()"] == "portal.logs.OneLine"
    assert LOGGING["filters"]["request_id"]["()"] == "portal.logs.WithRequestId"
    assert LOGGING["handlers"]["console"]["formatter"] == "line"
    assert LOGGING["handlers"]["console"]["filters"] == ["request_id"]


def test_a_path_forges_no_line(caplog: pytest.LogCaptureFixture) -> None:
    Client().post(
        "/admin/accounts/mapping/x%0d%1b[2K2026-01-01 INFO forged/preview/",
        headers={"Sec-Fetch-Site": "cross-site"},
    )

    said = lines(caplog)
    assert "portal.middleware" in said
    assert "\\r\\x1b[2K2026-01-01 INFO forged" in said
    assert not {"\r", "\x1b"} & {*said}


def test_a_message_of_many_lines_is_written_as_one(caplog: pytest.LogCaptureFixture) -> None:
    logging.getLogger("portal").warning("one\n2026-01-01 INFO two\u2028three")

    assert lines(caplog).count("\n") == 0
    assert "one\\n2026-01-01 INFO two\\u2028three" in lines(caplog)


def test_a_refused_request_is_named_in_its_line(caplog: pytest.LogCaptureFixture) -> None:
    response = Client().get("/nowhere")

    assert f"django.request [{response['X-Request-Id']}] Not Found: /nowhere" in lines(caplog)


def test_a_traceback_stays_readable(caplog: pytest.LogCaptureFixture) -> None:
    try:
        raise RuntimeError("broken")
    except RuntimeError:
        logging.getLogger("portal").exception("one\ntwo")

    assert "one\\ntwo\n  | Traceback (most recent call last):\n" in lines(caplog)


def test_what_an_exception_quotes_forges_no_line_and_shows_no_query(
    caplog: pytest.LogCaptureFixture,
) -> None:
    try:
        raise RuntimeError("x\n2026-01-01 INFO forged\x1b[2K at /console?code=secret")
    except RuntimeError:
        logging.getLogger("portal").exception("at /keys?code=secret", stack_info=True)

    written = lines(caplog).split("\n")
    assert all(line.startswith("  | ") for line in written[1:])
    assert "  | 2026-01-01 INFO forged\\x1b[2K at /console?..." in written
    assert "secret" not in written[0] + written[-1]


@pytest.mark.django_db
def test_a_field_that_an_admin_makes_up_forges_no_line(
    caplog: pytest.LogCaptureFixture,
) -> None:
    answer = cast.signed_in("carol").get(
        "/admin/autocomplete/?app_label=accounts&model_name=mapping"
        "&field_name=x%0a2026-01-01+INFO+forged%1b[2K"
    )

    assert answer.status_code == 403
    assert "Forbidden" in lines(caplog)
    assert "forged" not in lines(caplog)


def test_gunicorns_own_logs_are_written_this_way() -> None:
    config = Config()
    config.set("accesslog", "-")
    logger = AccessLog(config)

    for log in (logger.error_log, logger.access_log):
        formatters = [handler.formatter for handler in log.handlers]
        log.handlers.clear()
        log.propagate = True
        assert formatters
        assert all(isinstance(formatter, OneLine) for formatter in formatters)


def test_a_stranger_fills_the_log_with_no_tracebacks(caplog: pytest.LogCaptureFixture) -> None:
    Client().get("/", headers={"Host": "evil.example"})

    said = lines(caplog)
    assert "Invalid HTTP_HOST header: 'evil.example'" in said
    assert "Traceback" not in said
    assert any(record.exc_info for record in caplog.records)  # Others that listen have it still.
