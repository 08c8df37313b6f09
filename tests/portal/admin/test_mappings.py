"""What a mapping's form refuses and why, and the preview on its page."""

from __future__ import annotations

import html
from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import Account, Mapping, MappingTarget, PermissionSet, TrustedIssuer
from tests import cast
from tests.portal.admin import forms

pytestmark = pytest.mark.usefixtures("northwind")


@pytest.fixture
def developer(northwind: None) -> PermissionSet:
    return PermissionSet.objects.get(name="Developer")


def test_an_impossible_value_is_refused_with_the_reason(
    carol: Client, developer: PermissionSet
) -> None:
    for match, value, reason in (
        ("exact", "", "This field is required."),
        ("exact", "   ", "This field is required."),
        ("wildcard", "aws", "A wildcard needs a * in it. For one exact value, choose “exact”."),
        ("template", "aws-{acount}-x", "Unknown placeholder {acount}: a template knows"),
        ("template", "aws-dev", "A template needs a placeholder"),
        ("template", "aws-{role", "A template needs a placeholder"),
        ("template", "{account_id}{role}", "Two placeholders touch"),
        ("template", "arn:aws:s3:::{role}", "An ARN in a claim is the ARN of an IAM role"),
        ("template", "arn:aws:iam::{account_id}:user/{role}", "An ARN in a claim is the ARN of"),
        ("template", "arn:aws:iam::{account_id}:role/{role}/", "An ARN in a claim is the ARN of"),
        (
            "template",
            "arn:{partition}:iam::{account}:role/{role}",
            "“{account}” is not an account id",
        ),
        ("template", "arn:aws:iam::12345:role/{role}", "“12345” is not an account id"),
        ("exact", "arn:aws:iam::12345:role/Developer", "“12345” is not an account id"),
        ("exact", "arn:aws:iam:::role/Developer", "“” is not an account id"),
        ("wildcard", "arn:aws:iam::1234567890123:role/*", "“1234567890123” is not an account id"),
    ):
        form = forms.mapping({"kind": "all"}, match=match, value=value, permission_set=developer.pk)
        response = forms.send(carol, "mapping/add/", form)
        assert forms.errors_of(response)["value"][0].startswith(reason), value


def test_an_arn_as_providers_send_it_is_a_value(carol: Client, developer: PermissionSet) -> None:
    values = (
        ("exact", "arn:aws:iam::210987654321:role/Developer"),
        ("exact", "arn:aws:iam::210987654321:role/x,arn:aws:iam::210987654321:saml-provider/y"),
        ("exact", "arn:of:something:else"),
        ("wildcard", "arn:*:iam::*:role/Developer"),
        ("wildcard", "arn:aws:iam::2109*:role/Developer"),
        ("template", "arn:aws:iam::210987654321:role/{role}"),
    )
    for number, (match, value) in enumerate(values):
        form = forms.mapping(
            {"kind": "all"},
            name=f"ARN {number}",
            match=match,
            value=value,
            permission_set=developer.pk,
        )
        forms.send(carol, "mapping/add/", form)
        assert Mapping.objects.filter(match=match, value=value).exists(), value


def test_a_refused_value_is_complained_about_once(carol: Client, developer: PermissionSet) -> None:
    for value in ("", "x" * 513):
        form = forms.mapping({"kind": "all"}, value=value, permission_set=developer.pk)

        response = forms.send(carol, "mapping/add/", form)

        assert len(forms.errors_of(response)["value"]) == 1


def test_a_mapping_without_permission_set_is_refused(carol: Client) -> None:
    response = forms.send(carol, "mapping/add/", forms.mapping({"kind": "all"}))

    assert "Choose a permission set" in str(forms.errors_of(response))


def test_a_template_with_the_role_needs_no_permission_set(carol: Client) -> None:
    arn = "arn:{partition}:iam::{account_id}:role/{role}"

    forms.send(carol, "mapping/add/", forms.mapping({"kind": "all"}, match="template", value=arn))

    assert Mapping.objects.get(value=arn).permission_set is None


def test_a_mapping_that_gives_nothing_is_refused(carol: Client, developer: PermissionSet) -> None:
    form = forms.mapping({"kind": "all"}, permission_set=developer.pk, console=None, keys=None)

    response = forms.send(carol, "mapping/add/", form)

    assert "A mapping with neither gives nothing" in str(forms.errors_of(response))


def test_a_mapping_of_hundreds_of_accounts_can_be_changed(
    carol: Client, developer: PermissionSet
) -> None:
    mapping = Mapping.objects.create(
        name="Many", claim="groups", match="exact", value="many", permission_set=developer
    )
    accounts = Account.objects.bulk_create(
        Account(account_id=f"5{number:011}", name=f"many-{number}") for number in range(500)
    )
    mapping.targets.bulk_create(
        MappingTarget(mapping=mapping, kind="account", account=account) for account in accounts
    )
    form = forms.mapping(
        account_lines="\n".join(account.account_id for account in accounts),
        permission_set=developer.pk,
        name="Renamed",
        value="many",
    )

    response = forms.send(carol, f"mapping/{mapping.pk}/change/", form)

    assert response.status_code == 302
    mapping.refresh_from_db()
    assert (mapping.name, mapping.targets.count()) == ("Renamed", 500)


def test_a_form_that_claims_more_rows_than_it_sends_is_refused_and_makes_none(
    carol: Client, developer: PermissionSet
) -> None:
    form = forms.mapping({"kind": "all"}, permission_set=developer.pk)
    for claimed in ("9999999", "1000", "12"):
        answer = forms.send(carol, "mapping/add/", form | {"targets-TOTAL_FORMS": claimed})

        assert answer.status_code == 400
        assert "reload the page" in answer.content.decode()
        assert len(answer.content) < 20_000
    assert not Mapping.objects.filter(name="Analysts").exists()
    forms.send(carol, "mapping/add/", form | {"targets-TOTAL_FORMS": "3"})
    assert Mapping.objects.filter(name="Analysts").exists()


def test_a_target_that_names_nothing_or_too_much_is_refused(
    carol: Client, developer: PermissionSet
) -> None:
    for target, reason in (
        ({"kind": "account"}, "Say which"),
        ({"kind": "unit"}, "Say which"),
        ({"kind": "all", "unit": "Workloads"}, "Fill in only what this kind of target names"),
        ({"kind": "nonsense"}, "Select a valid choice"),
    ):
        form = forms.mapping(target, permission_set=developer.pk)
        response = forms.send(carol, "mapping/add/", form)
        assert any(line.startswith(reason) for line in forms.complaints(response)), target
    assert not Mapping.objects.filter(name="Analysts").exists()


def test_an_expiry_is_read_as_utc(carol: Client, developer: PermissionSet) -> None:
    form = forms.mapping(
        {"kind": "all"}, permission_set=developer.pk, expires_at="2027-01-31T17:30"
    )

    forms.send(carol, "mapping/add/", form)

    assert Mapping.objects.get(name="Analysts").expires_at == datetime(
        2027, 1, 31, 17, 30, tzinfo=UTC
    )


def test_the_change_page_shows_what_the_mapping_gives_and_to_whom(olga: Client) -> None:
    cast.sign_in("alice")
    mapping = Mapping.objects.get(name="Developers of payments")

    page = olga.get(f"/admin/accounts/mapping/{mapping.pk}/change/").content.decode()

    assert "arn:aws:iam::210987654321:role/gatehouse/Developer" in page
    assert "alice@northwind.example" in page


def test_the_preview_page_says_why_nothing_is_given(carol: Client) -> None:
    mapping = cast.mapping("nobody", PermissionSet.objects.get(name="Operator"))

    page = carol.get(f"/admin/accounts/mapping/{mapping.pk}/preview/").content.decode()

    assert "It names no accounts, so it gives nothing: add a target." in page


def test_a_refused_change_is_shown_without_a_preview_of_what_was_typed(
    carol: Client, developer: PermissionSet
) -> None:
    mapping = Mapping.objects.get(name="Developers of payments")

    response = forms.send(carol, f"mapping/{mapping.pk}/change/", forms.mapping(value=""))

    assert "What this mapping gives" not in response.content.decode()


def test_the_list_says_what_is_given_where_and_until_when(carol: Client) -> None:
    everywhere = cast.mapping(
        "all", PermissionSet.objects.get(name="ReadOnly"), *Account.objects.all(), keys=False
    )
    for number in range(3):
        everywhere.targets.create(kind="unit", unit=f"Unit{number}")

    page = carol.get("/admin/accounts/mapping/", {"q": "all gives"}).content.decode()

    assert "groups = all" in page
    assert "and 2 more" in page
    assert '<td class="field-gives">console</td>' in page


def test_mappings_are_searched_and_filtered(carol: Client) -> None:
    for query in ("claim=groups", "match__exact=exact", "enabled__exact=1", "q=on-call"):
        page = carol.get(f"/admin/accounts/mapping/?{query}")
        assert "On call operates production" in page.content.decode(), query


def test_the_filter_of_permission_sets_leaves_no_template_out(carol: Client) -> None:
    Mapping.objects.filter(name="On call operates production").update(
        match="template", value="aws-{account_id}-{role}", permission_set=None
    )
    found = {
        name: carol.get(f"/admin/accounts/mapping/?gives={number}").content.decode()
        for name, number in [*PermissionSet.objects.values_list("name", "pk"), ("none", "x")]
    }

    for name in ("ReadOnly", "Developer", "Operator"):
        assert "On call operates production" in found[name], name
    assert "Developers of payments" in found["Developer"]
    assert "Developers of payments" not in found["Operator"]
    assert "On call operates production" not in found["none"]


def test_permission_sets_are_found_by_typing(carol: Client) -> None:
    found = carol.get(
        "/admin/autocomplete/?app_label=accounts&model_name=mapping&field_name=permission_set&term=operat"
    )

    assert [row["text"] for row in found.json()["results"]] == ["Operator"]


def test_a_target_that_is_there_twice_is_refused(carol: Client, developer: PermissionSet) -> None:
    twice = {"kind": "unit", "unit": "Workloads"}
    form = forms.mapping(twice, {"kind": "all"}, twice, permission_set=developer.pk)

    response = forms.send(carol, "mapping/add/", form)

    assert forms.complaints(response) == ["“unit Workloads” is already listed."]


def test_an_error_of_a_target_is_shown_once_and_at_its_field(
    carol: Client, developer: PermissionSet
) -> None:
    for target, field, reason in (
        ({"kind": "account"}, "account", "Say which: a target by account needs one."),
        ({"kind": "tag", "tag_value": "x"}, "tag_key", "Say which: a target by tag needs one."),
        ({"kind": "all", "unit": "Workloads"}, "unit", "Fill in only what this kind of target"),
    ):
        form = forms.mapping(target, permission_set=developer.pk)

        response = forms.send(carol, "mapping/add/", form)

        [complaint] = forms.complaints(response)
        assert complaint.startswith(reason)
        rows = response.context["inline_admin_formsets"][0].formset  # type: ignore[attr-defined]
        assert list(rows.errors[0]) == [field]


def test_a_new_mapping_has_a_row_for_its_first_target(carol: Client) -> None:
    page = carol.get("/admin/accounts/mapping/add/").content.decode()

    assert 'name="targets-0-kind"' in page


def test_a_mapping_without_targets_is_saved_with_a_warning(
    carol: Client, developer: PermissionSet
) -> None:
    forms.send(carol, "mapping/add/", forms.mapping(permission_set=developer.pk))

    page = carol.get("/admin/accounts/mapping/").content.decode()

    assert "This mapping has no targets, so it gives nothing. Add a target." in page
    assert "OIDC_EMAIL_IS_VERIFIED" not in page


def test_a_mapping_of_addresses_is_saved_with_a_warning(
    carol: Client, developer: PermissionSet
) -> None:
    forms.send(
        carol,
        "mapping/add/",
        forms.mapping(permission_set=developer.pk, claim="email", value="a@x"),
    )

    page = carol.get("/admin/accounts/mapping/").content.decode()

    assert "set OIDC_EMAIL_IS_VERIFIED=True" in page


def test_a_first_target_ends_the_warning(carol: Client, developer: PermissionSet) -> None:
    forms.send(carol, "mapping/add/", forms.mapping(permission_set=developer.pk))
    carol.get("/admin/accounts/mapping/")
    stored = Mapping.objects.get(name="Analysts")
    target = {"kind": "all"}
    fields = forms.mapping(target, permission_set=developer.pk)

    forms.send(carol, f"mapping/{stored.pk}/change/", fields)

    assert stored.targets.count() == 1
    assert (
        "This mapping has no targets" not in carol.get("/admin/accounts/mapping/").content.decode()
    )


def test_an_exact_value_that_looks_like_a_pattern_is_saved_with_a_hint(
    carol: Client, developer: PermissionSet
) -> None:
    for value, word in (("aws-*", "wildcard"), ("aws-{role}", "template")):
        fields = forms.mapping(permission_set=developer.pk, value=value, name=value)
        forms.send(carol, "mapping/add/", fields)

        page = html.unescape(carol.get("/admin/accounts/mapping/").content.decode())
        assert f"“{value}” is compared letter by letter" in page
        assert f"choose “{word}”" in page


def test_mappings_are_found_by_the_accounts_they_name(carol: Client) -> None:
    found = cast.mapping("x", PermissionSet.objects.get(name="Operator"), name="Found")
    found.targets.create(kind="account", account=Account.objects.get(name="payments-prod"))
    found.targets.create(kind="unit", unit="Workloads/Blue")
    found.targets.create(kind="tag", tag_key="team", tag_value="blue team")

    for words in ("123456789012", "payments-prod", "Workloads", "blue team"):
        page = carol.get("/admin/accounts/mapping/", {"q": words}).content.decode()
        assert page.count(">Found</a>") == 1, words


def test_mappings_are_filtered_by_their_state(carol: Client) -> None:
    what, now = PermissionSet.objects.get(name="Operator"), timezone.now()
    Mapping.objects.all().delete()
    cast.mapping("x", what, "all", name="forever")
    cast.mapping("x", what, "all", name="soon", expires_at=now + timedelta(days=29))
    cast.mapping("x", what, "all", name="later", expires_at=now + timedelta(days=31))
    cast.mapping("x", what, "all", name="over", expires_at=now - timedelta(seconds=1))
    cast.mapping("x", what, "all", name="off", enabled=False)
    url = "https://ci.northwind.example"
    untrusted = TrustedIssuer.objects.create(name="CI", url=url, audiences=["x"], enabled=False)
    cast.mapping("x", what, "all", name="untrusted", issuer=untrusted)

    for state, names in (
        ("force", {"forever", "soon", "later"}),
        ("soon", {"soon"}),
        ("expired", {"over"}),
        ("disabled", {"off"}),
    ):
        response = carol.get("/admin/accounts/mapping/", {"state": state})
        assert {row.name for row in response.context["cl"].result_list} == names, state


def test_the_list_says_in_which_state_a_mapping_is(carol: Client) -> None:
    what = PermissionSet.objects.get(name="Operator")
    day = datetime(2020, 1, 31, tzinfo=UTC)
    cast.mapping("x", what, "all", name="over", expires_at=day)
    cast.mapping("x", what, "all", name="off", enabled=False)
    cast.mapping("x", what, "all", name="on", expires_at=day.replace(year=2999))

    page = carol.get("/admin/accounts/mapping/").content.decode()

    for state in ("disabled", "in force"):
        assert f'<td class="field-state">{state}</td>' in page
    for state in ("expired <time", "until <time"):
        assert f'<td class="field-state">{state}' in page
    for moment in ("31 January 2020, 00:00 UTC", "31 January 2999, 00:00 UTC"):
        assert f">{moment}</time></td>" in page


def test_mappings_to_look_at_are_listed_for_those_who_may_look(
    carol: Client, olga: Client, alice: Client
) -> None:
    Mapping.objects.filter(name="On call operates production").update(value="on-c*")

    assert alice.get("/admin/accounts/mapping/findings/").status_code == 403
    for client in (carol, olga):
        page = client.get("/admin/accounts/mapping/findings/").content.decode()
        assert "Looks like a pattern, and is compared letter by letter (1)" in page
        assert "Nobody brought such a value in 90 days" in page


def test_values_of_the_latest_sign_ins_are_suggested_with_their_claim(carol: Client) -> None:
    cast.sign_in("alice")

    page = carol.get("/admin/accounts/mapping/add/").content.decode()

    assert '<option value="groups"></option>' in page
    assert '<option value="payments">groups, in 1 of the latest sign-ins</option>' in page
