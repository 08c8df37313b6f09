"""Privileged roles come with a warning before anything of them is taken, and with the keys."""

from __future__ import annotations

import pytest

from accounts.models import Mapping
from tests import cast

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("northwind", "aws")]

OPERATOR = "account_id=123456789012&role_name=Operator"
DEVELOPER = "account_id=210987654321&role_name=Developer"
SEVERAL = "role=210987654321/Developer&role=123456789012/{}"


def page(who: str, path: str) -> str:
    return cast.signed_in(who).get(path).content.decode()


def test_privileged_role_warns_before_it_is_used_and_others_do_not() -> None:
    for path in ("/keys", "/console"):
        assert "This role is privileged:" in page("bob", f"{path}?{OPERATOR}"), path
        assert "privileged" not in page("alice", f"{path}?{DEVELOPER}"), path


def test_keys_of_a_privileged_role_say_where_not_to_put_them() -> None:
    form = {"account_id": "123456789012", "role_name": "Operator"}

    response = cast.signed_in("bob").post("/keys", form)

    assert "programs and computers that you do not trust" in response.content.decode()


@pytest.mark.parametrize(("role_name", "warns"), [("Operator", True), ("ReadOnly", False)])
def test_several_roles_warn_if_one_of_them_is_privileged(role_name: str, warns: bool) -> None:
    Mapping.objects.filter(value="on-call").update(value="payments")

    found = page("alice", f"/keys?{SEVERAL.format(role_name)}")

    assert ("Some of these roles are privileged:" in found) is warns
