"""Delivery: every batch arrives, signed and in order; what failed is sent again under the same name; old rows go only then."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import boto3
import pytest
import time_machine
from django.db import DatabaseError, connection, transaction
from moto.server import ThreadedMotoServer
from pytest_django import Settings
from standardwebhooks import Webhook, WebhookVerificationError

from accounts import audit
from accounts.audit_trail import batches, deliveries, retention
from accounts.audit_trail.verification import verify
from accounts.errors import GatehouseError
from accounts.models import AuditDelivery, AuditEvent, AuditPurge
from accounts.models.audit import Action
from tests.cast import NOON, ORIGIN, subject
from tests.emulators import Reply, ScriptedServer

pytestmark = pytest.mark.django_db

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
LATER = NOON + timedelta(minutes=1)


@pytest.fixture(autouse=True)
def sealed(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Three rows in batches of two and one."""
    monkeypatch.setattr(batches, "LARGEST", 2)
    numbers = [
        audit.record(action=Action.KEYS_DENIED, now=NOON, origin=ORIGIN, subject=subject("alice"))
        for _ in range(3)
    ]
    batches.seal(now=LATER)
    return numbers


def test_signature_is_the_one_of_the_reference_library() -> None:
    # What standardwebhooks 1.1.0 signs.
    headers = deliveries.signed_headers(
        message_id="msg_p5jXN8AQM9LWM0D4loKWxJek",
        body=b'{"test": 2432232314}',
        secret=SECRET,
        now=datetime.fromtimestamp(1614265330, UTC),
    )

    assert headers["webhook-timestamp"] == "1614265330"
    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_each_batch_is_posted_in_order_once_and_its_signature_fits(
    settings: Settings, sealed: list[int]
) -> None:
    with ScriptedServer(lambda seen: Reply(status=204)) as server:
        settings.AUDIT_WEBHOOK_URL, settings.AUDIT_WEBHOOK_SECRET = server.url, SECRET
        assert deliveries.deliver(now=LATER) == 2
        assert deliveries.deliver(now=LATER) == 0

        messages = [json.loads(seen.body) for seen in server.seen]
        assert [row["id"] for each in messages for row in each["data"]["rows"]] == sealed
        first = server.seen[0]
        headers = named(first.headers)
        signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.{first.body}".encode()
        for seen in server.seen:  # The reference library verifies every one of them.
            with time_machine.travel(LATER):
                said = Webhook(SECRET).verify(seen.body, named(seen.headers))
            assert said == json.loads(seen.body)
        with time_machine.travel(LATER), pytest.raises(WebhookVerificationError):
            Webhook(SECRET).verify(first.body + " ", headers)
        key = base64.b64decode(SECRET.removeprefix("whsec_"))
        mac = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
        assert headers["webhook-signature"] == f"v1,{mac}"
        assert headers["webhook-id"] == "audit-batch-1"


def named(headers: dict[str, str]) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


def test_what_is_not_taken_is_sent_again_under_the_same_id(settings: Settings) -> None:
    statuses = iter([204, 500, 302, 204])
    with ScriptedServer(lambda seen: Reply(status=next(statuses))) as server:
        settings.AUDIT_WEBHOOK_URL, settings.AUDIT_WEBHOOK_SECRET = server.url, SECRET
        for refused in ("500", "302"):
            with pytest.raises(GatehouseError, match=refused):
                deliveries.deliver(now=LATER)
        assert deliveries.deliver(now=LATER) == 1

        numbers = [json.loads(seen.body)["data"]["batch"] for seen in server.seen]
    assert numbers == [1, 2, 2, 2]
    assert AuditDelivery.objects.get(pk="webhook").through_batch == 2


def test_webhook_that_is_away_is_a_failure_without_its_address(settings: Settings) -> None:
    settings.AUDIT_WEBHOOK_URL = "http://127.0.0.1:9/?token=planted"
    settings.AUDIT_WEBHOOK_SECRET = SECRET

    with pytest.raises(GatehouseError) as refused:
        deliveries.deliver(now=LATER)

    assert "does not answer" in refused.value.admin_message
    assert "planted" not in refused.value.admin_message


@pytest.fixture
def bucket(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A bucket at an S3 on loopback."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", f"http://{host}:{port}")
    name = f"trail-{uuid4()}"  # The server forgets nothing between tests.
    where = {"LocationConstraint": "eu-west-1"}
    boto3.client("s3").create_bucket(Bucket=name, CreateBucketConfiguration=where)
    settings.AUDIT_S3_BUCKET, settings.AUDIT_S3_PREFIX = name, "portal/"
    yield name
    server.stop()


def test_each_batch_is_one_object_that_nothing_writes_over(bucket: str, sealed: list[int]) -> None:
    s3 = boto3.client("s3")
    deliveries.deliver(now=LATER)
    before = {
        one["Key"]: s3.get_object(Bucket=bucket, Key=one["Key"])["Body"].read()
        for one in s3.list_objects_v2(Bucket=bucket)["Contents"]
    }
    # As if the worker had died before it noted what it had sent.
    AuditDelivery.objects.update(through_batch=0)
    s3.put_object(Bucket=bucket, Key=min(before), Body=b"what is there stays")

    deliveries.deliver(now=LATER)

    assert list(before) == [
        f"portal/audit-{sealed[0]:019}-{sealed[1]:019}.jsonl",
        f"portal/audit-{sealed[2]:019}-{sealed[2]:019}.jsonl",
    ]
    rows = [json.loads(line) for text in before.values() for line in text.splitlines()]
    assert [row["id"] for row in rows] == sealed
    stays = s3.get_object(Bucket=bucket, Key=min(before))["Body"].read()
    assert stays == b"what is there stays"
    assert AuditDelivery.objects.get(pk="s3").through_batch == 2


def test_bucket_that_is_not_there_is_a_failure(bucket: str, settings: Settings) -> None:
    settings.AUDIT_S3_BUCKET = "nobodys"

    with pytest.raises(GatehouseError):
        deliveries.deliver(now=LATER)

    assert AuditDelivery.objects.get(pk="s3").through_batch == 0


YEAR_LATER = NOON + timedelta(days=400)


def test_nothing_goes_unless_a_retention_is_set_and_every_destination_has_it(
    settings: Settings,
) -> None:
    assert retention.purge(now=YEAR_LATER) == 0
    settings.AUDIT_RETENTION = 365
    settings.AUDIT_WEBHOOK_URL = "http://127.0.0.1:9"
    assert retention.purge(now=YEAR_LATER) == 0
    assert retention.purge(now=NOON + timedelta(days=364)) == 0
    assert AuditEvent.objects.count() == 3


def test_old_sealed_rows_go_on_record_and_the_chain_stays_whole(
    settings: Settings, sealed: list[int]
) -> None:
    settings.AUDIT_RETENTION = 365
    young = audit.record(action=Action.KEYS_DENIED, now=YEAR_LATER, origin=ORIGIN)
    batches.seal(now=YEAR_LATER)

    assert retention.purge(now=YEAR_LATER) == 2
    batches.seal(now=YEAR_LATER)

    left = list(AuditEvent.objects.order_by("id").values_list("id", "action"))
    assert left[0] == (young, "access.keys.denied")
    assert [action for _, action in left[1:]] == ["audit.trail.purged"]
    found = verify()
    assert (found.broken, found.purged) == ("", 2)


def test_database_lets_nothing_go_that_is_not_sealed() -> None:
    if connection.vendor != "postgresql":
        pytest.skip("only PostgreSQL has the trigger")
    new = audit.record(action=Action.KEYS_DENIED, now=NOON, origin=ORIGIN)

    with pytest.raises(DatabaseError), transaction.atomic():
        AuditPurge.objects.create(through_batch=2, through_id=new, at=NOON)
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("DELETE FROM accounts_auditevent")
    assert AuditEvent.objects.count() == 4
