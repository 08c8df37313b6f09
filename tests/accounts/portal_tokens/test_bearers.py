"""What a token of the portal gives, when it stops, and what is recorded of its use."""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts import access, bearer_secrets, signins
from accounts.entitlements import resolve
from accounts.errors import AccessDenied
from accounts.models import AuditEvent, Block, Mapping, PermissionSet, Person, SignIn, Token
from accounts.models.audit import Action
from accounts.portal_tokens import lifecycle
from accounts.types import Kind, RoleRef, Scope
from tests import cast
from tests.accounts.portal_tokens.tokens import (
    DAY,
    KEYS,
    create,
    map_machine,
    recorded_refusals,
    refused,
    roles,
    use,
)
from tests.accounts.test_access import DEV, PROD
from tests.cast import NOON, ORIGIN

pytestmark = pytest.mark.usefixtures("northwind")

MALFORMED = (
    "x",
    "gatehouse_",
    "gatehouse_ \x00",
    "gatehouse_" + "0" * 49,
    "gatehouse_" + "é" * 49,
    "gatehouse_" + "0" * 100_000,
)

# Refused


def test_a_mistyped_token_is_refused_without_a_query() -> None:
    with CaptureQueriesContext(connection) as queries:
        codes = {bearer: refused(bearer) for bearer in MALFORMED}

    assert set(codes.values()) == {"token.malformed"}, codes
    assert len(queries) == 0


def test_an_unknown_token_is_refused_and_fills_no_audit_trail() -> None:
    assert refused(bearer_secrets.generate()) == "token.unknown"
    assert not AuditEvent.objects.exists()


def test_an_expired_token_is_refused_and_recorded() -> None:
    secret = create(lifetime=DAY).secret

    for late in (timedelta(0), timedelta(seconds=1), 400 * DAY):
        assert refused(secret, now=NOON + DAY + late) == "token.expired"
    assert recorded_refusals() == 3 * [("sub-alice", "token.expired")]


def test_a_revoked_token_is_refused_at_once_and_recorded() -> None:
    new = create()
    lifecycle.revoke(
        token_id=new.token.id, sign_in=cast.sign_in("alice", now=NOON), origin=ORIGIN, now=NOON
    )

    assert refused(new.secret) == "token.revoked"
    assert recorded_refusals() == [("sub-alice", "token.revoked")]


def test_a_token_of_somebody_blocked_is_refused_and_recorded() -> None:
    secret = create().secret
    cast.block_everybody()

    assert refused(secret) == "token.blocked"
    assert recorded_refusals() == [("sub-alice", "token.blocked")]


def test_a_token_of_somebody_whom_a_claim_blocks_is_refused_and_recorded() -> None:
    secret = create().secret
    Block.objects.create(claim="groups", value="payments", reason="Left", created_by="carol")

    assert refused(secret) == "token.blocked"
    assert recorded_refusals() == [("sub-alice", "token.blocked")]


def test_a_token_of_somebody_who_stays_away_is_refused() -> None:
    secret = create().secret

    assert refused(secret, now=NOON + timedelta(hours=1)) == "token.stale"
    assert refused(secret, now=NOON + 8 * DAY) == "token.stale"
    SignIn.objects.all().delete()
    assert refused(secret) == "token.stale"


def test_a_scope_wider_than_the_entitlements_gives_nothing_more() -> None:
    everything = use(create().secret)

    assert roles(everything) == roles(cast.subject("alice")) != set()
    Mapping.objects.filter(permission_set__name="Developer").update(enabled=False)
    assert (DEV, "Developer") not in roles(everything)


@pytest.mark.usefixtures("sts_endpoint")
@pytest.mark.parametrize(
    ("account_id", "role_name"), [(PROD, "ReadOnly"), (DEV, "Developer"), (PROD, "Operator")]
)
def test_the_door_refuses_what_is_beyond_the_scope(account_id: str, role_name: str) -> None:
    new = create(
        scope=replace(KEYS, permission_sets=frozenset({"ReadOnly"}), account_ids=frozenset({DEV}))
    )

    with pytest.raises(AccessDenied):
        access.issue_keys(
            subject=use(new.secret),
            role=RoleRef(account_id, role_name),
            duration=None,
            origin=ORIGIN,
            now=NOON,
        )

    row = AuditEvent.objects.get(action=Action.KEYS_DENIED)
    assert (row.sub, row.detail["token"]) == ("sub-alice", str(new.token.id))


def test_a_token_for_keys_opens_no_console() -> None:
    granted = resolve(subject=use(create().secret), now=NOON).granted

    assert granted
    assert not any(entitlement.console for entitlement in granted)


def test_a_group_lost_at_the_next_sign_in_is_lost_to_the_token() -> None:
    secret = create().secret
    cast.sign_in(cast.subject("alice", groups=[]), now=NOON + DAY)

    assert roles(use(secret, now=NOON + DAY), now=NOON + DAY) == set()


def test_the_token_of_an_admin_has_no_rights_of_an_admin() -> None:
    scope = use(create("carol").secret).scope

    assert scope is not None
    assert (scope.directory, scope.audit) == (False, False)


def test_no_provider_makes_anybody_a_machine() -> None:
    map_machine("deploy")

    for claim in ("gatehouse:token", "token"):
        for sent in ("deploy", ["deploy"], {"deploy": "deploy"}):
            mallory = cast.subject("mallory", **{claim: sent}, gatehouse={"token": sent})
            for subject in (
                mallory,
                cast.as_subject(mallory, now=NOON),
                replace(mallory, workload=True),
                use(create(mallory).secret),
            ):
                assert roles(subject) == set(), (claim, sent)


def test_a_machine_gets_nothing_by_the_groups_of_people_or_the_name_of_another() -> None:
    map_machine("deploy")
    cast.mapping("report", PermissionSet.objects.get(name="Operator"), "all", name="A group")

    assert roles(use(create("carol", machine="report").secret)) == set()


# Granted


def test_a_token_acts_as_its_creator_by_their_latest_claims() -> None:
    new = create()
    later = cast.subject("alice", groups=["on-call"])
    cast.sign_in(later, now=NOON + DAY)

    subject = use(new.secret, now=NOON + DAY)

    assert (subject.issuer, subject.sub, subject.label) == (
        later.issuer,
        later.sub,
        "alice@northwind.example",
    )
    assert (subject.workload, subject.sign_in_id, subject.token_id) == (False, None, new.token.id)
    assert roles(subject, now=NOON + DAY) == {(PROD, "Operator")}


def test_a_token_rests_without_an_open_sign_in_and_works_again_after_a_new_one() -> None:
    new = create()
    signins.end(sign_in=SignIn.objects.get(), reason="signed out", origin=ORIGIN, now=NOON)

    assert refused(new.secret) == "token.stale"
    cast.sign_in("alice", now=NOON)
    assert use(new.secret).sub == "sub-alice"
    assert refused(new.secret, now=NOON + 8 * DAY) == "token.stale"
    cast.sign_in("alice", now=NOON + 8 * DAY)
    assert use(new.secret, now=NOON + 8 * DAY).sub == "sub-alice"


def test_a_machine_has_roles_by_mappings_of_its_own_claim() -> None:
    map_machine("deploy")

    subject = use(create("carol", machine="deploy").secret)

    assert (subject.issuer, subject.sub) == ("http://localhost:8000", "token:deploy")
    assert subject.workload
    assert roles(subject) == {(DEV, "Developer")}
    assert roles(subject) == roles(use(create("carol", machine="deploy").secret))


def test_a_machine_keeps_working_when_the_creator_of_its_token_leaves() -> None:
    map_machine("deploy")
    secret = create("carol", machine="deploy").secret
    Person.objects.update(is_admin=False)
    cast.block_everybody()

    assert roles(use(secret, now=NOON + 80 * DAY), now=NOON + 80 * DAY)


def test_a_scope_comes_back_as_it_was_given() -> None:
    mine = Scope(
        permission_sets=frozenset({"ReadOnly"}),
        account_ids=frozenset({DEV, PROD}),
        kinds=frozenset({Kind.CONSOLE}),
    )
    of_machine = Scope(kinds=frozenset(), directory=True, audit=True)

    assert use(create(scope=mine).secret).scope == mine
    assert use(create("carol", machine="siem", scope=of_machine).secret).scope == of_machine


@pytest.mark.usefixtures("sts_endpoint")
def test_keys_taken_with_a_token_name_it_in_the_record() -> None:
    new = create()

    access.issue_keys(
        subject=use(new.secret),
        role=RoleRef(DEV, "Developer"),
        duration=None,
        origin=ORIGIN,
        now=NOON,
    )

    row = AuditEvent.objects.get(action=Action.KEYS_ISSUED)
    assert (row.sub, row.detail["token"]) == ("sub-alice", str(new.token.id))


def test_the_last_use_is_stored_at_most_once_a_minute() -> None:
    new = create()

    for second in (0, 1, 59, 60, 90):
        use(new.secret, now=NOON + timedelta(seconds=second))
        stored = Token.objects.get().last_used_at
        assert stored == NOON + timedelta(seconds=second // 60 * 60)
    assert Token.objects.get().last_used_ip == ORIGIN.ip


def test_a_use_within_the_minute_is_three_reads_and_no_write() -> None:
    secret = create().secret
    use(secret)

    with CaptureQueriesContext(connection) as queries:
        use(secret, now=NOON + timedelta(seconds=30))

    assert [query["sql"].split()[0] for query in queries] == ["SELECT", "SELECT", "SELECT"]


def test_the_secret_is_in_no_row_no_log_and_no_repr(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    new = create()
    use(new.secret)
    cast.block_everybody()
    refused(new.secret)
    refused(new.secret[:-1])

    random = new.secret.removeprefix("gatehouse_")[:43]
    texts = [
        repr(new),
        repr(vars(new.token)),
        caplog.text,
        *(repr(vars(row)) for model in (Token, AuditEvent, SignIn) for row in model.objects.all()),
    ]
    assert new.token.digest == bearer_secrets.digest(new.secret)
    assert not any(random in text for text in texts)
