"""What AWS reads of the portal as an issuer: exact documents, cacheable, also while the database is down."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest
from django.db import OperationalError
from django.test import Client
from pytest_django import DjangoDbBlocker, Settings

from accounts.models import SigningKey
from accounts.signing import documents, served_documents
from accounts.signing.documents import Documents
from accounts.signing.served_documents import DocumentsUnavailable, ServedDocuments

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
DISCOVERY, KEY_SET = "/.well-known/openid-configuration", "/.well-known/jwks.json"
# RFC 7638 section 3.1 and RFC 7515 appendix A.3: public keys that everybody can look up.
RSA = {
    "kty": "RSA",
    "use": "sig",
    "alg": "RS256",
    "kid": "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs",
    "n": "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw",
    "e": "AQAB",
}
EC = {
    "kty": "EC",
    "use": "sig",
    "alg": "ES256",
    "kid": "oKIywvGUpTVTyxMQ3bwIIeQUudfr_CkLMjCE19ECD-U",
    "crv": "P-256",
    "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
    "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
}
EXACT_DISCOVERY = b"""{
  "issuer": "https://aws.northwind.example",
  "jwks_uri": "https://aws.northwind.example/.well-known/jwks.json",
  "response_types_supported": [
    "id_token"
  ],
  "subject_types_supported": [
    "public"
  ],
  "id_token_signing_alg_values_supported": [
    "ES256",
    "RS256"
  ],
  "claims_supported": [
    "aud",
    "iat",
    "iss",
    "sub",
    "exp",
    "jti"
  ]
}
"""
EXACT_KEY_SET = b"""{
  "keys": [
    {
      "kty": "RSA",
      "use": "sig",
      "alg": "RS256",
      "kid": "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs",
      "n": "%s",
      "e": "AQAB"
    },
    {
      "kty": "EC",
      "use": "sig",
      "alg": "ES256",
      "kid": "oKIywvGUpTVTyxMQ3bwIIeQUudfr_CkLMjCE19ECD-U",
      "crv": "P-256",
      "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
      "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"
    }
  ]
}
""" % RSA["n"].encode()


def key(number: int, jwk: dict[str, str], *, signs_from: datetime | None = None) -> SigningKey:
    return SigningKey(
        number=number,
        kid=jwk["kid"],
        algorithm=jwk["alg"],
        public_jwk=jwk,
        encrypted_private_key="unreadable",
        created_at=NOW,
        published_at=NOW,
        signs_from=signs_from,
    )


def pair() -> list[SigningKey]:
    return [key(2, EC), key(1, RSA, signs_from=NOW)]


@pytest.fixture
def _published(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> None:
    """A key that signs and a standby key, as this process last read them."""
    settings.TRUST_ISSUER = "https://aws.northwind.example"
    served = ServedDocuments(lambda: documents.build(pair(), now=NOW))
    monkeypatch.setattr(served_documents, "_served", served)


@pytest.mark.usefixtures("_published")
def test_the_documents_are_exactly_these_and_need_no_database(
    django_db_blocker: DjangoDbBlocker,
) -> None:
    with django_db_blocker.block():
        discovery, key_set = Client().get(DISCOVERY), Client().get(KEY_SET)

    assert discovery.content == EXACT_DISCOVERY
    assert key_set.content == EXACT_KEY_SET


@pytest.mark.usefixtures("_published")
@pytest.mark.parametrize("path", [DISCOVERY, KEY_SET])
def test_everybody_may_keep_the_documents_for_minutes_and_gets_no_cookie(path: str) -> None:
    client = Client()
    client.cookies["gatehouse"] = "abcdefgh"

    answer = client.get(path)

    assert answer.headers["Content-Type"] == "application/json"
    assert answer.headers["Cache-Control"] == "public, max-age=300"
    assert "Set-Cookie" not in answer.headers
    assert "Cookie" not in answer.headers.get("Vary", "")
    again = client.get(path, headers={"If-None-Match": answer.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["Cache-Control"] == "public, max-age=300"
    other = client.get(path, headers={"If-None-Match": '"something else"'})
    assert other.status_code == 200


@pytest.mark.usefixtures("_published")
@pytest.mark.parametrize("path", [DISCOVERY, KEY_SET])
def test_documents_can_only_be_read(path: str) -> None:
    client = Client(enforce_csrf_checks=True)

    for method in (client.post, client.put, client.delete, client.options):
        refused = method(path)
        assert (refused.status_code, refused.headers["Allow"]) == (405, "GET, HEAD")
        assert refused.json()["error"]["code"] == "request.method"
    head = client.head(path)
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["ETag"] == client.get(path).headers["ETag"]


class Database:
    """Documents that can be read, or not, and a clock that stands still."""

    def __init__(self) -> None:
        self.now = 0.0
        self.readings = 0
        self.is_down = False
        self.hangs: threading.Event | None = None
        self.served = ServedDocuments(self.read, clock=lambda: self.now, wait=0.2, first_wait=0.2)

    def read(self) -> Documents | None:
        self.readings += 1
        if self.hangs is not None:
            self.hangs.wait(20)
        if self.is_down:
            raise OperationalError("password=secret")
        return Documents(discovery=b"d", key_set=f"read {self.readings}".encode())

    def get(self) -> bytes:
        return self.served.get().key_set


@pytest.fixture
def database() -> Iterator[Database]:
    one = Database()
    yield one
    if one.hangs is not None:
        one.hangs.set()


def test_documents_are_read_again_after_half_a_minute(database: Database) -> None:
    assert database.get() == b"read 1"
    database.now = 29.0
    assert database.get() == b"read 1"
    database.now = 31.0

    assert database.get() == b"read 2"


def test_what_was_read_last_is_served_while_the_database_is_down(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    database.get()
    database.is_down = True
    database.now = 7200.0

    assert [database.get() for _ in range(3)] == [b"read 1"] * 3
    assert database.readings == 2  # It is not asked again and again.
    assert "the signing keys could not be read: OperationalError" in caplog.text
    assert "secret" not in caplog.text
    database.is_down = False
    database.now += 6.0
    assert database.get() == b"read 3"


def test_nobody_waits_for_a_database_that_hangs(database: Database) -> None:
    database.get()
    database.hangs = threading.Event()
    database.now = 60.0

    assert [database.get() for _ in range(3)] == [b"read 1"] * 3
    database.now = 61.0
    began = threading.Event()
    threading.Timer(0.1, began.set).start()
    database.get()
    assert not began.is_set()  # That reading has taken long enough already.
    assert database.readings == 2


@pytest.mark.parametrize("why", ["down", "without a key"])
def test_a_portal_that_never_read_its_keys_says_so_at_once(
    why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def down() -> Documents | None:
        raise OperationalError("down")

    read: Callable[[], Documents | None] = down if why == "down" else lambda: None
    served = ServedDocuments(read)
    monkeypatch.setattr(served_documents, "_served", served)

    answer = Client().get(KEY_SET)

    assert answer.status_code == 503
    assert answer.json()["error"]["code"] == DocumentsUnavailable.code
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Retry-After"] == "5"


def test_a_first_key_is_served_as_soon_as_it_is_there() -> None:
    found: list[Documents | None] = [None, documents.build(pair(), now=NOW)]
    served = ServedDocuments(lambda: found.pop(0))
    with pytest.raises(DocumentsUnavailable):
        served.get()

    assert b"NzbLsXh8" in served.get().key_set


def test_private_halves_are_not_in_what_is_published() -> None:
    text = documents.build(pair(), now=NOW + timedelta(days=1)).key_set

    assert b"unreadable" not in text
    assert b'"d"' not in text
