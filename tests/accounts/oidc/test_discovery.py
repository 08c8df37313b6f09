"""Discovery documents."""

from __future__ import annotations

from typing import Any

import pytest

from accounts.oidc import discovery
from accounts.oidc.cache import FAILURE_LIFETIME
from accounts.oidc.errors import ProviderMisconfigured, ProviderUnavailable
from tests.publisher import Publisher

ISSUER = "https://id.example/realms/corp"
DOCUMENT: dict[str, Any] = {
    "issuer": ISSUER,
    "authorization_endpoint": f"{ISSUER}/auth",
    "token_endpoint": f"{ISSUER}/token",
    "jwks_uri": f"{ISSUER}/certs",
}


@pytest.mark.parametrize(
    ("issuer", "url"),
    [
        ("https://id.example", "https://id.example/.well-known/openid-configuration"),
        ("https://t.eu.auth0.com/", "https://t.eu.auth0.com/.well-known/openid-configuration"),
        (ISSUER, f"{ISSUER}/.well-known/openid-configuration"),
        (
            "https://ak.example/application/o/portal/",
            "https://ak.example/application/o/portal/.well-known/openid-configuration",
        ),
    ],
)
def test_the_document_is_where_the_specification_says(issuer: str, url: str) -> None:
    assert discovery.document_url(issuer) == url


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"issuer": None}, "calls itself None"),
        ({"issuer": f"{ISSUER}/"}, "calls itself"),
        ({"issuer": "https://id.example/realms/CORP"}, "calls itself"),
        ({"issuer": "https://login.example/{tenantid}/v2.0"}, "{tenantid}"),
        ({"authorization_endpoint": None}, "authorization_endpoint"),
        ({"token_endpoint": "http://id.example/token"}, "token_endpoint"),
        ({"token_endpoint": "http://localhost:8001/token"}, "token_endpoint"),
        ({"token_endpoint": 7}, "token_endpoint"),
        ({"jwks_uri": ""}, "jwks_uri"),
        ({"userinfo_endpoint": "http://169.254.169.254/latest"}, "userinfo_endpoint"),
        ({"end_session_endpoint": "javascript:alert(1)"}, "end_session_endpoint"),
        ({"code_challenge_methods_supported": ["plain"]}, "PKCE"),
        ({"token_endpoint_auth_methods_supported": ["private_key_jwt"]}, "no client secret"),
    ],
    ids=str,
)
def test_a_document_that_does_not_fit_is_refused_with_what_is_wrong(
    changes: dict[str, Any], words: str
) -> None:
    with pytest.raises(ProviderMisconfigured) as refused:
        discovery.parse_document(DOCUMENT | changes, issuer=ISSUER)

    assert words in refused.value.admin_message


def test_the_least_document_is_enough() -> None:
    found = discovery.parse_document(DOCUMENT, issuer=ISSUER)

    assert (found.userinfo_endpoint, found.end_session_endpoint) == ("", "")
    assert found.basic_auth
    assert not found.sends_iss


@pytest.mark.parametrize(
    ("methods", "basic"),
    [
        (["client_secret_post", "client_secret_basic"], True),
        (["client_secret_post"], False),
        (["private_key_jwt", "client_secret_post"], False),
        (None, True),
    ],
)
def test_the_secret_is_shown_in_a_way_the_provider_takes(methods: Any, basic: bool) -> None:
    document = DOCUMENT | {"token_endpoint_auth_methods_supported": methods}

    assert discovery.parse_document(document, issuer=ISSUER).basic_auth is basic


@pytest.mark.parametrize(
    "issuer", ["http://id.example", "id.example", "https://id.example?a=b", "file:///etc/passwd"]
)
def test_an_issuer_by_plain_http_is_never_asked(settings: Any, issuer: str) -> None:
    settings.OIDC_ISSUER = issuer
    discovery.clear_cache()

    with pytest.raises(ProviderMisconfigured, match="OIDC_ISSUER is not an https address"):
        discovery.provider()


def test_an_issuer_with_a_path_and_a_slash_is_met_over_the_wire(
    publisher: Publisher, settings: Any
) -> None:
    issuer = f"{publisher.url}/application/o/portal/"
    endpoints = {name: f"{issuer}{name}" for name in DOCUMENT if name != "issuer"}
    publisher.publish(
        "/application/o/portal/.well-known/openid-configuration", {"issuer": issuer, **endpoints}
    )
    settings.OIDC_ISSUER = issuer

    assert discovery.provider().token_endpoint == f"{issuer}token_endpoint"


def test_a_failing_provider_is_asked_once_and_again_after_a_while(
    publisher: Publisher, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.OIDC_ISSUER = publisher.url
    for _ in range(5):
        with pytest.raises(ProviderMisconfigured):
            discovery.provider()
    assert publisher.hits["/.well-known/openid-configuration"] == 1
    endpoints = {name: f"{publisher.url}/{name}" for name in DOCUMENT if name != "issuer"}
    publisher.publish("/.well-known/openid-configuration", {"issuer": publisher.url, **endpoints})

    monkeypatch.setattr("accounts.oidc.cache.FAILURE_LIFETIME", 0)

    assert FAILURE_LIFETIME <= 30
    assert discovery.provider().issuer == publisher.url


def test_a_failure_is_logged_with_what_to_look_at(
    publisher: Publisher, settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    settings.OIDC_ISSUER = publisher.url
    publisher.publish("/.well-known/openid-configuration", {}, status=500)

    with pytest.raises(ProviderUnavailable):
        discovery.provider()

    assert "OIDC_ISSUER" in caplog.text
    assert "Nobody can sign in until this is fixed" in caplog.text


def test_an_address_that_tokens_must_not_be_sent_to_is_refused() -> None:
    urls: tuple[object, ...] = (
        None,
        7,
        "",
        "id.example",
        "http://id.example",
        "http://10.0.0.1",
        "http://localhost.example",
        "ftp://localhost/",
        "file:///etc/passwd",
        "javascript:alert(1)",
        "https://",
        "https://user:secret@id.example",
        "https://id.example/#here",
        "https://id.example/a b",
        "https://id.example/\n",
        "https://id.example:port/",
        "https://[::1/",
        "https://bücher.example/",
        "//id.example",
    )
    for url in urls:
        with pytest.raises(ProviderMisconfigured, match="is not an https address"):
            discovery.safe_address(url, name="it")


def test_an_address_by_https_or_on_this_machine_is_accepted() -> None:
    for url in (
        "https://id.example",
        "https://id.example:8443/realms/corp/",
        "https://id.example/authorize?p=policy",
        "http://localhost:8001",
        "http://keycloak.localhost:8080/realms/corp",
        "http://127.0.0.1:8001/",
        "http://[::1]:8001/",
    ):
        assert discovery.safe_address(url, name="it") == url
