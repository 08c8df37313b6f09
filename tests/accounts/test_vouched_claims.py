"""An e-mail address gives something only if it is verified, and is marked where it is not."""

from __future__ import annotations

from typing import Any

import pytest

from accounts import signins
from accounts.entitlements import resolve
from accounts.models import AuditEvent, PermissionSet, Person
from accounts.oidc.subjects import merge_userinfo, subject
from accounts.rights import rights_of
from accounts.trust.session_names import session_name
from accounts.types import Subject
from accounts.vouched_claims import without_unverified
from tests import cast

CEO = "ceo@northwind.example"
ISSUER = "https://id.example"


def with_address(verified: object = None, /, **claims: Any) -> Subject:
    """Return somebody whose token holds an address, and says this of it; None says nothing."""
    said = {} if verified is None else {"email_verified": verified}
    return subject(issuer=ISSUER, claims={"sub": "sub-1", "email": CEO, **said, **claims})


def may(somebody: Subject) -> tuple[int, bool, bool]:
    """Return how many roles somebody has, and whether they are an admin and an auditor."""
    rights = rights_of(somebody)
    return len(resolve(subject=somebody, now=cast.NOON).granted), rights.admin, rights.auditor


@pytest.fixture
def ceo_has_everything(northwind: None, settings: Any) -> None:
    read_only = PermissionSet.objects.get(name="ReadOnly")
    cast.mapping(CEO, read_only, "all", claim="email", name="The CEO")
    settings.ADMIN_CLAIM = settings.AUDITOR_CLAIM = "email"
    settings.ADMIN_VALUES = settings.AUDITOR_VALUES = [CEO]


@pytest.mark.usefixtures("ceo_has_everything")
def test_an_address_that_nobody_verified_gives_nothing(settings: Any) -> None:
    for said in (False, "false", "True", 1, [True], None):
        assert (said, *may(with_address(said))) == (said, 0, False, False)
    settings.OIDC_EMAIL_IS_VERIFIED = True
    assert may(with_address()) == (0, False, False), "the operator vouches for OIDC_ISSUER only"
    settings.OIDC_ISSUER = ISSUER
    assert may(with_address(False)) == (0, False, False), "the provider itself says no"

    assert may(with_address()) == (2, True, True)
    settings.OIDC_EMAIL_IS_VERIFIED = False
    for said in (True, "true"):  # Amazon Cognito's userinfo sends the text.
        assert (said, *may(with_address(said))) == (said, 2, True, True)


def test_an_unverified_address_counts_under_no_other_name_and_in_no_object() -> None:
    claims = {
        "email": CEO,
        "preferred_username": CEO.upper(),
        "emails": [CEO],
        "https://northwind.example/email": CEO,
        "user": {"email": CEO, "id": 1},
        "accounts": [{"email": CEO, "id": 2}],
        "groups": ["a"],
    }
    assert without_unverified({**claims, "email_verified": False}, issuer=ISSUER) == {
        "email_verified": False,
        "user": {"id": 1},
        "accounts": [{"id": 2}],
        "groups": ["a"],
    }
    silent = without_unverified(claims, issuer=ISSUER)
    assert set(silent) == {"preferred_username", "user", "accounts", "groups"}


def test_userinfo_cannot_have_the_id_token_vouch_for_another_address() -> None:
    verified = {"sub": "a", "email": "mallory@x", "email_verified": True}

    assert "email_verified" not in merge_userinfo(verified, {"email": CEO})
    assert "email_verified" not in merge_userinfo({"email": CEO}, {"email_verified": True})
    assert merge_userinfo(verified, {"email": "mallory@x"})["email_verified"] is True
    assert (
        merge_userinfo(verified, {"email": "mallory@x", "email_verified": False})["email_verified"]
        is False
    )


@pytest.mark.parametrize(
    ("somebody", "label"),
    [
        (with_address(True, name="Alice"), CEO),
        (with_address(False, name="Alice"), f"{CEO} (unverified)"),
        (with_address(None), f"{CEO} (unverified)"),
        # Entra ID says nothing of addresses; its preferred_username is the directory's.
        (with_address(None, preferred_username="alice@corp"), "alice@corp"),
        (with_address(False, preferred_username="boss@corp"), f"{CEO} (unverified)"),
        (with_address(False, email="", preferred_username=CEO), f"{CEO} (unverified)"),
        (with_address(None, email="", name=CEO), f"{CEO} (unverified)"),
    ],
)
def test_an_unverified_address_is_marked_wherever_it_names_somebody(
    db: None, somebody: Subject, label: str
) -> None:
    as_stored = signins.subject_of(cast.sign_in(somebody))

    assert (somebody.label, as_stored.label) == (label, label)
    assert (str(Person.objects.get()), AuditEvent.objects.get().actor) == (label, label)
    begins = f"unverified-{CEO}-" if "(unverified)" in label else f"{label}-"
    assert session_name(somebody).startswith(begins)


def test_a_mark_is_not_cut_off_a_long_address(db: None) -> None:
    cast.sign_in(with_address(False, email=f"{'a' * 400}@x"))
    cast.sign_in(with_address(False, email=f"ceo@{'a' * 400}", sub="sub-2"))

    actors = AuditEvent.objects.values_list("actor", flat=True)
    assert [actor.endswith(" (unverified)") for actor in actors] == [True, True]
