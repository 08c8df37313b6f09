"""The trust method user-token at the door: the person's own ID token, and nobody else's."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.utils import timezone
from pytest_django import Settings

from accounts import access, signins, trust
from accounts.encryption import decrypt
from accounts.errors import AccessDenied, AwsRefused, GatehouseError, InvalidRequest, TokenRefused
from accounts.models import Account, AuditEvent, PermissionSet, SignIn
from accounts.models.signins import Verification
from accounts.types import IssuedKeys, Kind, RoleRef, SessionRequest, Subject
from demo.identity import IdentityProvider
from demo.identity.app import create_app
from demo.serving import bind
from tests import cast
from tests.accounts.aws.test_sts import reply
from tests.accounts.portal_tokens.tokens import create
from tests.accounts.test_trust import ROLE
from tests.emulators import Reply, ScriptedServer, Seen, aws_environment
from tests.identity import Visitor, meet_again
from tests.strict_aws import StrictAws, allow, policy

pytestmark = pytest.mark.usefixtures("northwind")

DEV = "210987654321"
NO_AWS_KEYS = {"AWS_ACCESS_KEY_ID": None, "AWS_SECRET_ACCESS_KEY": None}
EXPIRED = "<ErrorResponse><Error><Code>ExpiredTokenException</Code><Message>expired</Message></Error></ErrorResponse>"


@pytest.fixture(autouse=True)
def _accounts_trust_the_provider(northwind: None) -> None:
    Account.objects.update(trust_method="user-token")


def get_keys(subject: Subject, **options: Any) -> IssuedKeys:
    return access.issue_keys(
        **{
            "subject": subject,
            "role": RoleRef(DEV, "Developer"),
            "duration": None,
            "origin": cast.ORIGIN,
            "now": timezone.now(),
            **options,
        }
    )


def last() -> AuditEvent:
    return AuditEvent.objects.filter(action__startswith="access.")[0]


def of_provider(**claims: Any) -> Subject:
    """Alice, as a program of hers shows a token of the provider."""
    said = cast.subject("alice", **{"aud": "gatehouse", **claims})
    return replace(said, bearer_jwt="planted-jwt")


# --- denied before AWS is asked ---


@pytest.mark.parametrize("kind", ["token of a person", "token of a machine", "workload"])
def test_whoever_is_no_person_with_a_sign_in_is_denied(kind: str) -> None:
    alice = cast.as_subject("alice")
    subject = {
        "token of a person": replace(
            alice, sign_in_id=None, token_id=create().token.id, bearer_jwt="planted-jwt"
        ),
        "token of a machine": replace(
            alice, sign_in_id=None, token_id=create().token.id, workload=True
        ),
        "workload": replace(alice, sign_in_id=None, workload=True),
    }[kind]

    with pytest.raises(AccessDenied) as denied:
        trust.refuse_unfit(
            role=replace(ROLE, trust_method="user-token"),
            subject=subject,
            kind=Kind.KEYS,
            tags={},
        )

    assert denied.value.code == "access.person_only"
    assert "people who have signed in" in denied.value.user_message


@pytest.mark.parametrize(
    "claims",
    [
        {"aud": "gatehouse-api"},
        {"aud": ["gatehouse", "gatehouse-api"]},
        {"aud": "gatehouse", "azp": "token-cli"},
        {"aud": None},
        {"aud": {"gatehouse": 1}},
    ],
)
def test_token_of_a_program_for_another_audience_is_denied(claims: dict[str, Any]) -> None:
    with (
        ScriptedServer(lambda seen: Reply(500)) as server,
        aws_environment(AWS_ENDPOINT_URL_STS=server.url),
        pytest.raises(AccessDenied) as denied,
    ):
        get_keys(of_provider(**claims))

    assert denied.value.code == last().error_code == "access.token_audience"
    assert last().action == "access.keys.denied"
    assert server.seen == []


def test_subject_without_any_token_is_denied() -> None:
    with pytest.raises(AccessDenied) as denied:
        get_keys(replace(of_provider(), bearer_jwt=""))

    assert denied.value.code == "access.token_audience"


def test_session_tags_are_refused_as_no_token_of_the_provider_holds_them() -> None:
    PermissionSet.objects.update(session_tags=["project"])

    with pytest.raises(InvalidRequest) as refused:
        get_keys(of_provider(), tags={"project": "payments"})

    assert refused.value.code == last().error_code == "request.tags_not_possible"


@pytest.mark.parametrize("wanted", [{"tags": {"team": "a"}}, {"source_identity": "alice"}])
def test_permission_set_that_wants_what_only_our_own_token_says_is_a_mistake(
    wanted: dict[str, Any],
) -> None:
    request = SessionRequest(
        role=replace(ROLE, trust_method="user-token"),
        subject=of_provider(),
        session_name="alice",
        duration=900,
        **wanted,
    )

    with pytest.raises(AwsRefused) as refused:
        trust.obtain(request)

    assert refused.value.code == "trust.session_rules"


# --- what AWS says ---


def test_token_of_a_program_that_aws_finds_too_old_is_refused_as_that() -> None:
    with (
        ScriptedServer(lambda seen: Reply(400, EXPIRED)) as server,
        aws_environment(AWS_ENDPOINT_URL_STS=server.url),
        pytest.raises(TokenRefused) as refused,
    ):
        get_keys(of_provider())

    assert refused.value.code == "token.exp"
    assert len(server.seen) == 1
    assert "planted" not in refused.value.admin_message + last().reason


def test_other_refusals_of_the_token_of_a_program_are_told_as_they_are() -> None:
    denied = EXPIRED.replace("ExpiredTokenException", "AccessDenied")
    with (
        ScriptedServer(lambda seen: Reply(403, denied)) as server,
        aws_environment(AWS_ENDPOINT_URL_STS=server.url),
        pytest.raises(AwsRefused) as refused,
    ):
        get_keys(of_provider())

    assert refused.value.code == "aws.access_denied"


@pytest.mark.parametrize("claims", [{}, {"aud": ["gatehouse"]}, {"aud": "x", "azp": "gatehouse"}])
def test_token_of_a_program_for_the_right_audience_is_what_aws_is_shown(
    claims: dict[str, Any],
) -> None:
    body = reply("AssumeRoleWithWebIdentity")
    with (
        ScriptedServer(lambda seen: Reply(body=body)) as server,
        aws_environment(AWS_ENDPOINT_URL_STS=server.url, **NO_AWS_KEYS),
    ):
        issued = get_keys(of_provider(**claims))

    assert issued.credentials.access_key_id == "ASIAEXAMPLE"
    assert server.seen[0].form["WebIdentityToken"] == "planted-jwt"
    assert trust.console_duration(issued.entitlement.role, 900) == 900
    assert "planted" not in repr(of_provider())


@pytest.fixture
def alice(visitor: Visitor, identity: IdentityProvider) -> Subject:
    """Alice with an open sign-in at a real provider, which has not been asked since."""
    visitor.walk("alice")
    identity.hits.clear()
    return signins.subject_of(SignIn.objects.select_related("person").get())


@pytest.mark.parametrize(("refusals", "code"), [(1, ""), (2, "aws.expired_token")])
def test_token_that_aws_finds_too_old_is_refreshed_once(
    alice: Subject, identity: IdentityProvider, refusals: int, code: str
) -> None:
    body, outcome = reply("AssumeRoleWithWebIdentity"), ""
    answers = iter([Reply(400, EXPIRED)] * refusals + [Reply(body=body)] * 9)

    def answer(seen: Seen) -> Reply:
        return next(answers)

    with ScriptedServer(answer) as server, aws_environment(AWS_ENDPOINT_URL_STS=server.url):
        try:
            get_keys(alice)
        except GatehouseError as error:
            outcome = error.code

    shown = [seen.form["WebIdentityToken"] for seen in server.seen]
    assert outcome == code
    assert len(shown) == len(set(shown)) == 2
    assert identity.hits["token"] == 1
    assert shown[1] == decrypt(SignIn.objects.get().encrypted_id_token)
    for token in shown:
        assert token not in last().reason + str(last().detail)


def test_refusal_that_a_newer_token_does_not_help_is_not_tried_again(
    alice: Subject, identity: IdentityProvider
) -> None:
    denied = EXPIRED.replace("ExpiredTokenException", "AccessDenied")
    with (
        ScriptedServer(lambda seen: Reply(403, denied)) as server,
        aws_environment(AWS_ENDPOINT_URL_STS=server.url),
        pytest.raises(AwsRefused),
    ):
        get_keys(alice)

    assert (len(server.seen), identity.hits["token"]) == (1, 0)


def test_page_offers_to_sign_in_again_and_shows_no_token(visitor: Visitor, alice: Subject) -> None:
    SignIn.objects.update(encrypted_refresh_token="", verification=Verification.NONE)
    role = {"account_id": DEV, "role_name": "Developer"}
    id_token = decrypt(SignIn.objects.get().encrypted_id_token)

    with time_machine.travel(timezone.now() + timedelta(seconds=900), tick=True):
        refused = visitor.client.post("/keys", role)

    page = refused.content.decode()
    assert refused.status_code == 401
    assert "too old for this account" in page
    assert "/oidc/authenticate/?next=%2Fcontinue%3Fform" in page
    assert id_token not in page
    assert last().error_code == "signin.id_token_too_old"


# --- end to end: a provider over TLS, the sign-in, the door, an STS that verifies ---


@pytest.fixture
def provider_over_tls(
    _tls: tuple[Path, Path],
    identity: IdentityProvider,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[IdentityProvider]:
    """The provider at an https address, as AWS wants one."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(_tls[0]))
    with bind(create_app(identity), certificate=_tls) as running:
        running.start()
        identity.issuer = settings.OIDC_ISSUER = running.url
        meet_again()
        yield identity
    meet_again()


def onboard(aws: StrictAws, issuer: str, *, client_id: str = "gatehouse", sub: str) -> None:
    """Do what an AWS admin does for the role Developer: the provider of people, and a role that trusts a person."""
    name = issuer.removeprefix("https://")
    arn = aws.create_provider(DEV, issuer, [client_id])
    condition = {"StringEquals": {f"{name}:aud": client_id, f"{name}:sub": sub}}
    statement = allow(
        "sts:AssumeRoleWithWebIdentity", Principal={"Federated": arn}, Condition=condition
    )
    aws.create_role(DEV, "Developer", policy(statement), path="/gatehouse/", max_session=43200)


@pytest.mark.wire
def test_person_gets_keys_by_their_own_id_token_and_nobody_else_does(
    strict_aws: StrictAws, provider_over_tls: IdentityProvider, visitor: Visitor
) -> None:
    PermissionSet.objects.update(session_duration=43200)
    visitor.walk("alice")
    alice = signins.subject_of(SignIn.objects.select_related("person").get())
    issuer, codes = provider_over_tls.issuer, []
    with aws_environment(AWS_ENDPOINT_URL_STS=strict_aws.url, **NO_AWS_KEYS):
        for wrong in ({"sub": "sub-bob"}, {"sub": alice.sub, "client_id": "another"}):
            onboard(strict_aws, issuer, **wrong)
            with pytest.raises(AwsRefused) as refused:
                get_keys(alice)
            codes.append(refused.value.code)
        onboard(strict_aws, issuer, sub=alice.sub)
        issued = get_keys(alice)

    assert codes == ["aws.access_denied", "aws.token_audience"]
    assert issued.duration == 43200
    assert "/Developer/alice@northwind.example-" in issued.credentials.assumed_role_arn
