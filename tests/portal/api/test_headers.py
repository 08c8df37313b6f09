"""The Authorization header as it comes over the wire, to a portal under gunicorn: one, whole, and nowhere else."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from demo.serving import bind
from tests.issuer import AUDIENCE, Issuer
from tests.portal import running
from tests.portal.running import Portal, status_of
from tests.publisher import Publisher

pytestmark = pytest.mark.wire


@pytest.fixture(scope="module")
def provider() -> Iterator[Issuer]:
    """A provider that publishes its keys."""
    publisher = Publisher()
    with bind(publisher) as served:
        served.start()
        publisher.url = served.url
        yield Issuer(publisher)


@pytest.fixture(scope="module")
def portal(provider: Issuer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Portal]:
    """A portal that takes its tokens."""
    with running.portal(
        tmp_path_factory.mktemp("portal"),
        issuer=provider.url,
        API_AUDIENCES=AUDIENCE,
        API_BAD_TOKEN_LIMIT="10000/minute",
    ) as found:
        yield found


def ask(portal: Portal, *headers: bytes, query: str = "") -> bytes:
    """Ask who one is, with headers as they are."""
    lines = [f"GET /api/v1/me{query} HTTP/1.1".encode(), b"Host: localhost", b"Connection: close"]
    return portal.raw(b"\r\n".join([*lines, *headers, b"", b""]))


def code_of(answer: bytes) -> str:
    return str(json.loads(answer.partition(b"\r\n\r\n")[2])["error"]["code"])


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER", "Bearer  "])
def test_token_is_read_whatever_the_case_of_its_scheme(
    portal: Portal, provider: Issuer, scheme: str
) -> None:
    answer = ask(portal, f"authorization: {scheme} {provider.token()}".encode())

    assert status_of(answer) == 200
    assert b'"sub": "sub-alice"' in answer


@pytest.mark.parametrize(
    ("header", "code"),
    [
        (b"Authorization: Basic YWxpY2U6", "token.scheme"),
        (b"Authorization: DPoP %b", "token.scheme"),
        (b"Authorization: %b", "token.scheme"),
        (b"Authorization: Bearer", "token.scheme"),
        (b"Authorization: Bearer:%b", "token.scheme"),
        (b"Authorization: Bearer\t%b", "token.scheme"),
        (b"Authorization: Bearer\xa0%b", "token.scheme"),
        (b"Authorization: Token %b", "token.scheme"),
        (b"Authorization: ", "token.missing"),
        (b"Authorization: Bearer \xff\xfe\xfd", "token.format"),
        (b"Authorization: Bearer %b, Bearer %b", "token.format"),
        (b"Authorization: Bearer %b\r\nAuthorization: Bearer %b", "token.format"),
        (b"Authorization: Bearer x\r\nAuthorization: Bearer %b", "token.format"),
        (b"Authorization: Bearer %b\r\nAuthorization: Bearer x", "token.signature"),
        (b"Authorization: Bearer gatehouse_\xff\xfe", "token.malformed"),
        (b"Cookie: access_token=%b; Authorization=Bearer %b", "token.missing"),
        (b"Proxy-Authorization: Bearer %b", "token.missing"),
        (b"X-Authorization: Bearer %b", "token.missing"),
        (b"X-Forwarded-Access-Token: %b", "token.missing"),
        (b"X-Amzn-Oidc-Accesstoken: %b\r\nX-Amzn-Oidc-Data: %b", "token.missing"),
        (b"X-Amz-Sso_bearer_token: %b", "token.missing"),
        (b"HTTP_AUTHORIZATION: Bearer %b", "token.missing"),
    ],
    ids=lambda value: repr(value[:60]),
)
def test_what_is_no_one_bearer_token_opens_nothing(
    portal: Portal, provider: Issuer, header: bytes, code: str
) -> None:
    token = provider.token().encode()

    answer = ask(portal, header.replace(b"%b", token))

    assert (status_of(answer), code_of(answer)) == (401, code)
    assert token not in answer


@pytest.mark.parametrize("name", ["access_token", "Authorization", "token", "bearer"])
def test_token_in_an_address_opens_nothing(portal: Portal, provider: Issuer, name: str) -> None:
    token = provider.token()

    answer = ask(portal, query=f"?{name}={token}")

    assert (status_of(answer), code_of(answer)) == (401, "token.missing")
    assert token not in portal.read_log()


@pytest.mark.parametrize(
    "header",
    [
        b"Authorization: Bearer %b\x00",
        b"Authorization: Bearer\r\n %b",
        b"Authorization : Bearer %b",
        b"Authorization: Bearer " + b"a" * 17_000,
        b"Authorization: Bearer " + b"a" * 70_000,
    ],
    ids=lambda value: repr(value[:40]),
)
def test_what_is_no_http_never_reaches_the_portal(
    portal: Portal, provider: Issuer, header: bytes
) -> None:
    answer = ask(portal, header.replace(b"%b", provider.token().encode()))

    assert status_of(answer) in (400, 431)
    assert b"Traceback" not in answer


def test_token_with_as_many_groups_as_a_header_holds_is_taken(
    portal: Portal, provider: Issuer
) -> None:
    token = provider.token(groups=[f"group-{number:04}" for number in range(800)])

    answer = ask(portal, f"Authorization: Bearer {token}".encode())

    assert 15_000 < len(token) < 16_000
    assert status_of(answer) == 200
