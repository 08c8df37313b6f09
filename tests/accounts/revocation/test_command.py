"""`manage.py revoke`: what it asks to be typed, what it does with no worker, and how it goes on."""

from __future__ import annotations

import io
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from accounts.models import Account, Block, Revocation
from tests import cast
from tests.accounts.revocation import companies
from tests.accounts.revocation.companies import DEV, PROD, enter, works
from tests.strict_aws import StrictAws

pytestmark = pytest.mark.wire


def revoke(*words: str, **options: Any) -> str:
    out = io.StringIO()
    call_command("revoke", *words, "--reason", "leaked", stdout=out, **options)
    return out.getvalue()


@pytest.mark.usefixtures("northwind")
@pytest.mark.parametrize(
    "words",
    [
        [],
        ["--everything", "--account", DEV],
        ["--role", "Developer"],
        ["--everything", "--block"],
        ["--email", "alice@northwind.example", "--account", DEV],
        ["--issuer", cast.ISSUER],
        ["--email", "nobody@northwind.example"],
        ["--resume", "x"],
        ["--account", "999999999999", "--yes"],
    ],
)
def test_what_is_not_clear_changes_nothing(words: list[str]) -> None:
    with pytest.raises(CommandError) as refused:
        revoke(*words)

    assert "Nothing was c" in str(refused.value)
    assert not Revocation.objects.exists()


def test_without_the_words_nothing_is_cut(aws: StrictAws, monkeypatch: pytest.MonkeyPatch) -> None:
    keys = enter("alice", DEV, "Developer")
    typed = iter(["no", "alice@northwind.example"])
    monkeypatch.setattr("builtins.input", lambda: next(typed))

    with pytest.raises(CommandError):
        revoke("--email", "alice@northwind.example", "--block")
    assert works(aws, keys)
    assert not Block.objects.exists()

    said = revoke("--email", "alice@northwind.example", "--block")
    assert "1 open sign-in ended" in said
    assert "Placed in 1 of 1 accounts" in said
    assert not works(aws, keys)


def test_an_account_that_refuses_is_named_and_the_cut_goes_on_later(aws: StrictAws) -> None:
    keys = [enter("alice", DEV, "Developer"), enter("bob", PROD, "Operator")]
    aws.iam(PROD).delete_role_policy(RoleName="GatehouseRevoker", PolicyName="Gatehouse")
    aws.iam(PROD).delete_role(RoleName="GatehouseRevoker")
    out = io.StringIO()

    with pytest.raises(CommandError) as incomplete:
        call_command("revoke", "--everything", "--reason", "leaked", "--yes", stdout=out)

    assert "--resume" in str(incomplete.value)
    assert f"{PROD} Operator: failed aws.access_denied" in out.getvalue()
    assert "Placed in 1 of 2 accounts" in out.getvalue()
    assert [works(aws, one) for one in keys] == [False, True]

    companies.onboard(aws)
    said = revoke("--resume", str(Revocation.objects.get().pk))
    assert "Placed in 2 of 2 accounts" in said
    assert not works(aws, keys[1])


def test_an_account_without_a_revoker_is_told_so(aws: StrictAws) -> None:
    Account.objects.filter(account_id=DEV).update(revoker_external_id="")
    out = io.StringIO()

    with pytest.raises(CommandError):
        call_command("revoke", "--account", DEV, "--reason", "leaked", "--yes", stdout=out)

    assert "revocation.no_revoker" in out.getvalue()
