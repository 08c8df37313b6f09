"""What a file can get wrong, each told at its place, all of it at once."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from accounts.matching import Targets
from accounts.plans.complaints import Refused
from accounts.plans.parse import parse
from accounts.plans.values import AccountEntry, EnvironmentEntry, MappingEntry, PermissionSetEntry

MANY_MISTAKES = """\
title = "Northwind"
[[environment]]
name = "Production"
color = "red"

[[environments]]
[[account]]
account_id = 123456789012
name = "payments-prod"
active = "yes"
tags = { team = 3 }
roles = [
    "ReadOnly",
    7,
    "ReadOnly",
    "",
    { permission_sett = "Operator" },
    { permission_set = "Operator", iam_role_name = "no spaces" },
    { permission_set = "Billing", iam_role_name = "none here" },
]

[[account]]
account_id = "1234"
trust_method = "hubb"

[[permission_set]]
name = "two words"
session_duration = "8 hours"

[[permission_set]]
name = "Nothing"
session_duration = 60
console = false
keys = false

[[permission_set]]
name = "Elsewhere"
destination = "https://console.aws.amazon.com.evil.example/"

[[mapping]]
name = "Twice"
value = "a"
wildcard = "a*"
permission_set = "ReadOnly"
expires_at = 2027-01-01T00:00:00
accounts = { ids = [123456789012, ""], org = "x", tags = { team = [1], "" = "x" } }

[[mapping]]
name = "Twice"
template = "aws-{acount}"
expires_at = "tomorrow"
accounts = "everything"

[[mapping]]
wildcard = "aws"
permission_set = "ReadOnly"
"""

COMPLAINTS = """\
1: Unknown table "title". A file has [[environment]], [[account]], [[permission_set]], [[issuer]], [[mapping]].
2: environment "Production": label: Missing; every table of this kind needs it.
3: environment "Production": name: Lower-case letters, digits and hyphens.
4: environment "Production": color: Unknown key. Did you mean "colour"?
6: Unknown table "environments". Did you mean "environment"?
8: account "payments-prod": account_id: This is a whole number, and must be text: write it in quotes, "123456789012", leading zeros included.
10: account "payments-prod": active: This is text, and must be true or false, without quotes.
11: account "payments-prod": tags.team: This is a whole number, and must be text: write it in quotes, "3".
14: account "payments-prod": roles: This is a whole number, and must be text: write it in quotes, "7".
15: account "payments-prod": roles: "ReadOnly" is here twice.
16: account "payments-prod": roles: This names no permission set.
17: account "payments-prod": roles.permission_sett: Unknown key. Did you mean "permission_set"?
17: account "payments-prod": roles: This names no permission set.
18: account "payments-prod": roles.iam_role_name: An IAM role name has at most 64 letters, digits and _+=,.@-.
19: account "payments-prod": roles.iam_role_name: An IAM role name has at most 64 letters, digits and _+=,.@-.
22: account "1234": name: Missing; every table of this kind needs it.
23: account "1234": account_id: An AWS account id has exactly 12 digits, leading zeros included.
24: account "1234": trust_method: It must be one of: hub. Did you mean "hub"?
27: permission_set "two words": name: A role name has at most 64 letters, digits and _+=,.@- (no spaces).
28: permission_set "two words": session_duration: Write a duration as "8h", "90m", or in seconds: 3600.
32: permission_set "Nothing": session_duration: Ensure this value is greater than or equal to 900.
33: permission_set "Nothing": console: Offer the console, keys, or both; a permission set with neither can never be used.
38: permission_set "Elsewhere": destination: Console destination refused: its host is not console.aws.amazon.com and not below it.
43: mapping "Twice": wildcard: Give one of value, wildcard, template; this has value and wildcard.
45: mapping "Twice": expires_at: Write a date and time with its zone and without quotes: 2027-01-01T00:00:00Z.
46: mapping "Twice": accounts.ids: This is a whole number, and must be text: write it in quotes, "123456789012", leading zeros included.
46: mapping "Twice": accounts.ids: This is empty; say which.
46: mapping "Twice": accounts.tags.team: This is a whole number, and must be text: write it in quotes, "1".
46: mapping "Twice": accounts.tags."": Say which: a target by tag needs one.
46: mapping "Twice": accounts.org: Unknown key. Known here: organizational_units, ids, environments, tags.
49: mapping "Twice": name: "Twice" is in the file already: mapping "Twice" on line 40.
50: mapping "Twice": template: Unknown placeholder {acount}: a template knows {account_id}, {account}, {environment}, {partition}, {role}.
51: mapping "Twice": expires_at: Write a date and time with its zone and without quotes: 2027-01-01T00:00:00Z.
52: mapping "Twice": accounts: Say which: accounts = "all", or a table with ids, organizational_units, environments or tags.
54: mapping: name: Missing; every table of this kind needs it.
54: mapping: accounts: Say which: accounts = "all", or a table with ids, organizational_units, environments or tags.
55: mapping: wildcard: A wildcard needs a * in it; for one value exactly, choose “exact”.
"""


def complaints(text: str) -> list[str]:
    return str(Refused(parse(text).notes.complaints)).splitlines()


def test_parse_tells_every_mistake_at_its_place() -> None:
    assert complaints(MANY_MISTAKES) == COMPLAINTS.splitlines()


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("[[account]]\nname = \n", 2, "This is not TOML: Invalid value."),
        ('[[account]]\nname = "a"\nname = "b"\n', 3, "This is not TOML: Cannot overwrite a value."),
        ("[[account]]\nname = '''\n\n", 4, "This is not TOML: Expected \"'''\"."),
        (
            "[[account]]\naccount_id = 012345678901\n",
            2,
            "This is not TOML: Expected newline or end of document after a statement. "
            'An account id is text: account_id = "012345678901".',
        ),
        ("x = " + "[" * 9999, 1, "Brackets are nested too deep."),
        ("x = " + "9" * 9999, 1, "This is not TOML: Exceeds the limit"),
    ],
)
def test_parse_refuses_what_is_not_toml_at_its_line(text: str, line: int, message: str) -> None:
    with pytest.raises(Refused) as refused:
        parse(text)

    (complaint,) = refused.value.complaints
    assert complaint.line == line
    assert complaint.message.startswith(message)


@pytest.mark.parametrize("text", ["account = 1", "[account]", 'account = ["a"]', "[account.a]"])
def test_parse_asks_for_double_brackets(text: str) -> None:
    assert complaints(text) == [
        "1: Write [[account]] in double brackets, once for each: there can be many."
    ]


@pytest.mark.parametrize("key", ['name = "a\\u0000"', 'name = "a"\ntags = { "\\u0000" = "b" }'])
def test_parse_refuses_what_no_database_stores(key: str) -> None:
    (complaint,) = complaints(f'[[account]]\naccount_id = "123456789012"\n{key}')

    assert complaint.endswith("A NUL character (\\u0000) cannot be stored.")


def test_parse_says_which_type_was_meant() -> None:
    text = """\
[[account]]
account_id = "123456789012"
name = true
roles = "ReadOnly"
tags = ["team"]
region = 1.5
[[mapping]]
name = "Twice"
value = "a"
permission_set = "ReadOnly"
accounts = { ids = ["123456789012", "123456789012"] }
"""

    assert complaints(text) == [
        '3: account "123456789012": name: This is true or false, and must be text in quotes.',
        '4: account "123456789012": roles: This is text, and must be an array: [ ... ].',
        '5: account "123456789012": tags: This is an array, and must be a table: '
        '{ name = "value" }.',
        '6: account "123456789012": region: This is a number, and must be text in quotes.',
        '11: mapping "Twice": accounts.ids: "123456789012" is here twice.',
    ]


def test_parse_points_at_the_first_of_two_accounts_with_one_number() -> None:
    text = '[[account]]\naccount_id = "123456789012"\nname = "a"\n'

    assert complaints(text + text.replace('"a"', '"b"')) == [
        '5: account "b": account_id: "123456789012" is in the file already: account "a" on line 1.'
    ]


def test_parse_does_not_show_an_external_id_that_is_wrong() -> None:
    text = '[[account]]\naccount_id = "123456789012"\nname = "a"\nexternal_id = "se cret"\n'

    assert complaints(text) == [
        '4: account "a": external_id: STS takes 2 to 1224 letters, digits and _+=,.@:/-.'
    ]


@pytest.mark.parametrize(
    "moment",
    ["2027-01-01", "12:00:00", "0001-01-01T00:00:00+23:00", "9999-12-31T23:59:59-23:00"],
)
def test_parse_refuses_a_moment_that_is_none(moment: str) -> None:
    text = (
        '[[mapping]]\nname = "a"\nvalue = "b"\npermission_set = "C"\naccounts = "all"\n'
        f"expires_at = {moment}\n"
    )

    (complaint,) = complaints(text)

    assert complaint.startswith('6: mapping "a": expires_at: Write a date and time')


@pytest.mark.parametrize("written", ["5400", '"5400"', '"5400s"', '"90m"'])
def test_parse_reads_a_duration_in_seconds_minutes_and_hours(written: str) -> None:
    parsed = parse(f'[[permission_set]]\nname = "A"\nsession_duration = {written}\n')

    entry = parsed.directory["permission_set", "A"]

    assert isinstance(entry, PermissionSetEntry)
    assert entry.session_duration == 5400
    assert not parsed.notes.complaints


def test_parse_reads_the_least_a_file_can_say_with_the_defaults_of_the_models() -> None:
    parsed = parse(
        '[[environment]]\nname = "production"\nlabel = "Production"\n'
        '[[account]]\naccount_id = "123456789012"\nname = "payments-prod"\n'
        '[[permission_set]]\nname = "ReadOnly"\n'
        '[[mapping]]\nname = "All"\nvalue = "payments"\npermission_set = "ReadOnly"\naccounts = {}\n'
    )

    assert not parsed.notes.complaints
    assert list(parsed.directory.values()) == [
        EnvironmentEntry(name="production", label="Production", colour="grey"),
        AccountEntry(
            account_id="123456789012",
            name="payments-prod",
            partition="aws",
            environment="",
            organizational_unit="",
            region="",
            tags={},
            trust_method="hub",
            external_id="",
            active=True,
            roles={},
        ),
        PermissionSetEntry(
            name="ReadOnly",
            iam_path="/",
            description="",
            session_duration=3600,
            destination="",
            privileged=False,
            console=True,
            keys=True,
            session_tags=[],
        ),
        MappingEntry(
            name="All",
            issuer="",
            claim="groups",
            match="exact",
            value="payments",
            permission_set="ReadOnly",
            console=True,
            keys=True,
            enabled=True,
            expires_at=None,
            accounts=Targets(),
        ),
    ]


def test_parse_reads_everything_a_file_can_say() -> None:
    parsed = parse("""
[[account]]
account_id = "123456789012"
name = "payments-prod"
environment = "production"
organizational_unit = "Workloads/Payments"
region = "eu-west-1"
tags = { team = "payments" }
external_id = "northwind"
partition = "aws-cn"
trust_method = "hub"
active = false
roles = ["ReadOnly", { permission_set = "Billing", iam_role_name = "LegacyBilling" }]

[[mapping]]
name = "Developers"
claim = "resource_access.portal.roles"
wildcard = "dev-*"
permission_set = "Developer"
console = false
keys = true
enabled = false
expires_at = 2027-01-01T02:00:00+02:00
accounts.ids = ["123456789012"]
accounts.organizational_units = ["Workloads"]
accounts.environments = ["production"]
accounts.tags = { team = ["payments", "billing"], tier = "1" }
""")

    assert not parsed.notes.complaints
    account, mapping = parsed.directory.values()
    assert account == AccountEntry(
        account_id="123456789012",
        name="payments-prod",
        partition="aws-cn",
        environment="production",
        organizational_unit="Workloads/Payments",
        region="eu-west-1",
        tags={"team": "payments"},
        trust_method="hub",
        external_id="northwind",
        active=False,
        roles={"ReadOnly": "", "Billing": "LegacyBilling"},
    )
    assert mapping == MappingEntry(
        name="Developers",
        issuer="",
        claim="resource_access.portal.roles",
        match="wildcard",
        value="dev-*",
        permission_set="Developer",
        console=False,
        keys=True,
        enabled=False,
        expires_at=datetime(2027, 1, 1, tzinfo=UTC),
        accounts=Targets(
            accounts=frozenset({"123456789012"}),
            organizational_units=frozenset({"Workloads"}),
            environments=frozenset({"production"}),
            tags=frozenset({("team", "payments"), ("team", "billing"), ("tier", "1")}),
        ),
    )


def test_account_entry_keeps_its_external_id_out_of_its_repr() -> None:
    (entry,) = parse('[[account]]\naccount_id = "123456789012"\nname = "a"\n').directory.values()
    assert isinstance(entry, AccountEntry)

    assert "northwind-secret" not in repr(replace(entry, external_id="northwind-secret"))


def test_parse_does_not_repeat_a_name_without_end() -> None:
    [complaint] = complaints(
        f'[[account]]\naccount_id = "123456789012"\nname = "{"x" * 100_000}"\n'
    )

    assert complaint.startswith('3: account "xxx')
    assert len(complaint) < 300
