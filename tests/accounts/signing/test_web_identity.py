"""The token of one session: what it says, for whom it counts, and that another library than ours believes it."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import jwt
import pytest
from django.db.models import QuerySet
from pytest_django import Settings

from accounts.encryption import Purpose, encrypt
from accounts.errors import AwsRefused
from accounts.models import AuditEvent, SigningKey
from accounts.models.audit import Action
from accounts.signing import documents, mint, stored_keys, subject_for
from accounts.types import OfferedRole, SessionRequest, Subject

NOW = datetime(2026, 11, 30, 12, 0, 0, 700_000, tzinfo=UTC)
SIGN_IN = UUID("5a7e9f0c-4c1b-4a53-9d0e-0f6d3c2b1a00")
ROLE = OfferedRole(
    id=1,
    account_id="210987654321",
    account_name="Payments Dev",
    partition="aws",
    environment=None,
    organizational_unit="",
    tags=(),
    region="eu-west-1",
    role_name="Developer",
    iam_path="/gatehouse/",
    iam_role_name="PaymentsDeveloper",
    description="",
    session_duration=3600,
    destination="",
    privileged=False,
    console=True,
    keys=True,
    trust_method="portal-token",
)
REQUEST = SessionRequest(
    role=ROLE,
    subject=Subject(issuer="https://op.example", sub="alice", sign_in_id=SIGN_IN),
    session_name="alice@northwind.example-x",
    duration=43200,
    tags={"Team": "payments", "Équipe": "Zürich"},
    transitive_tags=("Team",),
    source_identity="alice@northwind.example",
    elevation="e-1",
)

pytestmark = pytest.mark.django_db


def verified(token: str) -> dict[str, Any]:
    """Verify with PyJWT, which shares no code with what signs, by the key set as it is published."""
    published = json.loads(documents.build(stored_keys.all_keys(), now=NOW).key_set)
    kid = jwt.get_unverified_header(token)["kid"]
    key = jwt.PyJWKSet.from_dict(published)[kid]
    said: dict[str, Any] = jwt.decode(
        token,
        key,
        algorithms=[key.algorithm_name],
        audience="sts.amazonaws.com",
        issuer="http://localhost:8000",
        options={"verify_exp": False, "verify_iat": False},
    )
    return said


@pytest.mark.parametrize("algorithm", ["RS256", "ES256"])
def test_another_library_verifies_the_token_by_the_published_keys(
    algorithm: str, settings: Settings
) -> None:
    settings.TRUST_ALGORITHM = algorithm

    token = mint(request=REQUEST, now=NOW)

    assert verified(token)["sub"] == "account:210987654321:role:PaymentsDeveloper"
    header = jwt.get_unverified_header(token)
    assert header == {
        "alg": algorithm,
        "typ": "JWT",
        "kid": SigningKey.objects.get(number=1).kid,
    }
    body, _, signature = token.rpartition(".")
    changed = "A" if signature[0] != "A" else "B"
    with pytest.raises(jwt.InvalidSignatureError):
        verified(f"{body}.{changed}{signature[1:]}")


def test_the_token_says_exactly_this() -> None:
    said = verified(mint(request=REQUEST, now=NOW))

    assert len(said.pop("jti")) == 32
    assert said == {
        "iss": "http://localhost:8000",
        "aud": "sts.amazonaws.com",
        "sub": "account:210987654321:role:PaymentsDeveloper",
        "iat": 1796040000,
        "exp": 1796040120,
        "https://aws.amazon.com/tags": {
            "principal_tags": {"Team": ["payments"], "Équipe": ["Zürich"]},
            "transitive_tag_keys": ["Team"],
        },
        "https://aws.amazon.com/source_identity": "alice@northwind.example",
        "sign_in": str(SIGN_IN),
        "elevation": "e-1",
    }
    assert isinstance(said["iat"], int)
    assert isinstance(said["exp"], int)


def test_what_does_not_apply_is_absent() -> None:
    bare = SessionRequest(
        role=ROLE,
        subject=Subject(issuer="https://op.example", sub="alice"),
        session_name="alice",
        duration=900,
    )

    assert set(verified(mint(request=bare, now=NOW))) == {"iss", "aud", "sub", "iat", "exp", "jti"}


def test_no_two_tokens_are_the_same() -> None:
    first, second = (verified(mint(request=REQUEST, now=NOW)) for _ in range(2))

    assert first["jti"] != second["jti"]


def test_issuer_and_audience_are_the_operators(settings: Settings) -> None:
    settings.TRUST_ISSUER = settings.BASE_URL = "https://aws.northwind.example"
    settings.TRUST_AUDIENCE = "gatehouse"

    said = jwt.decode(mint(request=REQUEST, now=NOW), options={"verify_signature": False})

    assert (said["iss"], said["aud"]) == ("https://aws.northwind.example", "gatehouse")


@pytest.mark.parametrize(
    ("account_id", "role_name"),
    [
        ("21098765432", "Admin"),
        ("210987654321\n", "Admin"),
        ("*", "Admin"),
        ("210987654321", ""),
        ("210987654321", "*"),
        ("210987654321", "Admin:role:Other"),
        ("210987654321", "/gatehouse/Admin"),
        ("210987654321", "x" * 65),
    ],
)
def test_a_subject_that_could_be_read_as_another_is_refused(
    account_id: str, role_name: str
) -> None:
    with pytest.raises(ValueError, match="is no"):
        subject_for(account_id, role_name)


def test_the_longest_subject_is_within_what_aws_answers_with() -> None:
    assert len(subject_for("210987654321", "x" * 64)) <= 255


def test_a_token_longer_than_aws_takes_is_refused_without_showing_it() -> None:
    too_much = replace(REQUEST, tags={f"key{n}": "x" * 256 for n in range(60)})

    with pytest.raises(AwsRefused) as refused:
        mint(request=too_much, now=NOW)

    assert refused.value.code == "signing.token_too_long"
    assert "fewer or shorter session tags" in refused.value.admin_message
    assert "eyJ" not in str(refused.value)
    assert "eyJ" not in refused.value.user_message


def test_the_first_token_makes_the_key_and_its_standby_and_records_both() -> None:
    mint(request=REQUEST, now=NOW)
    mint(request=REQUEST, now=NOW)

    first, standby = SigningKey.objects.order_by("number")
    assert (first.signs_from, standby.signs_from) == (NOW, None)
    rows = AuditEvent.objects.filter(action=Action.SIGNING_KEY_CREATED)
    assert [row.detail["kid"] for row in rows.order_by("detail__object")] == [
        first.kid,
        standby.kid,
    ]
    assert {row.actor for row in rows} == {"the portal itself"}


def test_private_keys_are_not_readable_in_the_database_and_useless_without_the_secret(
    settings: Settings,
) -> None:
    mint(request=REQUEST, now=NOW)
    key = SigningKey.objects.get(number=1)
    assert "PRIVATE KEY" not in key.encrypted_private_key

    settings.SECRET_KEY = "another secret, as long as the first one was, and as random"
    with pytest.raises(AwsRefused) as refused:
        mint(request=REQUEST, now=NOW)

    assert refused.value.code == "signing.key_unreadable"
    assert "SECRET_KEY_FALLBACKS" in refused.value.admin_message
    settings.SECRET_KEY_FALLBACKS = [
        "tests only: not a secret, yet long enough for the checks that refuse weak ones"
    ]
    assert verified(mint(request=REQUEST, now=NOW))


def test_a_key_whose_private_half_was_replaced_signs_nothing() -> None:
    mint(request=REQUEST, now=NOW)
    first, standby = SigningKey.objects.order_by("number")
    SigningKey.objects.filter(pk=first.pk).update(
        encrypted_private_key=standby.encrypted_private_key
    )

    with pytest.raises(AwsRefused, match="its row was changed"):
        mint(request=REQUEST, now=NOW)


def test_a_key_that_is_none_signs_nothing_and_is_not_quoted() -> None:
    mint(request=REQUEST, now=NOW)
    sealed = encrypt("-----BEGIN nonsense", purpose=Purpose.SIGNING_KEYS)
    SigningKey.objects.filter(number=1).update(encrypted_private_key=sealed)

    with pytest.raises(AwsRefused, match="its row was changed") as refused:
        mint(request=REQUEST, now=NOW)

    assert "nonsense" not in str(refused.value)


def test_a_portal_that_is_second_leaves_the_keys_of_the_first(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stored_keys.create_first(now=NOW)
    monkeypatch.setattr(QuerySet, "exists", lambda rows: False)  # It looked a moment too early.

    assert stored_keys.create_first(now=NOW) == []

    assert SigningKey.objects.count() == 2


def test_no_token_is_signed_before_the_key_is_published_elsewhere(settings: Settings) -> None:
    settings.TRUST_ISSUER = "https://keys.northwind.example/gatehouse"

    with pytest.raises(AwsRefused, match="export_issuer") as refused:
        mint(request=REQUEST, now=NOW)

    assert refused.value.code == "signing.no_key"
