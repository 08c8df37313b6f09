"""Arbitrary valid companies, as hypothesis draws them."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import strategies as st

from accounts.matching import Targets
from accounts.models.directory import Colour, PartitionName
from accounts.models.issuers import Algorithm
from accounts.plans.entries import (
    AccountEntry,
    Directory,
    Entry,
    EnvironmentEntry,
    IssuerEntry,
    MappingEntry,
    PermissionSetEntry,
    identity_of,
)
from accounts.plans.fields import Role
from accounts.visible import hidden

# Whatever a database stores: any character but NUL and halves of surrogate pairs.
_CHARACTERS = st.characters(exclude_categories=["Cs"], exclude_characters="\x00")


def _text(longest: int, *, shortest: int = 0) -> st.SearchStrategy[str]:
    return st.text(_CHARACTERS, min_size=shortest, max_size=min(longest, 40))


def _name(longest: int) -> st.SearchStrategy[str]:
    """Return what people read and copy: nothing that cannot be seen, no spaces at the edges."""
    seen = st.characters(exclude_categories=["C", "Z", "M"], include_characters=" \u3000")
    texts = st.text(seen, min_size=1, max_size=min(longest, 40))
    return texts.filter(lambda text: text == text.strip() and not [*hidden(text)])


_UNITS = st.lists(_name(20).filter(lambda part: "/" not in part), min_size=1, max_size=3).map(
    "/".join
)
# A few names come often, so that two companies have something in common.
_ROLE_NAMES = st.sampled_from(["ReadOnly", "Operator"]) | st.from_regex(
    r"[A-Za-z0-9_+=,.@-]{1,12}", fullmatch=True
)
_VALUES = _text(40, shortest=1).filter(lambda value: value == value.strip())
_TAGS = st.dictionaries(_text(40, shortest=1), _text(40), max_size=3)
_TEMPLATES = st.sampled_from(
    [
        "aws-{account_id}-{role}",
        "{account}/{environment}/{role}",
        "arn:{partition}:iam::{account_id}:role/{role}",
    ]
)


def _environments() -> st.SearchStrategy[EnvironmentEntry]:
    return st.builds(
        EnvironmentEntry,
        name=st.sampled_from(["production", "development"])
        | st.from_regex(r"[a-z0-9][a-z0-9-]{0,12}", fullmatch=True),
        label=_name(64),
        colour=st.sampled_from(Colour.values),
    )


def _permission_sets() -> st.SearchStrategy[PermissionSetEntry]:
    return st.builds(
        PermissionSetEntry,
        name=_ROLE_NAMES,
        iam_path=st.sampled_from(["/", "/gatehouse/", "/a/b/", '/"\\/']),
        description=_text(512),
        session_duration=st.integers(900, 43200),
        destination=st.sampled_from(["", "https://console.aws.amazon.com/s3/home"]),
        privileged=st.booleans(),
        requires_mfa=st.booleans(),
        max_sign_in_age=st.sampled_from([None, 60, 3600]),
        console=st.booleans(),
        keys=st.booleans(),
        session_tags=st.lists(
            st.sampled_from(["project", "ticket", "Kostenstelle Süd"]), unique=True
        ),
        claim_tags=st.sampled_from([{}, {"team": "department", "a.b": "resource_access.x"}]),
        session_policy_arns=st.sampled_from(
            [[], ["arn:{partition}:iam::aws:policy/ReadOnlyAccess"]]
        ),
    ).filter(lambda entry: entry.console or entry.keys)


@st.composite
def _accounts(
    draw: st.DrawFn, environments: list[str], sets: list[PermissionSetEntry]
) -> AccountEntry:
    roles, arns = [], set()
    for chosen in draw(st.lists(st.sampled_from(sets), unique_by=id) if sets else st.just([])):
        iam_role_name = draw(st.just("") | _ROLE_NAMES)
        arn = chosen.iam_path + (iam_role_name or chosen.name)
        if arn not in arns:
            arns.add(arn)
            roles.append(Role(permission_set=chosen.name, iam_role_name=iam_role_name))
    return AccountEntry(
        account_id=draw(
            st.sampled_from(["123456789012", "210987654321"])
            | st.from_regex(r"[0-9]{12}", fullmatch=True)
        ),
        name=draw(_name(128)),
        partition=draw(st.sampled_from(PartitionName.values)),
        environment=draw(st.sampled_from(["", *environments])),
        organizational_unit=draw(st.just("") | _UNITS),
        region=draw(st.sampled_from(["", "eu-west-1", "us-gov-west-1"])),
        tags=draw(_TAGS),
        trust_method="hub",
        external_id=draw(st.just("") | st.from_regex(r"[A-Za-z0-9:/-]{2,20}", fullmatch=True)),
        active=draw(st.booleans()),
        roles=roles,
    )


@st.composite
def _issuers(draw: st.DrawFn) -> IssuerEntry:
    host = draw(st.from_regex(r"[a-z]{1,20}", fullmatch=True))
    return IssuerEntry(
        name=draw(st.sampled_from(["CI", "Cluster"]) | _name(128)),
        url=f"https://{host}.example/{draw(st.sampled_from(['', 'a', 'a/']))}",
        audiences=draw(st.lists(_text(40, shortest=1), min_size=1, max_size=3, unique=True)),
        algorithm=draw(st.sampled_from(Algorithm.values)),
        enabled=draw(st.booleans()),
    )


@st.composite
def _mappings(
    draw: st.DrawFn,
    environments: list[str],
    sets: list[str],
    accounts: list[str],
    issuers: list[str],
) -> MappingEntry:
    kinds = ["template"] if not sets else ["value", "wildcard", "template"]
    match = draw(st.sampled_from(kinds))
    value = draw(_TEMPLATES if match == "template" else _VALUES)
    if match == "wildcard":
        value += "*"
    console = draw(st.booleans())
    expires_at = draw(
        st.none() | st.datetimes(datetime(1900, 1, 1), datetime(9000, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
    )
    return MappingEntry(
        name=draw(st.sampled_from(["Developers", "On call"]) | _name(128)),
        issuer=draw(st.sampled_from(["", "", *issuers])),
        claim=draw(_text(255, shortest=1)),
        value=value if match == "value" else None,
        wildcard=value if match == "wildcard" else None,
        template=value if match == "template" else None,
        permission_set=draw(st.sampled_from([*[""][: match == "template"], *sets])),
        console=console,
        keys=draw(st.booleans()) or not console,
        enabled=draw(st.booleans()),
        expires_at=expires_at,
        accounts=draw(_targets(environments, accounts)),
    )


def _targets(environments: list[str], accounts: list[str]) -> st.SearchStrategy[Targets]:
    some = st.builds(
        Targets,
        accounts=_some(accounts),
        organizational_units=st.frozensets(_UNITS, max_size=3),
        environments=_some(environments),
        tags=st.frozensets(st.tuples(_text(20, shortest=1), _text(20)), max_size=4),
    )
    return st.just(Targets(everything=True)) | some


def _some(names: list[str]) -> st.SearchStrategy[frozenset[str]]:
    return st.frozensets(st.sampled_from(names)) if names else st.just(frozenset())


@st.composite
def companies(draw: st.DrawFn) -> Directory:
    """Draw a directory with mappings, every name of which refers to something."""
    environments = draw(st.lists(_environments(), max_size=3, unique_by=lambda one: one.name))
    names = [entry.name for entry in environments]
    sets = draw(st.lists(_permission_sets(), max_size=4, unique_by=lambda one: one.name))
    accounts = draw(
        st.lists(_accounts(names, sets), max_size=4, unique_by=lambda one: one.account_id)
    )
    issuers = draw(
        st.lists(_issuers(), max_size=3, unique_by=(lambda one: one.name, lambda one: one.url))
    )
    mappings = draw(
        st.lists(
            _mappings(
                names,
                [entry.name for entry in sets],
                [entry.account_id for entry in accounts],
                [entry.name for entry in issuers],
            ),
            max_size=4,
            unique_by=lambda one: one.name,
        )
    )
    entries: list[Entry] = [*environments, *accounts, *sets, *issuers, *mappings]
    return {identity_of(entry): entry for entry in draw(st.permutations(entries))}
