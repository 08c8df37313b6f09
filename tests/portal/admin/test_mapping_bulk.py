"""Several mappings at once: all of them or none, with whose access changes first, and never what a file manages."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from accounts.models import AuditEvent, Mapping, MappingTarget
from tests import cast
from tests.portal.admin.test_confirming import fields_of, words

pytestmark = pytest.mark.usefixtures("northwind")

PAGE = "/admin/accounts/mapping/"


def send(client: Client, **fields: Any) -> Any:
    """Choose all mappings and send the form that changes them."""
    chosen = list(Mapping.objects.values_list("pk", flat=True))
    sent = {"action": "change_several", "_selected_action": chosen, "apply": "1", **fields}
    return client.post(PAGE, sent)


def recorded() -> int:
    return AuditEvent.objects.filter(action="admin.object.changed").count()


def test_who_only_looks_changes_none(olga: Client) -> None:
    send(olga, expiry="set", expires_at="2020-01-01T00:00:00")

    assert not Mapping.objects.exclude(expires_at=None).exists()


def test_the_action_asks_what_to_change(carol: Client) -> None:
    asked = carol.post(
        PAGE,
        {"action": "change_several", "_selected_action": Mapping.objects.all()[0].pk, "index": 0},
    )

    assert "Change 1 mapping" in words(asked)
    assert "Choose what to change." in words(send(carol))
    assert recorded() == 0


def test_an_end_that_takes_a_role_is_shown_first_and_then_set_in_all(carol: Client) -> None:
    cast.sign_in("bob")

    asked = send(carol, expiry="set", expires_at="2020-01-01T00:00:00")

    assert "1 person loses Operator (privileged) in Production" in words(asked)
    assert not Mapping.objects.exclude(expires_at=None).exists()
    assert carol.post(PAGE, fields_of(asked)).status_code == 302
    assert not Mapping.objects.filter(expires_at=None).exists()
    assert recorded() == 3


def test_an_end_is_taken_away(carol: Client) -> None:
    Mapping.objects.update(expires_at=cast.NOON)

    assert send(carol, expiry="never").status_code == 302
    assert not Mapping.objects.exclude(expires_at=None).exists()


def test_a_text_is_replaced_in_values_that_have_it(carol: Client) -> None:
    assert send(carol, find="payments", replace="billing").status_code == 302

    values = sorted(Mapping.objects.values_list("value", flat=True))
    assert values == ["billing", "billing", "on-call"]
    assert recorded() == 2


def test_one_impossible_value_changes_none_of_them(carol: Client) -> None:
    refused = send(carol, find="on-call", replace="")

    assert "On call operates production" in words(refused)
    assert "An empty value matches nobody" in words(refused)
    assert Mapping.objects.filter(value="on-call").exists()
    assert send(carol, find="on-call", replace=" x").status_code == 200
    assert recorded() == 0


@pytest.mark.parametrize(
    ("targets", "left"),
    [("add", {"account": 3, "unit": 3}), ("only", {"unit": 3})],
)
def test_a_target_is_added_or_replaces_the_others(
    carol: Client, targets: str, left: dict[str, int]
) -> None:
    MappingTarget.objects.exclude(kind="account").delete()
    for mapping in Mapping.objects.all():
        keep = mapping.targets.order_by("pk").first()
        mapping.targets.exclude(pk=keep.pk if keep else 0).delete()

    sent = {"targets": targets, "kind": "unit", "unit": "Workloads"}
    answer = send(carol, **sent)

    assert answer.status_code == 302, words(answer)
    kinds = list(MappingTarget.objects.values_list("kind", flat=True))
    assert {kind: kinds.count(kind) for kind in set(kinds)} == left


def test_a_target_is_removed_by_the_accounts_id(carol: Client) -> None:
    before = MappingTarget.objects.filter(account__account_id="123456789012").count()
    assert before

    send(carol, targets="remove", kind="account", account="1234-5678-9012")

    assert not MappingTarget.objects.filter(account__account_id="123456789012").exists()


@pytest.mark.parametrize(
    ("fields", "complaint"),
    [
        ({"expiry": "set"}, "Say when they end."),
        ({"targets": "add"}, "This field cannot be blank."),
        ({"targets": "add", "kind": "account"}, "Say which"),
        (
            {"targets": "add", "kind": "account", "account": "999999999999"},
            "no account with this id",
        ),
        ({"targets": "add", "kind": "all", "unit": "Workloads"}, "Fill in only what this kind"),
        ({"targets": "add", "kind": "unit", "unit": "/x/"}, "unit"),
    ],
)
def test_what_is_said_by_half_is_refused(
    carol: Client, fields: dict[str, str], complaint: str
) -> None:
    targets = MappingTarget.objects.count()

    assert complaint in words(send(carol, **fields))
    assert MappingTarget.objects.count() == targets
    assert recorded() == 0


@pytest.mark.parametrize("action", ["disable", "change_several"])
def test_what_a_file_manages_is_left_alone(carol: Client, action: str) -> None:
    Mapping.objects.filter(value="on-call").update(managed_by="teams/payments.toml")
    chosen = list(Mapping.objects.values_list("pk", flat=True))

    carol.post(
        PAGE,
        {
            "action": action,
            "_selected_action": chosen,
            "apply": "1",
            "expiry": "set",
            "expires_at": "2030-01-01T00:00:00",
        },
    )

    managed = Mapping.objects.get(value="on-call")
    assert managed.enabled
    assert managed.expires_at is None
    assert recorded() == 2


def test_too_many_at_once_are_refused(carol: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("portal.admin.mapping_bulk.MOST_AT_ONCE", 2)

    send(carol, find="payments", replace="billing")

    assert recorded() == 0
