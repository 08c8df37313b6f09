"""What a file can get wrong, each told at its place, all of it at once."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.matching import Targets
from accounts.plans.complaints import InvalidPlan
from accounts.plans.entries import (
    KINDS,
    AccountEntry,
    Entry,
    EnvironmentEntry,
    MappingEntry,
    PermissionSetEntry,
)
from accounts.plans.fields import Role
from accounts.plans.notation import pair
from accounts.plans.toml_file.parse import parse
from accounts.plans.validation import validate

STORED = {
    ("permission_set", name): PermissionSetEntry(name=name)
    for name in ("ReadOnly", "Operator", "Billing")
}
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
16: account "payments-prod": roles: This is empty; say which.
17: account "payments-prod": roles.permission_set: Missing; every table of this kind needs it.
17: account "payments-prod": roles.permission_sett: Unknown key. Did you mean "permission_set"?
18: account "payments-prod": roles.iam_role_name: An IAM role name has at most 64 letters, digits and _+=,.@-.
19: account "payments-prod": roles.iam_role_name: An IAM role name has at most 64 letters, digits and _+=,.@-.
22: account "1234": name: Missing; every table of this kind needs it.
23: account "1234": account_id: An AWS account id has exactly 12 digits, leading zeros included.
24: account "1234": trust_method: It must be one of: hub, user-token, portal-token, switch-role. Did you mean "hub"?
27: permission_set "two words": name: A role name has at most 64 letters, digits and _+=,.@- (no spaces).
28: permission_set "two words": session_duration: Write a duration as "8h", "90m", or in seconds: 3600.
32: permission_set "Nothing": session_duration: Ensure this value is greater than or equal to 900.
33: permission_set "Nothing": console: Offer the console, keys, or both. A permission set with neither can never be used.
38: permission_set "Elsewhere": destination: Console destination refused: its host is not console.aws.amazon.com and not below it.
43: mapping "Twice": wildcard: Give one of value, wildcard, template; this has value and wildcard.
45: mapping "Twice": expires_at: Write a date and time with its zone and without quotes: 2027-01-01T00:00:00Z.
46: mapping "Twice": accounts.ids: This is a whole number, and must be text: write it in quotes, "123456789012", leading zeros included.
46: mapping "Twice": accounts.ids: This is empty; say which.
46: mapping "Twice": accounts.tags.team: This is a whole number, and must be text: write it in quotes, "1".
46: mapping "Twice": accounts.org: Unknown key. Known here: ids, organizational_units, environments, tags.
46: mapping "Twice": accounts.tags."": Say which: a target by tag needs one.
49: mapping "Twice": name: "Twice" is in the file already: mapping "Twice" on line 40.
50: mapping "Twice": template: Unknown placeholder {acount}: a template knows {account_id}, {account}, {environment}, {partition}, {role}.
51: mapping "Twice": expires_at: Write a date and time with its zone and without quotes: 2027-01-01T00:00:00Z.
52: mapping "Twice": accounts: Say which: accounts = "all", or a table with ids, organizational_units, environments or tags.
54: mapping: name: Missing; every table of this kind needs it.
54: mapping: accounts: Say which: accounts = "all", or a table with ids, organizational_units, environments or tags.
55: mapping: wildcard: A wildcard needs a * in it. For one exact value, choose “exact”.
"""

# Each with the line it is refused at, and how the message begins.
NOT_TOML = [
    ("[[account]]\nname = \n", 2, "This is not TOML: Invalid value."),
    ('[[account]]\nname = "a"\nname = "b"\n', 3, "This is not TOML: Cannot overwrite a value."),
    ("[[account]]\nname = '''\n\n", 4, "This is not TOML: Expected \"'''\"."),
    (
        "[[account]]\naccount_id = 012345678901\n",
        2,
        "This is not TOML: Expected newline or end of document after a statement. "
        'An account id is text: account_id = "012345678901".',
    ),
    ("x = " + "[" * 9999, 1, "Keys or brackets are nested too deep."),
    ("x = " + "9" * 9999, 1, "This is not TOML: Exceeds the limit"),
]
ACCOUNT = '[[account]]\naccount_id = "123456789012"\nname = "a"\n'
MAPPING = '[[mapping]]\nname = "a"\nvalue = "b"\npermission_set = "ReadOnly"\n'
BRACKETS = "1: Write [[account]] in double brackets, once for each: there can be many."
NUL = "A NUL character (\\u0000) cannot be stored."
MOMENT = "Write a date and time with its zone and without quotes: 2027-01-01T00:00:00Z."
# Each with the one complaint about it.
ONE_MISTAKE = {
    "account = 1": BRACKETS,
    "[account]": BRACKETS,
    'account = ["a"]': BRACKETS,
    "[account.a]": BRACKETS,
    ACCOUNT.replace('"a"', r'"\u0000"'): f'3: account "123456789012": name: {NUL}',
    ACCOUNT + r'tags = { "\u0000" = 1 }': rf'4: account "a": tags."\u0000": {NUL}',
    ACCOUNT.replace('"a"', "true"): (
        '3: account "123456789012": name: This is true or false, and must be text in quotes.'
    ),
    ACCOUNT + 'roles = "ReadOnly"': (
        '4: account "a": roles: This is text, and must be an array: [ ... ].'
    ),
    ACCOUNT + 'tags = ["team"]': (
        '4: account "a": tags: This is an array, and must be a table: { name = "value" }.'
    ),
    ACCOUNT + "region = 1.5": (
        '4: account "a": region: This is a number, and must be text in quotes.'
    ),
    ACCOUNT + f"region = 0x{'f' * 5000}": (
        '4: account "a": region: This is a whole number, and must be text in quotes.'
    ),
    # The value of an external id is not shown.
    ACCOUNT + 'external_id = "se cret"': (
        '4: account "a": external_id: STS takes 2 to 1224 letters, digits and _+=,.@:/-.'
    ),
    ACCOUNT + 'external_id = "northwind"\ntrust_method = "portal-token"': (
        '4: account "a": external_id: Only the trust method hub sends an external id: AWS takes none from the '
        "others. Leave it empty."
    ),
    ACCOUNT + ACCOUNT.replace('"a"', '"b"'): (
        '5: account "b": account_id: "123456789012" is in the file already: account "a" on line 1.'
    ),
    ACCOUNT.replace('"a"', f'"{"x" * 100_000}"'): (
        f'3: account "{"x" * 128}…": name: '
        "Ensure this value has at most 128 characters (it has 100000)."
    ),
    f'{MAPPING}accounts = {{ ids = ["123456789012",\n"123456789012"] }}\n{ACCOUNT}': (
        '6: mapping "a": accounts.ids: "123456789012" is here twice.'
    ),
    **{
        f'{MAPPING}accounts = "all"\nexpires_at = {moment}': f'6: mapping "a": expires_at: {MOMENT}'
        for moment in (
            "2027-01-01",
            "12:00:00",
            "0001-01-01T00:00:00+23:00",
            "9999-12-31T23:59:59-23:00",
        )
    },
}


def complaints(text: str) -> list[str]:
    file = parse(text)
    return str(InvalidPlan(file.place(validate(file.entries, stored=STORED)))).splitlines()


def read(text: str) -> list[Entry]:
    file = parse(text)
    assert not file.complaints
    return file.entries


def test_parse_tells_every_mistake_at_its_place() -> None:
    assert complaints(MANY_MISTAKES) == COMPLAINTS.splitlines()


def test_parse_complains_once_about_one_mistake() -> None:
    assert {text: complaints(text) for text in ONE_MISTAKE} == {
        text: [complaint] for text, complaint in ONE_MISTAKE.items()
    }


def test_parse_refuses_what_is_not_toml_at_its_line() -> None:
    for text, line, message in NOT_TOML:
        with pytest.raises(InvalidPlan) as invalid:
            parse(text)

        (complaint,) = invalid.value.complaints
        assert (complaint.line, complaint.message[: len(message)]) == (line, message)


KEYS = st.sampled_from(
    sorted({key for kind in KINDS for key in kind.model_fields} | {"ids", "iam_role_name", "x"})
)
VALUES = st.recursive(
    st.sampled_from(["", "a", "all", "8h", "\0", True, 7, datetime(2027, 1, 1, tzinfo=UTC)]),
    lambda inside: st.lists(inside, max_size=3) | st.dictionaries(KEYS, inside, max_size=3),
    max_leaves=8,
)


@given(st.sampled_from(KINDS), st.dictionaries(KEYS, VALUES, max_size=6))
def test_parse_complains_about_anything_and_never_fails(
    kind: type[Entry], values: dict[str, object]
) -> None:
    lines = [f"[[{kind.kind}]]", *(pair(key, value) for key, value in values.items())]

    complaints("\n".join(lines))


def test_parse_reads_a_duration_in_seconds_minutes_and_hours() -> None:
    written = ["5400", '"5400"', '"5400s"', '"90m"', '"1h"']
    entries = read(
        "".join(
            f'[[permission_set]]\nname = "A{index}"\nsession_duration = {duration}\n'
            for index, duration in enumerate(written)
        )
    )

    durations = [
        entry.session_duration for entry in entries if isinstance(entry, PermissionSetEntry)
    ]
    assert durations == [5400, 5400, 5400, 5400, 3600]


def test_parse_reads_the_least_a_file_can_say_with_the_defaults_of_the_models() -> None:
    entries = read(
        '[[environment]]\nname = "production"\nlabel = "Production"\n'
        '[[account]]\naccount_id = "123456789012"\nname = "payments-prod"\n'
        '[[permission_set]]\nname = "ReadOnly"\n'
        '[[mapping]]\nname = "All"\nvalue = "payments"\npermission_set = "ReadOnly"\naccounts = {}\n'
    )

    assert entries == [
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
            roles=[],
        ),
        PermissionSetEntry(
            name="ReadOnly",
            iam_path="/",
            description="",
            session_duration=3600,
            destination="",
            privileged=False,
            requires_mfa=False,
            max_sign_in_age=None,
            console=True,
            keys=True,
            session_tags=[],
        ),
        MappingEntry(
            name="All",
            issuer="",
            claim="groups",
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
    entries = read("""
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

    account, mapping = entries
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
        roles=[
            Role(permission_set="Billing", iam_role_name="LegacyBilling"),
            Role(permission_set="ReadOnly"),
        ],
    )
    assert mapping == MappingEntry(
        name="Developers",
        issuer="",
        claim="resource_access.portal.roles",
        wildcard="dev-*",
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
    entry = AccountEntry(account_id="123456789012", name="a", external_id="northwind-secret")

    assert "northwind-secret" not in repr(entry)
