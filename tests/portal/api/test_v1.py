"""/api/v1: denials before grants, for each operation."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from pytest_django import Settings

from accounts.models import Account, AuditEvent, Block, Mapping, PermissionSet, Person
from accounts.models.audit import Action
from tests import cast
from tests.emulators import ConsoleEndpoint, whose_keys
from tests.issuer import Issuer
from tests.portal.api.conftest import Program

pytestmark = pytest.mark.usefixtures("northwind", "sts_endpoint")

DEV, PROD = "210987654321", "123456789012"
DEVELOPER = f"arn:aws:iam::{DEV}:role/gatehouse/Developer"
READS = ["/me", "/me/entitlements", "/accounts", "/permission-sets", "/mappings", "/audit"]
WRITES = ["/keys", "/console"]


def body(answer: Any) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(answer.content)
    return found


def code(answer: Any) -> tuple[int, str]:
    return answer.status_code, body(answer)["error"]["code"]


def post(program: Program, path: str, token: str | None, **asked: Any) -> Any:
    return program.send("POST", f"/api/v1{path}", token, json.dumps(asked))


# --- who gets nothing ----------------------------------------------------------------------------


def test_nothing_is_read_or_issued_without_a_token(program: Program) -> None:
    answers = [program.get(f"/api/v1{path}") for path in READS]
    answers += [post(program, path, None, role_arn=DEVELOPER) for path in WRITES]

    assert {code(answer) for answer in answers} == {(401, "token.missing")}
    assert {answer["WWW-Authenticate"] for answer in answers} == {'Bearer realm="Gatehouse"'}


def test_session_cookie_reads_and_issues_nothing(issuer: Issuer) -> None:
    carol, asked = cast.signed_in("carol"), json.dumps({"role_arn": DEVELOPER})

    answers = [carol.get(f"/api/v1{path}") for path in READS]
    answers += [
        carol.post(f"/api/v1{path}", asked, content_type="application/json") for path in WRITES
    ]

    assert {code(answer) for answer in answers} == {(401, "token.missing")}


def test_blocked_person_reads_nothing(program: Program, issuer: Issuer) -> None:
    Block.objects.create(issuer=issuer.url, sub="sub-carol", reason="left")

    answers = [program.get(f"/api/v1{path}", issuer.token("carol")) for path in READS]

    assert {code(answer) for answer in answers} == {(401, "signin.blocked")}


def test_blocked_person_is_issued_nothing_and_recorded(program: Program, issuer: Issuer) -> None:
    Block.objects.create(issuer=issuer.url, sub="sub-alice", reason="left")

    answers = [post(program, path, issuer.token(), role_arn=DEVELOPER) for path in WRITES]

    assert {code(answer) for answer in answers} == {(401, "signin.blocked")}
    codes = AuditEvent.objects.values_list("error_code", flat=True)
    assert list(codes) == ["signin.blocked"] * 2


def test_who_neither_administers_nor_audits_reads_only_their_own(
    program: Program, issuer: Issuer
) -> None:
    answers = {
        (who, path): code(program.get(f"/api/v1{path}", issuer.token(who)))
        for who in ("alice", "bob", "mallory")
        for path in ("/accounts", "/permission-sets", "/mappings", "/audit")
    }

    assert answers == dict.fromkeys(answers, (403, "access.not_allowed"))


def test_admin_of_the_last_sign_in_is_none_by_a_token_without_the_group(
    program: Program, issuer: Issuer
) -> None:
    Person.objects.create(issuer=issuer.url, sub="sub-carol", is_admin=True, is_auditor=True)

    answer = program.get("/api/v1/audit", issuer.token("carol", groups=[]))

    assert code(answer) == (403, "access.not_allowed")


# What is asked for, and the answer.
WRONG: list[tuple[dict[str, Any], int, str]] = [
    ({}, 400, "request.role"),
    ({"role_name": "Developer"}, 400, "request.role"),
    ({"account_id": DEV}, 400, "request.role"),
    ({"role_arn": DEVELOPER, "role_name": "Developer"}, 400, "request.role"),
    (
        {"account_id": DEV, "account_name": "payments-dev", "role_name": "Developer"},
        400,
        "request.role",
    ),
    ({"role_arn": "Developer"}, 400, "request.arn"),
    ({"role_arn": 7}, 422, "request.not_valid"),
    ({"role_arn": DEVELOPER, "more": 1}, 422, "request.not_valid"),
    ({"role_arn": DEVELOPER, "duration": "3600"}, 422, "request.not_valid"),
    ({"role_arn": DEVELOPER, "duration": True}, 422, "request.not_valid"),
    ({"role_arn": DEVELOPER, "duration": 60}, 422, "request.not_valid"),
    ({"role_arn": DEVELOPER, "duration": 43201}, 422, "request.not_valid"),
    ({"role_arn": DEVELOPER, "duration": 7200}, 400, "request.duration"),
    ({"role_arn": "x\x00y"}, 422, "request.not_valid"),
    ({"role_arn": DEVELOPER, "tags": ["project"]}, 422, "request.not_valid"),
    ({"role_arn": DEVELOPER, "tags": {"project": 7}}, 422, "request.not_valid"),
    ({"role_arn": DEVELOPER, "tags": {"project": "\x00"}}, 422, "request.not_valid"),
    ({"role_arn": DEVELOPER, "tags": {"project": "a;b"}}, 400, "request.tags"),
    ({"role_arn": DEVELOPER, "tags": {"project": "payments"}}, 403, "access.tag_denied"),
    ({"role_arn": DEVELOPER.replace("Developer", "Admin")}, 403, "access.denied"),
    ({"account_id": PROD, "role_name": "Operator"}, 403, "access.denied"),
    ({"account_name": "payments-prod", "role_name": "Operator"}, 403, "access.denied"),
    ({"account_name": "nowhere", "role_name": "Developer"}, 403, "access.denied"),
]
UNRECORDED = ("request.role", "request.arn", "request.not_valid")


@pytest.mark.parametrize("path", WRITES)
def test_what_cannot_be_issued_is_refused(program: Program, issuer: Issuer, path: str) -> None:
    answers, recorded = [], []
    for asked, *_ in WRONG:
        before = AuditEvent.objects.count()
        answers.append((asked, *code(post(program, path, issuer.token(), **asked))))
        recorded.append(AuditEvent.objects.count() - before)

    assert answers == WRONG
    assert recorded == [0 if error in UNRECORDED else 1 for _, _, error in WRONG]
    assert not AuditEvent.objects.exclude(access_key_id="").exists()


def test_account_name_that_several_have_is_not_guessed(program: Program, issuer: Issuer) -> None:
    twin = cast.account("payments-dev", "345678901234")
    developer = PermissionSet.objects.get(name="Developer")
    cast.offer(twin, developer)
    cast.mapping("payments", developer, twin, name="The twin")

    answer = post(
        program, "/keys", issuer.token(), account_name="payments-dev", role_name="Developer"
    )

    assert code(answer) == (400, "request.account_ambiguous")


def test_destination_elsewhere_is_refused(program: Program, issuer: Issuer) -> None:
    answer = post(
        program,
        "/console",
        issuer.token(),
        role_arn=DEVELOPER,
        destination="https://evil.example/",
    )

    assert answer.status_code == 400


def test_validation_does_not_repeat_what_was_sent(program: Program, issuer: Issuer) -> None:
    answer = post(program, "/keys", issuer.token(), role_arn=DEVELOPER, secret="hunter2")

    assert answer.status_code == 422
    assert "hunter2" not in answer.content.decode()
    assert "secret" in body(answer)["error"]["message"]


# --- what is given -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "asked",
    [
        {"role_arn": DEVELOPER},
        {"account_id": DEV, "role_name": "Developer"},
        {"account_name": "payments-dev", "role_name": "Developer", "duration": 900},
    ],
    ids=str,
)
def test_keys_are_issued_recorded_and_work(
    program: Program, issuer: Issuer, sts_endpoint: str, asked: dict[str, Any]
) -> None:
    answer = post(program, "/keys", issuer.token(), **asked)

    assert answer.status_code == 200
    found = body(answer)
    assert (found["role_arn"], found["duration"]) == (DEVELOPER, asked.get("duration", 3600))
    row = AuditEvent.objects.get()
    assert (row.action, row.surface) == (Action.KEYS_ISSUED, "api")
    assert (row.id, row.access_key_id) == (found["audit_id"], found["access_key_id"])
    arn = whose_keys(
        sts_endpoint,
        access_key_id=found["access_key_id"],
        secret_access_key=found["secret_access_key"],
        session_token=found["session_token"],
    )
    assert arn.startswith(f"arn:aws:sts::{DEV}:")


@pytest.mark.parametrize("path", WRITES)
def test_session_tags_that_the_permission_set_names_are_given_and_recorded(
    program: Program,
    issuer: Issuer,
    console_endpoint: ConsoleEndpoint,
    settings: Any,
    path: str,
) -> None:
    settings.AWS_FEDERATION_ENDPOINT = console_endpoint.url
    PermissionSet.objects.filter(name="Developer").update(session_tags=["project", "ticket"])
    tags = {"ticket": "PAY-7"}

    answer = post(program, path, issuer.token(), role_arn=DEVELOPER, tags=tags)

    assert answer.status_code == 200
    assert AuditEvent.objects.get().detail["tags"] == tags


def test_session_tags_that_may_be_given_are_listed(program: Program, issuer: Issuer) -> None:
    PermissionSet.objects.filter(name="Developer").update(session_tags=["project"])

    mine = body(program.get("/api/v1/me/entitlements", issuer.token()))["items"]
    sets = body(program.get("/api/v1/permission-sets", issuer.token("carol")))["items"]

    assert [one["session_tags"] for one in mine] == [["project"], [], []]
    assert [one["session_tags"] for one in sets] == [["project"], [], []]


@pytest.mark.parametrize("path", ["/keys", "/console"])
def test_read_only_is_given_where_it_is_offered_refused_elsewhere_and_listed(
    program: Program,
    issuer: Issuer,
    console_endpoint: ConsoleEndpoint,
    settings: Any,
    path: str,
) -> None:
    settings.AWS_FEDERATION_ENDPOINT = console_endpoint.url
    refused = post(program, path, issuer.token(), role_arn=DEVELOPER, read_only=True)
    none = body(program.get("/api/v1/me/entitlements", issuer.token()))["items"]
    PermissionSet.objects.filter(name="Developer").update(
        read_only_policy_arns=["arn:aws:iam::aws:policy/ReadOnlyAccess"]
    )

    given = post(program, path, issuer.token(), role_arn=DEVELOPER, read_only=True)
    wrong: tuple[Any, ...] = ("true", 1, None, [])
    hostile = [
        post(program, path, issuer.token(), role_arn=DEVELOPER, read_only=value) for value in wrong
    ]

    listed = body(program.get("/api/v1/me/entitlements", issuer.token()))["items"]
    assert code(refused) == (403, "access.read_only_denied")
    assert given.status_code == 200
    assert [answer.status_code for answer in hostile] == [422] * 4
    latest = AuditEvent.objects.order_by("-at").first()
    assert latest is not None
    assert latest.detail["session_policy"] == "read-only"
    assert path == "/console" or body(given)["read_only"] is True
    assert [one["read_only"] for one in none] == [False, False, False]
    assert [one["role_name"] for one in listed if one["read_only"]] == ["Developer"]


def test_read_only_is_not_offered_where_the_console_is_a_link(
    program: Program, issuer: Issuer
) -> None:
    PermissionSet.objects.update(read_only_policy_arns=["arn:aws:iam::aws:policy/ReadOnlyAccess"])
    Account.objects.update(trust_method="switch-role")

    mine = body(program.get("/api/v1/me/entitlements", issuer.token()))["items"]

    assert [one["read_only"] for one in mine] == [False, False, False]


def test_console_link_lands_where_it_was_asked_to(
    program: Program, issuer: Issuer, console_endpoint: ConsoleEndpoint, settings: Any
) -> None:
    settings.AWS_FEDERATION_ENDPOINT = console_endpoint.url
    destination = "https://console.aws.amazon.com/s3/home"

    answer = post(program, "/console", issuer.token(), role_arn=DEVELOPER, destination=destination)

    assert answer.status_code == 200
    query = parse_qs(urlsplit(body(answer)["url"]).query)
    assert query["Destination"][0].startswith(destination)


def test_me_says_who_and_what_the_claims_make_one(program: Program, issuer: Issuer) -> None:
    alice = body(program.get("/api/v1/me", issuer.token()))
    carol = body(program.get("/api/v1/me", issuer.token("carol")))
    auditor = body(program.get("/api/v1/me", issuer.token("bob", groups=["portal-auditors"])))

    assert alice == {
        "issuer": issuer.url,
        "sub": "sub-alice",
        "name": "Alice",
        "email": "alice@northwind.example",
        "email_verified": True,
        "kind": "person",
        "admin": False,
        "auditor": False,
        "scope": None,
        "profile_pattern": "{account}_{role}",
        "sso": {
            "section": "localhost-8000",
            "start_url": "https://identitycenter.amazonaws.com/ssoins-0000000000000000",
            "region": "not-at-aws",
            "scopes": "sso:account:access",
            "endpoint_url": "http://localhost:8000",
        },
    }
    assert (carol["admin"], auditor["admin"], auditor["auditor"]) == (True, False, True)


def test_entitlements_come_with_their_reasons(program: Program, issuer: Issuer) -> None:
    found = body(program.get("/api/v1/me/entitlements", issuer.token()))

    assert [(one["account_id"], one["role_name"]) for one in found["items"]] == [
        (DEV, "Developer"),
        (DEV, "ReadOnly"),
        (PROD, "ReadOnly"),
    ]
    assert found["items"][0]["role_arn"] == DEVELOPER
    assert found["items"][0]["reasons"] == [
        {
            "mapping": "Developers of payments",
            "claim": "groups",
            "value": "payments",
            "console": True,
            "keys": True,
        }
    ]
    assert (found["next"], found["problems"]) == (None, [])


def test_entitlements_are_filtered_and_come_in_parts(program: Program, issuer: Issuer) -> None:
    token = issuer.token()

    def names(**query: str) -> list[str]:
        found = body(program.get("/api/v1/me/entitlements", token, **query))
        return [f"{one['account_name']} {one['role_name']}" for one in found["items"]]

    assert names(account_id=PROD) == ["payments-prod ReadOnly"]
    assert names(role_name="Developer") == ["payments-dev Developer"]
    first = body(program.get("/api/v1/me/entitlements", token, limit="1"))
    assert names(limit="1", after=first["next"]) == ["payments-dev ReadOnly"]
    second = body(program.get("/api/v1/me/entitlements", token, limit="2"))
    assert names(after=second["next"]) == ["payments-prod ReadOnly"]
    assert names(after="zzz") == []


def test_entitlements_go_on_where_they_were_although_the_last_one_was_taken_away(
    program: Program, issuer: Issuer
) -> None:
    token = issuer.token()
    first = body(program.get("/api/v1/me/entitlements", token, limit="1"))
    Mapping.objects.filter(permission_set__name=first["items"][0]["role_name"]).delete()

    rest = body(program.get("/api/v1/me/entitlements", token, after=first["next"]))

    assert [one["account_id"] for one in rest["items"]] == [DEV, PROD]


def test_claims_that_did_not_arrive_whole_are_said(program: Program, issuer: Issuer) -> None:
    token = issuer.token(groups=[], hasgroups=True)

    found = body(program.get("/api/v1/me/entitlements", token))

    assert found["items"] == []
    assert found["problems"][0]["code"] == "claims.overage"


@pytest.mark.parametrize("groups", [["portal-admins"], ["portal-auditors"]])
def test_directory_is_listed_for_who_administers_or_audits(
    program: Program, issuer: Issuer, groups: list[str]
) -> None:
    token = issuer.token("carol", groups=groups)

    accounts = body(program.get("/api/v1/accounts", token))["items"]
    sets = body(program.get("/api/v1/permission-sets", token))["items"]
    mappings = body(program.get("/api/v1/mappings", token))["items"]

    assert [one["account_id"] for one in accounts] == [PROD, DEV]
    assert accounts[1]["roles"][0] == {
        "permission_set": "Developer",
        "role_arn": DEVELOPER,
        "last_test": None,
    }
    assert [one["name"] for one in sets] == ["Developer", "Operator", "ReadOnly"]
    assert mappings[0]["name"] == "Developers of payments"
    assert [target["account_id"] for target in mappings[0]["targets"]] == [DEV]


# Which list, by which filter, and what it then holds.
FILTERED: list[tuple[str, dict[str, str], list[str]]] = [
    ("/accounts", {"q": "prod"}, [PROD]),
    ("/accounts", {"q": "2109"}, [DEV]),
    ("/accounts", {"environment": "production"}, [PROD]),
    ("/accounts", {"organizational_unit": "Workloads"}, [PROD, DEV]),
    ("/accounts", {"organizational_unit": "Work"}, []),
    ("/accounts", {"permission_set": "Operator"}, [PROD]),
    ("/accounts", {"active": "false"}, []),
    ("/accounts", {"after": PROD}, [DEV]),
    ("/permission-sets", {"after": "Developer", "limit": "1"}, ["Operator"]),
    ("/mappings", {"value": "on-call"}, ["On call operates production"]),
    ("/mappings", {"permission_set": "Developer"}, ["Developers of payments"]),
    ("/mappings", {"claim": "roles"}, []),
    ("/mappings", {"issuer": "CI"}, []),
    ("/mappings", {"enabled": "false"}, []),
]


def test_directory_is_filtered(program: Program, issuer: Issuer) -> None:
    token, found = issuer.token("carol"), []
    for path, query, _ in FILTERED:
        items = body(program.get(f"/api/v1{path}", token, **query))["items"]
        found.append((path, query, [one.get("account_id", one.get("name")) for one in items]))

    assert found == FILTERED


def test_lists_cost_the_same_number_of_queries_whatever_their_length(
    program: Program, issuer: Issuer, django_assert_max_num_queries: Any
) -> None:
    read_only = PermissionSet.objects.get(name="ReadOnly")
    for number in range(40):
        account = cast.account(f"account-{number}", f"{number:012d}")
        cast.offer(account, read_only)
        cast.mapping(f"group-{number}", read_only, account)
    token = issuer.token("carol")
    program.get("/api/v1/me", token)  # adds the person

    for path in ("/accounts", "/mappings", "/audit"):
        with django_assert_max_num_queries(5):
            assert program.get(f"/api/v1{path}", token, limit="200").status_code == 200


def test_filter_that_cannot_be_is_refused(program: Program, issuer: Issuer) -> None:
    wrong: list[tuple[str, dict[str, str]]] = [
        ("/audit", {"since": "0.5"}),
        ("/audit", {"until": "1700000000"}),
        ("/audit", {"since": "-1"}),
        ("/audit", {"since": "2026-11-22"}),
        ("/audit", {"since": "2026-11-22T12:00:00"}),
        ("/audit", {"request_id": "x" * 256}),
        ("/audit", {"after": "x"}),
        ("/accounts", {"q": "x" * 256}),
        ("/mappings", {"value": "x" * 513}),
        ("/me/entitlements", {"after": "x" * 256}),
        # An unknown filter must not answer with everybody's rows.
        ("/audit", {"actor": "alice"}),
        ("/audit", {"Action": "access.keys.issued"}),
        ("/accounts", {"name": "payments-dev"}),
        ("/permission-sets", {"q": "Read"}),
        ("/mappings", {"enviroment": "production"}),
        ("/me", {"verbose": "1"}),
        ("/me/entitlements", {"role": "Developer"}),
        ("/client", {"x": ""}),
    ]

    answers = [
        code(program.get(f"/api/v1{path}", issuer.token("carol"), **query)) for path, query in wrong
    ]

    assert list(zip(wrong, answers, strict=True)) == [
        (case, (422, "request.not_valid")) for case in wrong
    ]


def test_head_is_answered_as_get_is(program: Program, issuer: Issuer, settings: Any) -> None:
    settings.API_CLIENT_ID = "token-cli"
    token = issuer.token("carol")

    for path in (*READS, "/client"):
        head, get = (program.send(method, f"/api/v1{path}", token) for method in ("HEAD", "GET"))
        assert (path, head.status_code, get.status_code) == (path, 200, 200)
        assert head["Content-Length"] == get["Content-Length"]
        assert program.send("POST", f"/api/v1{path}", token)["Allow"] == "GET, HEAD"
        without = program.send("HEAD", f"/api/v1{path}")
        assert without.status_code == (200 if path == "/client" else 401)


@pytest.mark.parametrize("path", WRITES)
def test_head_issues_nothing(program: Program, issuer: Issuer, path: str) -> None:
    answer = program.send("HEAD", f"/api/v1{path}", issuer.token())

    assert (answer.status_code, answer["Allow"]) == (405, "POST")
    assert not AuditEvent.objects.exists()


def test_external_ids_are_shown_to_nobody(program: Program, issuer: Issuer) -> None:
    Account.objects.update(external_id="northwind-7f3a")

    answer = program.get("/api/v1/accounts", issuer.token("carol"))

    assert "northwind-7f3a" not in answer.content.decode()


def test_audit_trail_is_read_newest_first_in_parts(program: Program, issuer: Issuer) -> None:
    for _ in range(3):
        post(program, "/keys", issuer.token("mallory"), role_arn=DEVELOPER)
    post(program, "/keys", issuer.token(), role_arn=DEVELOPER)
    token = issuer.token("carol")

    first = body(program.get("/api/v1/audit", token, limit="2"))
    second = body(program.get("/api/v1/audit", token, limit="2", after=first["next"]))

    assert [row["action"] for row in first["items"]] == ["access.keys.issued", "access.keys.denied"]
    assert [row["sub"] for row in second["items"]] == ["sub-mallory", "sub-mallory"]
    assert second["next"] is None
    assert first["items"][0]["actor_kind"] == "person"


def test_audit_trail_is_filtered(program: Program, issuer: Issuer) -> None:
    post(program, "/keys", issuer.token("mallory"), role_arn=DEVELOPER)
    post(program, "/keys", issuer.token(), role_arn=DEVELOPER)
    token = issuer.token("carol")

    def subs(**query: str) -> list[str]:
        found = body(program.get("/api/v1/audit", token, **query))
        return [row["sub"] for row in found["items"]]

    assert subs(action="access.keys.denied") == ["sub-mallory"]
    assert subs(sub="sub-alice") == ["sub-alice"]
    assert subs(since="2999-01-01T00:00:00Z") == []
    assert subs(since="2999-01-01T00:00:00+17:10") == []
    assert subs(until="1971-01-01T00:00:00Z") == []
    assert subs(after="0") == []
    assert len(subs(actor_kind="person", account_id=DEV)) == 2


def test_account_that_people_switch_to_gives_no_keys_and_says_so(
    program: Program, issuer: Issuer
) -> None:
    Account.objects.filter(account_id=DEV).update(trust_method="switch-role")

    refused = post(program, "/keys", issuer.token(), role_arn=DEVELOPER)
    opened = post(program, "/console", issuer.token(), role_arn=DEVELOPER)
    items = body(program.get("/api/v1/me/entitlements", issuer.token()))["items"]

    assert code(refused) == (403, "access.no_keys")
    assert urlsplit(body(opened)["url"]).path == "/switchrole"
    shown = {(item["account_id"], item["trust_method"], item["keys"]) for item in items}
    assert shown == {(DEV, "switch-role", False), (PROD, "hub", True)}


def test_refusal_has_its_facts_and_what_is_needed_only_where_that_is_allowed(
    program: Program, issuer: Issuer, settings: Settings
) -> None:
    settings.SUPPORT_CONTACT = "cloud@northwind.example"

    def refusal(role_name: str) -> Any:
        answer = post(program, "/keys", issuer.token(), account_id=PROD, role_name=role_name)
        return json.loads(answer.content)["error"]["refusal"]

    told = refusal("Operator")

    assert told == {
        "person": "alice@northwind.example",
        "kind": "keys",
        "account_id": PROD,
        "account_name": "payments-prod",
        "role_name": "Operator",
        "arrived": [{"claim": "groups", "values": ["payments", "platform"], "more": 0}],
        "needed": [],
        "help_url": f"http://localhost:8000/keys?account_id={PROD}&role_name=Operator",
        "contact": "cloud@northwind.example",
    }
    assert refusal("Nobody") | {"role_name": "", "help_url": ""} == told | {
        "role_name": "",
        "help_url": "",
    }

    settings.REFUSALS_SAY_WHAT_IS_NEEDED = True

    assert refusal("Operator")["needed"] == [
        {"claim": "groups", "value": "on-call", "is_pattern": False}
    ]
    assert refusal("Nobody")["needed"] == []
