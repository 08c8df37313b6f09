"""Requests to the provider, over a real socket: what each failure is told as, and where nobody may be asked."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.utils import timezone
from joserfc import jwt
from joserfc.jwk import RSAKey
from werkzeug.wrappers import Request, Response

from accounts import pool, time_budget
from accounts.gate import PATIENCE, Gate
from accounts.models import TrustedIssuer
from accounts.oidc import bearer_jwts, discovery, key_sets, provider_http
from accounts.oidc.errors import IssuerUnavailable, ProviderMisconfigured, ProviderUnavailable
from tests.publisher import Publisher


def read(url: str, limit: int = 1000) -> dict[str, Any]:
    return provider_http.fetch("GET", url, name="the document", limit=limit).document()


def test_the_document_is_read_within_its_limit(publisher: Publisher) -> None:
    publisher.publish("/", {"a": "x" * 900})

    assert read(f"{publisher.url}/") == {"a": "x" * 900}
    assert publisher.requests[0].headers["Accept"] == "application/json"


def test_a_form_and_headers_are_sent(publisher: Publisher) -> None:
    forms = []

    def reply(request: Request) -> Response:
        forms.append((dict(request.form), request.headers["Authorization"]))
        return Response("{}", mimetype="Application/JSON; charset=utf-8")

    publisher.replies["/"] = reply
    answer = provider_http.fetch(
        "POST",
        f"{publisher.url}/",
        name="it",
        limit=100,
        headers={"Authorization": "Bearer token"},
        data={"code": "a&b=ü", "empty": ""},
    )

    assert forms == [({"code": "a&b=ü", "empty": ""}, "Bearer token")]
    assert answer.content_type == "application/json"


def test_what_is_no_document_is_refused_and_said(publisher: Publisher, settings: Any) -> None:
    settings.OIDC_TIMEOUT = 1

    def drip() -> Iterator[bytes]:
        for _ in range(100):
            time.sleep(0.1)
            yield b" "

    replies: dict[str, Callable[[Request], Response]] = {
        f"status {status}": lambda _, status=status: Response(status=status)  # type: ignore[misc]
        for status in (302, 400, 404, 500, 503)
    }
    replies["longer than 1000 bytes"] = lambda _: Response(json.dumps({"a": "x" * 1000}))
    replies["not the JSON it should be"] = lambda _: Response("<html>")
    replies["takes too long"] = lambda _: Response(drip())
    begun, wrong = time.monotonic(), []
    for words, reply in replies.items():
        publisher.replies["/"] = reply
        with pytest.raises(ProviderUnavailable) as refused:
            read(f"{publisher.url}/")
        if words not in refused.value.admin_message or "OIDC" not in refused.value.user_message:
            wrong.append(refused.value.admin_message)

    assert wrong == []
    assert time.monotonic() - begun < 5


def test_a_certificate_that_is_not_accepted_is_told_so(publisher: Publisher) -> None:
    with pytest.raises(ProviderUnavailable, match="REQUESTS_CA_BUNDLE"):
        read(publisher.url.replace("http:", "https:"))


def test_a_provider_that_is_not_there_is_told_so(unused_port: int) -> None:
    with pytest.raises(ProviderUnavailable, match="COULDNT_CONNECT") as caught:
        read(f"http://user:planted@localhost:{unused_port}/path")

    assert f"http://localhost:{unused_port}/path" in caught.value.admin_message
    assert "planted" not in caught.value.admin_message


def test_no_pooled_connection_is_kept_while_the_provider_is_awaited(
    publisher: Publisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed = []
    monkeypatch.setattr(pool, "connection", _PooledConnection(lambda: closed.append(True)))
    publisher.replies["/"] = lambda _: Response(f'{{"closed": {len(closed)}}}')

    assert read(f"{publisher.url}/") == {"closed": 1}


class _PooledConnection:
    settings_dict = {"OPTIONS": {"pool": True}}
    in_atomic_block = False

    def __init__(self, close: Callable[[], None]) -> None:
        self.close = close


def test_a_response_keeps_its_body_to_itself() -> None:
    answer = provider_http.ProviderResponse(
        200, "application/json", b'{"access_token": "secret"}', "it"
    )

    assert "secret" not in repr(answer)


def trusted_issuer(publisher: Publisher) -> None:
    publisher.publish(
        discovery.WELL_KNOWN, {"issuer": publisher.url, "jwks_uri": f"{publisher.url}/jwks"}
    )


def test_a_trusted_issuer_inside_is_asked_for_nothing(publisher: Publisher, settings: Any) -> None:
    settings.SECURE = True
    trusted_issuer(publisher)

    with pytest.raises(ProviderMisconfigured) as refused:
        discovery.jwks_uri_of(publisher.url)

    assert not publisher.hits
    assert "TRUSTED_ISSUER_NETWORKS" in refused.value.admin_message
    assert "127.0.0.1" not in refused.value.user_message


def test_keys_inside_are_not_asked_for(publisher: Publisher, settings: Any) -> None:
    settings.SECURE = True

    with pytest.raises(ProviderMisconfigured):
        key_sets.find(
            url=f"{publisher.url}/jwks",
            kid=None,
            algorithm="RS256",
            reload_interval=0,
            guarded=True,
        )

    assert not publisher.hits


@pytest.mark.django_db
def test_keys_inside_are_not_asked_for_because_of_a_workloads_token(
    publisher: Publisher, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.SECURE = True
    monkeypatch.setattr(discovery, "jwks_uri_of", lambda issuer: f"{publisher.url}/jwks")
    TrustedIssuer.objects.create(name="CI", url="https://ci.example", audiences=["gatehouse"])
    token = jwt.encode({"alg": "RS256"}, {"iss": "https://ci.example"}, RSAKey.generate_key(2048))

    with pytest.raises(IssuerUnavailable):
        bearer_jwts.verify(token, now=timezone.now())

    assert not publisher.hits


def test_a_name_that_leads_inside_is_not_asked(publisher: Publisher, settings: Any) -> None:
    settings.SECURE = True
    # libcurl, as browsers do, takes every name under localhost for this machine.
    url = publisher.url.replace("localhost", "ci.localhost").replace("127.0.0.1", "ci.localhost")

    with pytest.raises(ProviderMisconfigured):
        provider_http.fetch("GET", url, name="anything", limit=10, guarded=True)

    assert not publisher.hits


def test_a_trusted_issuer_inside_is_asked_where_the_operator_allows_it(
    publisher: Publisher, settings: Any
) -> None:
    settings.SECURE = True
    settings.TRUSTED_ISSUER_NETWORKS = ["127.0.0.0/8", "::1"]
    trusted_issuer(publisher)

    assert discovery.jwks_uri_of(publisher.url) == f"{publisher.url}/jwks"


def test_a_portal_on_this_machine_may_ask_others_here(publisher: Publisher, settings: Any) -> None:
    settings.SECURE = False

    assert provider_http.may_be_fetched_from("127.0.0.1")
    assert not provider_http.may_be_fetched_from("10.0.0.1")


def test_the_peoples_provider_may_be_anywhere(publisher: Publisher, settings: Any) -> None:
    settings.SECURE = True
    publisher.publish("/jwks", {"keys": []})

    assert key_sets.current(url=f"{publisher.url}/jwks") == ()


def test_while_a_provider_hangs_only_so_many_wait_and_others_are_told_at_once(
    publisher: Publisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate, let_go = Gate(2), threading.Event()
    monkeypatch.setattr(provider_http, "_provider", gate)
    publisher.replies["/"] = lambda _: Response("{}" if let_go.wait(20) else "")
    crowd = [
        threading.Thread(target=read, args=(f"{publisher.url}/",), daemon=True) for _ in range(2)
    ]
    for each in crowd:
        each.start()
    time.sleep(0.1)

    begun = time.monotonic()
    with pytest.raises(ProviderUnavailable) as refused:
        read(f"{publisher.url}/")
    took = time.monotonic() - begun
    let_go.set()
    for each in crowd:
        each.join()

    assert "2 requests wait" in refused.value.admin_message
    assert took < 2 * PATIENCE
    assert read(f"{publisher.url}/") == {}


def test_a_request_without_time_asks_no_provider(
    publisher: Publisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(time_budget, "TOTAL", 0)
    with time_budget.begun(), pytest.raises(ProviderUnavailable):
        read(f"{publisher.url}/")

    assert publisher.requests == []
