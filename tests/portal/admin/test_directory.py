"""What the directory's forms refuse, at which field and with which reason; and what they make easy."""

from __future__ import annotations

import pytest
from django.test import Client

from accounts.models import Account, AccountRole, AuditEvent, Environment, PermissionSet
from accounts.models.audit import Action
from tests import cast
from tests.portal.admin import forms

pytestmark = pytest.mark.usefixtures("northwind")


def test_an_account_id_that_is_none_is_refused_at_its_field(carol: Client) -> None:
    for wrong in ("12345678901", "1234567890123", "12345678901x", "٣٤٥٦٧٨٩٠١٢٣٤"):
        response = forms.send(carol, "account/add/", forms.account(account_id=wrong))

        assert (
            "An AWS account id has exactly 12 digits, leading zeros included."
            in forms.errors_of(response)["account_id"]
        ), wrong


def test_an_account_id_is_taken_as_aws_writes_it(carol: Client) -> None:
    forms.send(carol, "account/add/", forms.account(account_id=" 0345-6789 0123 "))

    assert Account.objects.get(name="data-dev").account_id == "034567890123"


def test_an_accounts_form_says_what_is_wrong_where(carol: Client) -> None:
    for field, wrong, reason in (
        ("organizational_unit", "/Workloads/", "Write units as a path: Workloads/Payments."),
        ("region", "Ireland", "A region looks like eu-west-1."),
        ("external_id", "ü", "STS takes 2 to 1224 letters, digits and _+=,.@:/-."),
        ("name", "", "This field is required."),
    ):
        response = forms.send(carol, "account/add/", forms.account() | {field: wrong})
        assert forms.errors_of(response) == {field: [reason]}


def test_an_account_in_a_partition_without_a_hub_is_saved_with_a_warning(carol: Client) -> None:
    fields = forms.account() | {"partition": "aws-eusc", "region": "eusc-de-east-1"}

    forms.send(carol, "account/add/", fields)
    saved = carol.get("/admin/accounts/account/").content.decode()
    account = Account.objects.get(partition="aws-eusc")
    looked_at = carol.get(f"/admin/accounts/account/{account.pk}/change/").content.decode()

    for page in (saved, looked_at):
        assert "set AWS_HUB_PROFILE_AWS_EUSC to a profile" in page


def test_only_accounts_of_the_hub_need_one(carol: Client) -> None:
    fields = forms.account() | {"partition": "aws-eusc", "trust_method": "portal-token"}

    forms.send(carol, "account/add/", fields)

    assert Account.objects.filter(partition="aws-eusc").exists()
    assert "Nobody can use" not in carol.get("/admin/accounts/account/").content.decode()


@pytest.mark.parametrize("method", ["user-token", "portal-token", "switch-role"])
def test_external_id_that_would_not_be_sent_is_refused(carol: Client, method: str) -> None:
    fields = forms.account() | {"trust_method": method, "external_id": "northwind-7f3a"}

    refused = forms.errors_of(forms.send(carol, "account/add/", fields))

    assert list(refused) == ["external_id"]
    assert "Only the trust method hub sends an external id" in refused["external_id"][0]


def test_role_with_keys_alone_is_refused_where_there_are_none(carol: Client) -> None:
    only_keys = cast.permission_set("Robot", console=False)
    fields = forms.account({"permission_set": only_keys.pk}, trust_method="switch-role")

    [refused] = forms.complaints(forms.send(carol, "account/add/", fields))

    assert "“Robot” offers only keys" in refused


def test_tags_that_are_no_pairs_are_refused_by_line(carol: Client) -> None:
    response = forms.send(
        carol, "account/add/", forms.account(tags="team=data\nnonsense\n=x\nteam=other")
    )

    assert forms.errors_of(response)["tags"] == [
        "Line 2, “nonsense”: write it as key=value.",
        "Line 3, “=x”: write it as key=value.",
        "Line 4: “team” is already given above.",
    ]


def test_tags_are_written_one_a_line(carol: Client) -> None:
    forms.send(carol, "account/add/", forms.account(tags=" team = data \n\nquery=a=b\nempty=\n"))

    account = Account.objects.get(name="data-dev")
    assert account.tags == {"team": "data", "query": "a=b", "empty": ""}
    page = carol.get(f"/admin/accounts/account/{account.pk}/change/").content.decode()
    assert "empty=\nquery=a=b\nteam=data</textarea>" in page


def test_tags_that_nobody_touched_stay_as_they_are(carol: Client) -> None:
    account = cast.account("data-dev", "345678901234", tags={"a=b": "c"})

    forms.send(
        carol, f"account/{account.pk}/change/", forms.account(name="renamed", tags="a=b=c\r\n")
    )

    account.refresh_from_db()
    assert (account.name, account.tags) == ("renamed", {"a=b": "c"})


def test_two_new_roles_with_one_arn_are_refused_with_the_reason(carol: Client) -> None:
    read_only, developer = PermissionSet.objects.filter(name__in=["ReadOnly", "Operator"])

    response = forms.send(
        carol,
        "account/add/",
        forms.account(
            {"permission_set": read_only.pk, "iam_role_name": "Same"},
            {"permission_set": developer.pk, "iam_role_name": "Same"},
        ),
    )

    (complaint,) = forms.complaints(response)
    assert "would both be arn:aws:iam::345678901234:role/Same" in complaint
    assert not Account.objects.filter(name="data-dev").exists()


def test_an_account_role_with_the_arn_of_another_is_refused(carol: Client) -> None:
    prod = Account.objects.get(name="payments-prod")
    developer = PermissionSet.objects.get(name="Developer")
    PermissionSet.objects.filter(name="ReadOnly").update(iam_path="/gatehouse/")

    response = forms.send(
        carol,
        "accountrole/add/",
        {"account": prod.pk, "permission_set": developer.pk, "iam_role_name": "ReadOnly"},
    )

    assert "would both be" in forms.errors_of(response)["iam_role_name"][0]


def test_a_permission_set_is_not_renamed_onto_another_role(carol: Client) -> None:
    prod = Account.objects.get(name="payments-prod")
    AccountRole.objects.filter(account=prod, permission_set__name="Operator").update(
        iam_role_name="Auditor"
    )
    read_only = PermissionSet.objects.get(name="ReadOnly")

    response = forms.send(
        carol, f"permissionset/{read_only.pk}/change/", forms.permission_set(name="Auditor")
    )

    assert "arn:aws:iam::123456789012:role/Auditor" in forms.errors_of(response)["name"][0]


def test_a_role_keeps_its_own_arn(carol: Client) -> None:
    role = AccountRole.objects.get(permission_set__name="Operator")

    response = forms.send(
        carol,
        f"accountrole/{role.pk}/change/",
        {"account": role.account_id, "permission_set": role.permission_set_id},
    )

    assert response.status_code == 302


def test_a_permission_sets_form_says_what_is_wrong_where(carol: Client) -> None:
    for field, wrong, reason in (
        (
            "name",
            "Read Only",
            "A role name has at most 64 letters, digits and _+=,.@- (no spaces).",
        ),
        ("iam_path", "gatehouse", "An IAM path begins and ends with a slash, such as /gatehouse/."),
        ("session_duration", "60", "Choose a duration from 15 minutes to 12 hours."),
        ("session_duration", "24h", "Choose a duration from 15 minutes to 12 hours."),
        ("session_duration", "a day", "Write a duration such as 8 hours or 90 minutes."),
        (
            "session_tags",
            "project\nProject",
            "“project” and “Project” are one session tag to AWS, which does not look at case.",
        ),
        (
            "session_tags",
            "aws:project",
            "“aws:project” cannot be the key of a session tag: a key has 1 to 128 letters, digits, "
            "spaces and _.:/=+-@, and does not begin with aws:",
        ),
    ):
        form = forms.permission_set(**{field: wrong})
        response = forms.send(carol, "permissionset/add/", form)
        assert forms.errors_of(response) == {field: [reason]}


def test_a_destination_elsewhere_is_refused_with_the_rule_it_breaks(carol: Client) -> None:
    for destination in (
        "https://evil.example/",
        "http://console.aws.amazon.com/",
        "https://console.aws.amazon.com@x.y/",
    ):
        form = forms.permission_set(destination=destination)
        response = forms.send(carol, "permissionset/add/", form)

        (complaint,) = forms.errors_of(response)["destination"]
        assert complaint.startswith("Console destination refused: "), destination


def test_a_permission_set_that_offers_nothing_is_refused(carol: Client) -> None:
    response = forms.send(
        carol, "permissionset/add/", forms.permission_set(console=None, keys=None)
    )

    assert "Offer the console, keys, or both" in str(forms.errors_of(response))


@pytest.mark.parametrize(
    "destination",
    [
        "https://eu-west-1.console.aws.amazon.com/cloudwatch/home?region=eu-west-1",
        "https://console.amazonaws-us-gov.com/",
    ],
)
def test_a_page_of_any_partitions_console_is_a_destination(carol: Client, destination: str) -> None:
    forms.send(carol, "permissionset/add/", forms.permission_set(destination=destination))

    assert PermissionSet.objects.get(name="Analyst").destination == destination


def test_a_duration_is_written_and_shown_in_hours_or_minutes(carol: Client) -> None:
    forms.send(carol, "permissionset/add/", forms.permission_set(session_duration=" 90m"))

    analyst = PermissionSet.objects.get(name="Analyst")
    assert analyst.session_duration == 5400
    page = carol.get(f"/admin/accounts/permissionset/{analyst.pk}/change/").content.decode()
    assert 'value="1 hour 30 minutes"' in page
    listed = carol.get("/admin/accounts/permissionset/").content.decode()
    assert '<td class="field-longest">1 hour 30 minutes</td>' in listed


def test_session_tags_are_written_one_a_line_and_recorded(carol: Client) -> None:
    lines = "project\r\n\r\n ticket \nproject\n"

    forms.send(carol, "permissionset/add/", forms.permission_set(session_tags=lines))

    analyst = PermissionSet.objects.get(name="Analyst")
    assert analyst.session_tags == ["project", "ticket"]
    page = carol.get(f"/admin/accounts/permissionset/{analyst.pk}/change/").content.decode()
    assert "project\nticket</textarea>" in page
    added = AuditEvent.objects.get(action=Action.ADMIN_ADDED)
    assert added.detail["after"]["session_tags"] == ["project", "ticket"]


def test_sessions_at_aws_are_set_up_in_the_form_and_recorded(carol: Client) -> None:
    policy = '{"Version": "2012-10-17",\r\n "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}'
    arn = "arn:{partition}:iam::aws:policy/ReadOnlyAccess"

    forms.send(
        carol,
        "permissionset/add/",
        forms.permission_set(
            source_identity_claim="preferred_username",
            claim_tags="team=department\r\ngroup=https://northwind.example/groups",
            transitive_tags="team",
            session_policy=policy,
            read_only_policy=policy.replace("Allow", "Deny"),
        ),
    )

    analyst = PermissionSet.objects.get(name="Analyst")
    assert analyst.claim_tags == {"team": "department", "group": "https://northwind.example/groups"}
    assert analyst.session_policy == policy.replace("\r\n", "\n")
    added = AuditEvent.objects.get(action=Action.ADMIN_ADDED)
    assert added.detail["after"]["transitive_tags"] == ["team"]
    # Nothing changes when the form is sent back as a browser fills it in, and a wrong part is complained of.
    page = carol.get(f"/admin/accounts/permissionset/{analyst.pk}/change/")
    stored = page.context["adminform"].form
    sent = {name: stored[name].value() for name in stored.fields}
    sent["session_policy"] = policy
    assert not type(stored)(data=sent, instance=analyst).has_changed()
    refused = forms.send(
        carol,
        f"permissionset/{analyst.pk}/change/",
        {
            **sent,
            "edited": page.context["adminform"].form.initial.get("edited"),
            "read_only_policy_arns": arn,
        },
    )
    assert "would give more, not less" in forms.errors_of(refused)["read_only_policy"][0]


def test_accounts_are_found_by_name_id_and_unit(carol: Client) -> None:
    cast.account("elsewhere", "999999999999")
    for words in ("payments-prod", "123456789012", "Workloads/Pay"):
        page = carol.get("/admin/accounts/account/", {"q": words}).content.decode()

        assert "payments-prod" in page, words
        assert "elsewhere" not in page


def test_accounts_are_filtered_by_environment(carol: Client) -> None:
    production = Environment.objects.get(name="production")

    page = carol.get("/admin/accounts/account/", {"environment__id__exact": production.pk})

    assert [row.name for row in page.context["cl"].result_list] == ["payments-prod"]


def test_renaming_a_permission_set_warns_to_rename_the_iam_roles(carol: Client) -> None:
    row = PermissionSet.objects.get(name="ReadOnly")
    renamed = forms.permission_set(name="Reader", session_duration=row.session_duration)

    forms.send(carol, f"permissionset/{row.pk}/change/", renamed)

    page = carol.get("/admin/accounts/permissionset/").content.decode()
    assert "Rename 2 IAM roles in AWS now" in page


def test_a_permission_set_that_keeps_its_name_warns_of_nothing(carol: Client) -> None:
    row = PermissionSet.objects.get(name="ReadOnly")
    kept = forms.permission_set(name="ReadOnly", description="Look, and change nothing")

    forms.send(carol, f"permissionset/{row.pk}/change/", kept)

    assert "Rename" not in carol.get("/admin/accounts/permissionset/").content.decode()


def test_a_role_with_a_name_of_its_own_keeps_it(carol: Client) -> None:
    row = PermissionSet.objects.get(name="ReadOnly")
    row.account_roles.update(iam_role_name="Looker")

    forms.send(carol, f"permissionset/{row.pk}/change/", forms.permission_set(name="Reader"))

    assert "Rename" not in carol.get("/admin/accounts/permissionset/").content.decode()


def test_the_list_of_permission_sets_says_in_how_many_accounts_each_is(carol: Client) -> None:
    page = carol.get("/admin/accounts/permissionset/").content.decode()

    assert '<td class="field-account_count">2</td>' in page
    assert '<td class="field-offers">console and keys</td>' in page
