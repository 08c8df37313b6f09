"""Keys change without a token that AWS cannot verify, by plan and in an emergency; every change is recorded."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import jwt
import pytest
from pytest_django import Settings

from accounts.errors import AwsRefused, InvalidRequest
from accounts.models import AuditEvent, SigningKey
from accounts.purging import purge
from accounts.signing import documents, mint, rotation, stored_keys
from accounts.signing.documents import cache_time
from accounts.signing.key_states import KeyState, state_of
from accounts.types import SessionRequest
from tests.accounts.signing.test_web_identity import REQUEST
from tests.cast import NOON

DAY = timedelta(days=1)
MINUTE = timedelta(minutes=1)
ACTOR = "an operator"
ELSEWHERE = "https://keys.northwind.example"

pytestmark = pytest.mark.django_db


def states(now: datetime) -> dict[int, KeyState]:
    """Return the state of each key, by its number."""
    keys = stored_keys.all_keys()
    return {key.number: state_of(key, keys, now=now, cache_time=cache_time()) for key in keys}


def published(now: datetime) -> bytes:
    return documents.build(stored_keys.public_keys(), now=now).key_set


def kids(now: datetime) -> list[str]:
    return [jwk["kid"] for jwk in json.loads(published(now))["keys"]]


def signer(now: datetime, request: SessionRequest = REQUEST) -> int:
    """Return the number of the key that signs."""
    header = jwt.get_unverified_header(mint(request=request, now=now))
    return SigningKey.objects.get(kid=header["kid"]).number


def recorded() -> list[str]:
    rows = AuditEvent.objects.filter(action__startswith="signing.").order_by("at", "pk")
    return sorted(f"{row.action} {row.detail['object']}" for row in rows)


@dataclass
class Aws:
    """A verifier that believes for a whole day what it has read, as the worst of AWS's may."""

    read_at: datetime | None = None
    keys: dict[str, jwt.PyJWK] = field(default_factory=dict)

    def verifies(self, token: str, now: datetime) -> bool:
        if self.read_at is None or now >= self.read_at + DAY:
            read = jwt.PyJWKSet.from_json(published(now).decode()).keys
            self.keys, self.read_at = {str(key.key_id): key for key in read}, now
        key = self.keys.get(jwt.get_unverified_header(token)["kid"])
        if key is None:
            return False
        jwt.decode(
            token,
            key,
            algorithms=[key.algorithm_name],
            audience="sts.amazonaws.com",
            options={"verify_exp": False, "verify_iat": False},
        )
        return True


def test_a_drill_loses_no_token_whenever_aws_last_read_the_keys() -> None:
    """Six days with three rotations and a purge each day, before verifiers whose memories are of every age."""
    stored_keys.create_first(now=NOON, actor=ACTOR)
    verifiers = [Aws() for _ in range(8)]  # They read at different hours of the day.
    refused, signers = [], set()
    for step in range(8 * 6):
        now = NOON + timedelta(hours=3 * step)
        tokens = [mint(request=REQUEST, now=now)]
        if step in (10, 30, 33):
            rotation.rotate(now=now, actor=ACTOR)
            tokens.append(mint(request=REQUEST, now=now))
        if step % 8 == 0:
            purge(now=now)
        signers |= {jwt.get_unverified_header(token)["kid"] for token in tokens}
        # AWS takes a token of two minutes for five minutes more.
        moments = (now, now + 7 * MINUTE)
        refused += [
            (step, hour)
            for hour, aws in enumerate(verifiers[: step + 1])
            if not all(aws.verifies(token, moment) for moment in moments for token in tokens)
        ]

    assert refused == []
    assert len(signers) == 4
    assert len(kids(NOON + 8 * DAY)) == 2  # The one that signs, and its standby.


def test_a_rotation_signs_with_the_standby_that_aws_knows_already() -> None:
    stored_keys.create_first(now=NOON, actor=ACTOR)
    assert states(NOON) == {1: KeyState.SIGNING, 2: KeyState.STANDBY}

    rotation.rotate(now=NOON + DAY, actor=ACTOR)

    assert states(NOON + DAY) == {
        1: KeyState.RETIRED,
        2: KeyState.SIGNING,
        3: KeyState.STANDBY,
    }
    assert signer(NOON + DAY) == 2
    assert len(kids(NOON + DAY)) == 3


def test_a_key_signs_no_second_before_it_has_been_published_for_long_enough() -> None:
    stored_keys.create_first(now=NOON, actor=ACTOR)

    successor = rotation.rotate(now=NOON + MINUTE, actor=ACTOR)

    assert (successor.number, successor.signs_from) == (2, NOON + DAY)
    assert states(NOON + MINUTE)[2] is KeyState.NEXT
    assert signer(NOON + DAY - timedelta(seconds=1)) == 1
    assert signer(NOON + DAY) == 2


def test_a_retired_key_is_published_past_its_last_token_and_then_purged() -> None:
    stored_keys.create_first(now=NOON, actor=ACTOR)
    rotation.rotate(now=NOON + DAY, actor=ACTOR)
    first = SigningKey.objects.get(number=1)
    last = NOON + DAY + timedelta(seconds=120) + 5 * MINUTE + DAY

    assert first.kid in kids(last - timedelta(seconds=1))
    assert purge(now=last - timedelta(seconds=1)).signing_keys == 0
    assert first.kid not in kids(last)
    assert purge(now=last, dry_run=True).signing_keys == 1
    assert purge(now=last).signing_keys == 1
    assert not SigningKey.objects.filter(number=1).exists()
    assert signer(last) == 2


def test_a_second_rotation_waits_for_the_first() -> None:
    stored_keys.create_first(now=NOON, actor=ACTOR)
    rotation.rotate(now=NOON, actor=ACTOR)
    before = recorded()

    with pytest.raises(
        InvalidRequest, match="signing key 2 signs from 23 November 2026"
    ) as refused:
        rotation.rotate(now=NOON + MINUTE, actor=ACTOR)

    assert refused.value.code == "signing.rotation_under_way"
    assert recorded() == before


def test_a_new_algorithm_comes_with_the_keys_made_from_then_on(settings: Settings) -> None:
    stored_keys.create_first(now=NOON, actor=ACTOR)
    settings.TRUST_ALGORITHM = "ES256"
    rotation.rotate(now=NOON + DAY, actor=ACTOR)
    rotation.rotate(now=NOON + 2 * DAY, actor=ACTOR)

    token = mint(request=REQUEST, now=NOON + 2 * DAY)

    assert jwt.get_unverified_header(token)["alg"] == "ES256"
    discovery = documents.build(stored_keys.all_keys(), now=NOON + 2 * DAY).discovery
    assert json.loads(discovery)["id_token_signing_alg_values_supported"] == ["ES256", "RS256"]


def test_in_an_emergency_the_standby_signs_at_once_and_the_stolen_key_is_gone() -> None:
    stored_keys.create_first(now=NOON, actor=ACTOR)
    stolen, standby = (key.kid for key in stored_keys.all_keys())
    now = NOON + 2 * DAY

    rotation.replace_at_once(now=now, actor=ACTOR)

    assert states(now) == {1: KeyState.WITHDRAWN, 2: KeyState.SIGNING, 3: KeyState.STANDBY}
    assert signer(now) == 2
    assert stolen not in kids(now)
    assert standby in kids(now)
    assert SigningKey.objects.get(number=1).encrypted_private_key == ""
    assert recorded() == [
        "signing.key.created signing key 1",
        "signing.key.created signing key 2",
        "signing.key.created signing key 3",
        "signing.key.rotated signing key 2",
        "signing.key.withdrawn signing key 1",
    ]
    assert set(AuditEvent.objects.values_list("actor", flat=True)) == {ACTOR}


def test_an_emergency_in_the_middle_of_a_rotation_leaves_one_standby() -> None:
    stored_keys.create_first(now=NOON, actor=ACTOR)
    rotation.rotate(now=NOON + MINUTE, actor=ACTOR)

    rotation.replace_at_once(now=NOON + 2 * MINUTE, actor=ACTOR)

    assert states(NOON + 2 * MINUTE) == {
        1: KeyState.WITHDRAWN,
        2: KeyState.SIGNING,
        3: KeyState.STANDBY,
    }


def test_whoever_may_have_all_keys_gets_none_of_those_that_sign_afterwards() -> None:
    stored_keys.create_first(now=NOON, actor=ACTOR)
    rotation.rotate(now=NOON + DAY, actor=ACTOR)
    known = set(kids(NOON + DAY))

    rotation.replace_at_once(now=NOON + 2 * DAY, actor=ACTOR, all_keys_are_known=True)

    assert known.isdisjoint(kids(NOON + 2 * DAY))
    assert signer(NOON + 2 * DAY) == 4


def test_withdrawn_keys_are_purged_when_nobody_can_remember_them() -> None:
    stored_keys.create_first(now=NOON, actor=ACTOR)
    rotation.replace_at_once(now=NOON, actor=ACTOR)

    assert purge(now=NOON + DAY).signing_keys == 0
    assert purge(now=NOON + DAY + 7 * MINUTE).signing_keys == 1


def test_a_withdrawn_key_never_comes_back() -> None:
    stored_keys.create_first(now=NOON, actor=ACTOR)
    rotation.rotate(now=NOON + DAY, actor=ACTOR)
    rotation.replace_at_once(now=NOON + 2 * DAY, actor=ACTOR)

    # Neither the key of the emergency nor the one that it had retired.
    assert states(NOON + 2 * DAY)[1] is KeyState.WITHDRAWN
    assert states(NOON + 2 * DAY)[2] is KeyState.WITHDRAWN


def test_a_standby_is_made_once() -> None:
    stored_keys.create_first(now=NOON, actor=ACTOR)
    assert rotation.add_standby(now=NOON, actor=ACTOR) is None
    SigningKey.objects.filter(number=2).delete()

    made = rotation.add_standby(now=NOON, actor=ACTOR)

    assert made is not None
    assert states(NOON) == {1: KeyState.SIGNING, 2: KeyState.STANDBY}


def test_a_machine_whose_clock_is_behind_signs_with_the_only_key() -> None:
    stored_keys.create_first(now=NOON, actor=ACTOR)

    assert signer(NOON - MINUTE) == 1
    with pytest.raises(AwsRefused):
        signer(NOON - 6 * MINUTE)


# --- Documents in a public bucket ---


@pytest.fixture
def _elsewhere(settings: Settings) -> None:
    settings.TRUST_ISSUER = ELSEWHERE


@pytest.mark.usefixtures("_elsewhere")
def test_elsewhere_a_key_counts_as_published_from_its_export_on() -> None:
    stored_keys.create_first(now=NOON, actor=ACTOR)
    assert set(states(NOON).values()) == {KeyState.UNPUBLISHED}
    with pytest.raises(InvalidRequest, match="not published yet") as refused:
        rotation.rotate(now=NOON + DAY, actor=ACTOR)
    assert refused.value.code == "signing.not_published"

    rotation.note_publication(now=NOON + DAY, actor=ACTOR)

    assert signer(NOON + DAY) == 1
    rotation.rotate(now=NOON + DAY + MINUTE, actor=ACTOR)
    assert signer(NOON + 2 * DAY - MINUTE) == 1
    assert signer(NOON + 2 * DAY) == 2


@pytest.mark.usefixtures("_elsewhere")
def test_elsewhere_nothing_is_signed_between_an_emergency_and_the_export() -> None:
    stored_keys.create_first(now=NOON, actor=ACTOR)
    rotation.note_publication(now=NOON, actor=ACTOR)
    rotation.replace_at_once(now=NOON, actor=ACTOR, all_keys_are_known=True)

    with pytest.raises(AwsRefused, match="export_issuer"):
        mint(request=REQUEST, now=NOON + MINUTE)
    rotation.note_publication(now=NOON + 2 * MINUTE, actor=ACTOR)

    assert signer(NOON + 2 * MINUTE) == 3


# --- SECRET_KEY ---


def test_keys_are_encrypted_again_before_an_earlier_secret_goes(settings: Settings) -> None:
    stored_keys.create_first(now=NOON, actor=ACTOR)
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another secret, as long as the first one was, and as random"

    assert rotation.encrypt_again(now=NOON, actor=ACTOR) == 2
    assert rotation.encrypt_again(now=NOON, actor=ACTOR) == 0

    settings.SECRET_KEY_FALLBACKS = []
    assert signer(NOON) == 1


# By the worker


def rotate_if_due(now: datetime) -> SigningKey | None:
    return rotation.rotate_if_due(now=now, actor="the worker")


def test_the_worker_rotates_a_key_that_is_old_enough_once(settings: Settings) -> None:
    settings.TRUST_ROTATION = 30
    assert rotate_if_due(NOON) is None
    assert not SigningKey.objects.exists()
    stored_keys.create_first(now=NOON)
    aws = Aws()

    assert rotate_if_due(NOON + 30 * DAY - MINUTE) is None
    due = NOON + 30 * DAY
    assert aws.verifies(mint(request=REQUEST, now=due - MINUTE), due - MINUTE)
    assert [rotate_if_due(due), rotate_if_due(due)] == [SigningKey.objects.get(number=2), None]

    assert signer(due) == 2
    assert aws.verifies(mint(request=REQUEST, now=due), due), "it was published before it signed"
    assert states(due)[3] is KeyState.STANDBY
    assert rotate_if_due(due + 30 * DAY - MINUTE) is None


def test_the_worker_leaves_a_rotation_that_is_under_way_alone(settings: Settings) -> None:
    settings.TRUST_ROTATION = 30
    stored_keys.create_first(now=NOON)
    due = NOON + 30 * DAY
    SigningKey.objects.filter(number=2).update(published_at=due)
    assert rotate_if_due(due) is not None
    assert states(due)[2] is KeyState.NEXT

    assert rotate_if_due(due + MINUTE) is None
    assert signer(due + MINUTE) == 1


def test_the_worker_rotates_nothing_where_that_is_switched_off(settings: Settings) -> None:
    settings.TRUST_ROTATION = 0
    stored_keys.create_first(now=NOON)

    assert rotate_if_due(NOON + 1000 * DAY) is None
    assert signer(NOON + 1000 * DAY) == 1


def test_the_worker_waits_for_a_standby_that_is_not_published(settings: Settings) -> None:
    settings.TRUST_ISSUER = ELSEWHERE
    stored_keys.create_first(now=NOON)
    rotation.note_publication(now=NOON, actor=ACTOR)
    assert rotate_if_due(NOON + 91 * DAY) is not None

    with pytest.raises(InvalidRequest) as refused:
        rotate_if_due(NOON + 182 * DAY)

    assert refused.value.code == "signing.not_published"
