"""Groups from Microsoft Graph and Google's Directory API, of doubles that answer as documented over a real socket."""

from __future__ import annotations

import json
import logging
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.utils import timezone
from joserfc import jwt
from joserfc.jwk import RSAKey
from werkzeug.wrappers import Request, Response

from accounts import reverification
from accounts.models import SignIn
from accounts.oidc import group_sources
from accounts.oidc.errors import ProviderMisconfigured, ProviderUnavailable
from accounts.oidc.group_sources import asking, entra, google
from accounts.types import Origin, Surface
from demo.identity import IdentityProvider
from tests.identity import Visitor
from tests.publisher import Publisher

TENANT = "8c1f6a52-9d0b-4d3e-8f4a-2b7d6c5e4f30"
PERSON = "3f2504e0-4f89-41d3-9a0c-0305e82c3301"
TOKEN_PATH = f"/{TENANT}/oauth2/v2.0/token"
MEMBERSHIPS = f"/v1.0/users/{PERSON}/transitiveMemberOf/microsoft.graph.group"
TOO_MANY = {
    "tid": TENANT,
    "oid": PERSON,
    "roles": ["kept"],
    "_claim_names": {"groups": "src1"},
    "_claim_sources": {"src1": {"endpoint": "https://attacker.example/getMemberObjects"}},
}
KEY = RSAKey.generate_key(2048)


@pytest.fixture
def graph(publisher: Publisher, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Publisher:
    """Graph and its sign-in: two groups on two pages."""
    settings.GROUP_SOURCE = "entra"
    settings.OIDC_ISSUER = f"https://login.microsoftonline.com/{TENANT}/v2.0"
    monkeypatch.setitem(entra.CLOUDS, "global", (publisher.url, publisher.url))
    publisher.publish(TOKEN_PATH, {"token_type": "Bearer", "access_token": "graph-token"})

    def memberships(request: Request) -> Response:
        if request.headers["Authorization"] != "Bearer graph-token":
            return Response(status=401)
        if "$skiptoken" in request.args:
            return Response(json.dumps({"value": [{"id": "b"}]}))
        following = f"{publisher.url}{MEMBERSHIPS}?$skiptoken=2"
        return Response(json.dumps({"@odata.nextLink": following, "value": [{"id": "a"}]}))

    publisher.replies[MEMBERSHIPS] = memberships
    return publisher


@pytest.fixture
def workspace(publisher: Publisher, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Publisher:
    """Google's token endpoint and Directory API: two groups on two pages."""
    settings.GROUP_SOURCE = "google"
    settings.GOOGLE_ADMIN = "admin@example.com"
    private = KEY.as_pem(private=True).decode()
    account = {"client_email": "reader@project.iam.gserviceaccount.com", "private_key": private}
    settings.GOOGLE_SERVICE_ACCOUNT = json.dumps(account)
    monkeypatch.setattr(google, "TOKEN_ENDPOINT", f"{publisher.url}/token")
    monkeypatch.setattr(google, "DIRECTORY", f"{publisher.url}/groups")

    def token(request: Request) -> Response:
        said = jwt.decode(request.form["assertion"], KEY, algorithms=["RS256"]).claims
        wanted = ("reader@project.iam.gserviceaccount.com", "admin@example.com", google.SCOPE)
        if (said["iss"], said["sub"], said["scope"]) != wanted:
            return Response(status=401)
        return Response(json.dumps({"access_token": "google-token"}))

    def groups(request: Request) -> Response:
        if request.headers["Authorization"] != "Bearer google-token":
            return Response(status=401)
        if request.args.get("pageToken") == "2":
            return Response(json.dumps({"groups": [{"email": "platform@example.com"}]}))
        page = {"groups": [{"email": "payments@example.com"}], "nextPageToken": "2"}
        return Response(json.dumps(page))

    publisher.replies |= {"/token": token, "/groups": groups}
    return publisher


def test_graph_is_asked_for_all_pages_with_the_portals_own_token(graph: Publisher) -> None:
    found = group_sources.completed(TOO_MANY)

    assert (found["groups"], found["roles"]) == (["a", "b"], ["kept"])
    assert "_claim_names" not in found
    assert graph.hits == {TOKEN_PATH: 1, MEMBERSHIPS: 2}


def test_graph_is_not_asked_where_the_token_holds_all(graph: Publisher) -> None:
    complete = {"tid": TENANT, "oid": PERSON, "groups": ["a"]}

    assert group_sources.completed(complete) == complete
    assert not graph.hits


@pytest.mark.parametrize(
    "changes", [{"tid": PERSON}, {"tid": None}, {"oid": "../../groups"}, {"oid": ["a"]}]
)
def test_graph_is_not_asked_about_another_tenant_or_what_is_no_id(
    graph: Publisher, changes: dict[str, Any]
) -> None:
    with pytest.raises(ProviderMisconfigured):
        group_sources.completed({**TOO_MANY, **changes})
    assert not graph.hits


def test_what_else_was_left_out_stays_left_out(graph: Publisher) -> None:
    found = group_sources.completed({**TOO_MANY, "_claim_names": {"groups": "src1", "wids": "s"}})

    assert found["_claim_names"] == {"wids": "s"}


@pytest.mark.parametrize(
    "page",
    [
        {"value": [{"id": "a"}], "@odata.nextLink": "https://attacker.example/v1.0/x"},
        {"value": [{"id": "a"}], "@odata.nextLink": 7},
        {"value": [{"displayName": "a"}]},
        {"value": "a"},
        {},
    ],
)
def test_an_answer_that_is_not_whole_gives_no_groups(
    graph: Publisher, page: dict[str, Any]
) -> None:
    graph.publish(MEMBERSHIPS, page)

    with pytest.raises(ProviderUnavailable):
        group_sources.completed(TOO_MANY)


def test_the_token_of_graph_goes_to_no_other_host_that_a_page_names(
    graph: Publisher,
) -> None:
    # The same double by another name: it would answer.
    elsewhere = graph.url.replace("localhost", "127.0.0.1")
    assert elsewhere != graph.url
    link = f"{elsewhere}/v1.0/elsewhere"
    graph.publish(MEMBERSHIPS, {"value": [{"id": "a"}], "@odata.nextLink": link})
    graph.publish("/v1.0/elsewhere", {"value": [{"id": "b"}]})

    with pytest.raises(ProviderUnavailable):
        group_sources.completed(TOO_MANY)
    assert not graph.hits["/v1.0/elsewhere"]


def test_pages_without_end_are_given_up(graph: Publisher) -> None:
    graph.publish(MEMBERSHIPS, {"value": [], "@odata.nextLink": f"{graph.url}{MEMBERSHIPS}"})

    with pytest.raises(ProviderUnavailable):
        group_sources.completed(TOO_MANY)
    assert graph.hits[MEMBERSHIPS] == asking.MOST_PAGES


@pytest.mark.parametrize("path", [TOKEN_PATH, MEMBERSHIPS])
@pytest.mark.parametrize(
    ("status", "error"),
    [
        (401, ProviderMisconfigured),
        (404, ProviderMisconfigured),
        (429, ProviderUnavailable),
        (500, ProviderUnavailable),
    ],
)
def test_a_refusal_or_an_outage_gives_no_groups_and_says_no_secret(
    graph: Publisher,
    settings: Any,
    caplog: pytest.LogCaptureFixture,
    path: str,
    status: int,
    error: type[Exception],
) -> None:
    caplog.set_level(logging.DEBUG)
    secret = settings.OIDC_RP_CLIENT_SECRET
    graph.publish(path, {"error_description": f"{secret} graph-token"}, status=status)

    with pytest.raises(error) as refused:
        group_sources.completed(TOO_MANY)
    said = f"{refused.value!r} {vars(refused.value)} {caplog.text}"
    assert secret not in said
    assert "graph-token" not in said


def test_a_token_endpoint_without_a_token_gives_no_groups(graph: Publisher) -> None:
    graph.publish(TOKEN_PATH, {"token_type": "Bearer"})

    with pytest.raises(ProviderUnavailable):
        group_sources.completed(TOO_MANY)


def test_google_is_asked_for_all_pages_as_the_delegated_admin(workspace: Publisher) -> None:
    found = group_sources.completed({"sub": "1122", "hd": "example.com"})

    assert found["groups"] == ["payments@example.com", "platform@example.com"]
    asked = [dict(one.args) for one in workspace.requests if one.path == "/groups"]
    assert [one["userKey"] for one in asked] == ["1122", "1122"]


def test_google_is_not_asked_about_somebody_of_no_workspace(workspace: Publisher) -> None:
    assert group_sources.completed({"sub": "1122"}) == {"sub": "1122"}
    assert not workspace.hits


def test_somebody_without_groups_has_none(workspace: Publisher) -> None:
    workspace.publish("/groups", {"kind": "admin#directory#groups"})

    assert group_sources.completed({"sub": "1122", "hd": "example.com"})["groups"] == []


def test_a_page_of_google_that_names_no_next_one_gives_no_groups(workspace: Publisher) -> None:
    workspace.publish("/groups", {"groups": [], "nextPageToken": 2})

    with pytest.raises(ProviderUnavailable):
        group_sources.completed({"sub": "1122", "hd": "example.com"})


@pytest.mark.parametrize("account", ["", "{}", "[]", '{"client_email": "a", "private_key": "-x-"}'])
def test_a_key_that_is_none_is_refused_and_not_said(
    workspace: Publisher, settings: Any, account: str
) -> None:
    settings.GOOGLE_SERVICE_ACCOUNT = account

    with pytest.raises(ProviderMisconfigured) as refused:
        group_sources.completed({"sub": "1122", "hd": "example.com"})
    assert "-x-" not in f"{refused.value.message} {refused.value.admin_message}"


@pytest.mark.usefixtures("northwind")
def test_groups_come_at_sign_in_and_when_claims_are_verified_again(
    visitor: Visitor, identity: IdentityProvider, workspace: Publisher, settings: Any
) -> None:
    settings.REVERIFY = "refresh"
    listed = workspace.replies["/groups"]
    with identity.misbehaving(claims={"groups": None, "hd": "example.com"}):
        workspace.publish("/groups", {}, status=500)
        assert visitor.walk().status_code == 503
        assert not SignIn.objects.exists()

        workspace.replies["/groups"] = listed
        assert visitor.walk().status_code == 302
        sign_in = SignIn.objects.get()
        assert sign_in.claims["groups"] == ["payments@example.com", "platform@example.com"]

        workspace.publish("/groups", {"groups": [{"email": "left@example.com"}]})
        again = verified(sign_in, minutes=0)
        assert again.claims["groups"] == ["payments@example.com", "platform@example.com"]
        again = verified(sign_in, minutes=6)
        assert again.claims["groups"] == ["left@example.com"]

        workspace.publish("/groups", {}, status=500)
        with pytest.raises(ProviderUnavailable):
            verified(sign_in, minutes=12)


def verified(sign_in: SignIn, *, minutes: int) -> SignIn:
    with time_machine.travel(timezone.now() + timedelta(minutes=minutes), tick=True):
        return reverification.open_and_verified(
            sign_in_id=sign_in.pk, origin=Origin(surface=Surface.PAGES), now=timezone.now()
        )
