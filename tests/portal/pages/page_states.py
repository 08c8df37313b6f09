"""Every page, in every state it can be in: empty, refused, issued, with something unfolded.

test_accessibility.py visits each of them once.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from django.conf import settings as django_settings
from django.core.management import call_command
from django.db import OperationalError
from django.test import Client, RequestFactory
from django.utils import timezone
from playwright.sync_api import Page
from pytest_django import Settings

from accounts import audit, favourites
from accounts.aws.cloudtrail import RecordedEvent
from accounts.key_uses import KeyUses, RegionUses
from accounts.models import Account, AuditEvent, Mapping, SignIn, Token
from accounts.models.audit import Action
from accounts.portal_tokens import lifecycle
from accounts.types import Kind, RoleRef, Scope
from portal import kept_forms
from tests import cast
from tests.browsers import follow
from tests.sso.conftest import Program

KEY = "ASIAIOSFODNN7EXAMPLE"
ROLE = "account_id=210987654321&role_name=Developer"
SEVERAL = (
    "role=210987654321/Developer&role=210987654321/ReadOnly&role=123456789012/ReadOnly"
    "&role=123456789012/Nobody"
)
USED = [
    ("123456789112", "Deployment"),
    ("345678901334", "Operator"),
    ("567890123556", "Developer"),
    ("012345678901", "Developer"),
]
GROUPS = ["everyone", "payments", "platform", "aws-567890123556-Developer"]


# Nobody without a script can bring these about, or only a script does.
NEED_A_SCRIPT = {
    "several-denied",
    "several-found",
    "keys-profile",
    "keys-process",
    "keys-not-copied",
    "start-copied",
}


@pytest.fixture
def company(db: None, settings: Settings) -> None:
    """The demo's company: enough to fill a page."""
    settings.PORTAL_NAME = "Northwind AWS access"
    settings.SUPPORT_CONTACT = "cloud@northwind.example"
    settings.API_CLIENT_ID = "gatehouse-cli"
    call_command("apply", str(Path(django_settings.BASE_DIR) / "demo" / "northwind.toml"))


def alice() -> Client:
    return cast.signed_in(cast.subject("alice", groups=GROUPS))


def alice_at_home() -> Client:
    """Alice after a while: with favourites, and with roles she used."""
    client = alice()
    person = SignIn.objects.select_related("person").latest("pk").person
    now = timezone.now()
    for account_id, role_name in (("210987654321", "Developer"), ("123456789012", "ReadOnly")):
        favourites.star(person=person, role=RoleRef(account_id, role_name))
    for hours, (account_id, role_name) in enumerate(USED):
        favourites.remember_use(
            person=person,
            account_id=account_id,
            role_name=role_name,
            duration=None,
            now=now - timedelta(hours=hours),
        )
    return client


def odd() -> Client:
    """Somebody whose accounts have names that only a machine, or somebody hostile, would give."""
    what = cast.permission_set("A" * 32, privileged=True, description="d" * 200)
    for number, name in enumerate(
        ("x" * 128, "مدفوعات الإنتاج", "<b>&amp;</b> 🚀", "\u202eexe.dorp")
    ):
        where = cast.account(
            name,
            f"{number:012}",
            environment=("e" * 32, "")[number % 2],
            organizational_unit=("u" * 128, "Workloads")[number % 2],
            tags={"t" * 64: "v" * 128},
        )
        cast.offer(where, what)
        cast.mapping("odd", what, where, name=f"{number}")
    return cast.signed_in(cast.subject("alice", groups=["odd"]))


def mallory() -> Client:
    return cast.signed_in("mallory")


def carol() -> Client:
    Mapping.objects.all().delete()
    return cast.signed_in("carol")


def token_owner() -> Client:
    """A portal admin with tokens of their own and of machines: long names, used, revoked."""
    client = cast.signed_in(cast.subject("carol", groups=["portal-admins", *GROUPS]))
    sign_in = SignIn.objects.select_related("person").latest("started_at")
    now = timezone.now()

    def create(purpose: str, machine: str | None = None, **scope: Any) -> Token:
        return lifecycle.create(
            sign_in=sign_in,
            purpose=purpose,
            scope=Scope(**scope),
            lifetime=timedelta(days=30),
            machine=machine,
            origin=cast.ORIGIN,
            now=now,
        ).token

    create("The report of every night", account_ids=frozenset({"210987654321"}))
    create("p" * 128)
    old = create("old")
    lifecycle.revoke(token_id=old.id, sign_in=sign_in, origin=cast.ORIGIN, now=now)
    create("deploys", "m" * 63, audit=True)
    used = create("reports", "nightly-report", permission_sets=frozenset({"ReadOnly"}))
    Token.objects.filter(pk=used.pk).update(last_used_at=now, last_used_ip="192.0.2.99")
    return client


def signed_in_often() -> Client:
    """Somebody signed in at several places, with command lines, tokens, and sessions at AWS."""
    client = alice()
    here = SignIn.objects.latest("started_at")
    now = timezone.now()
    for agent in ("Mozilla/5.0 (iPhone) CriOS/142.0 Safari/604.1", "u" * 512):
        SignIn.objects.filter(pk=cast.sign_in(cast.subject("alice", groups=GROUPS)).pk).update(
            user_agent=agent, ip="2001:db8:1234:5678:9abc:def0:1234:5678"
        )
    for _ in range(2):
        program = Program()
        token = program.login(client, clientName="c" * 60)["accessToken"]
    program.get("/assignment/accounts", token)
    for purpose in ("The report of every night", "p" * 128):
        lifecycle.create(
            sign_in=here,
            purpose=purpose,
            scope=Scope(kinds=frozenset({Kind.KEYS})),
            lifetime=timedelta(days=30),
            origin=cast.ORIGIN,
            now=now,
        )
    for action in (Action.KEYS_ISSUED, Action.CONSOLE_ISSUED):
        audit.record(
            action=action,
            now=now,
            origin=cast.ORIGIN,
            subject=cast.subject("alice"),
            account_id="210987654321",
            role_name="Developer",
            duration=3600,
            access_key_id="ASIAEXAMPLEEXAMPLE00",
        )
    return client


def carol_with_a_trail() -> Client:
    """An auditor, and keys that somebody had by a command line."""
    client = cast.signed_in("carol")
    now, person = timezone.now(), cast.subject("alice")
    sign_in = str(cast.sign_in(person).pk)
    allowed = {
        "object": "command line botocore-client-gatehouse",
        "approval": "5f0d2c1e-6f43-4f4e-8a52-0a4f3f6f4d11",
        "requested_from": "2001:db8:1234:5678:9abc:def0:1234:5678",
    }
    audit.record(
        action=Action.CLI_ALLOWED, now=now, origin=cast.ORIGIN, subject=person, detail=allowed
    )
    audit.record(
        action=Action.KEYS_ISSUED,
        now=now,
        origin=cast.ORIGIN,
        subject=person,
        account_id="210987654321",
        role_name="Developer",
        duration=3600,
        reason="Developers of payments: groups = payments",
        access_key_id=KEY,
        session_name="alice-northwind.example-sduxc4bviyml",
        detail={"sign_in": sign_in, "approval": allowed["approval"]},
    )
    return client


def overflowing() -> Client:
    return cast.signed_in(cast.subject("alice", groups=[], hasgroups=True))


def in_many_groups() -> Client:
    return cast.signed_in(cast.subject("mallory", groups=[f"/teams/{n:03}" for n in range(90)]))


def nobody() -> Client:
    return Client()


def open_path(path: str) -> Callable[[Page, str], None]:
    def go(page: Page, portal: str) -> None:
        page.goto(portal + path)

    return go


def copy_first_favourite(page: Page, portal: str) -> None:
    """Copy keys from a tile of the start page."""
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto(portal)
    page.locator(".copy-keys").first.click()
    page.locator("#keys-copied .life").wait_for()


def open_switching(path: str) -> Callable[[Page, str], None]:
    """Open a page where the payments accounts give no keys, as people switch to their roles."""

    def go(page: Page, portal: str) -> None:
        Account.objects.filter(name__startswith="payments").update(trust_method="switch-role")
        page.goto(portal + path)

    return go


def get_keys(page: Page, portal: str) -> None:
    page.goto(f"{portal}/keys?{ROLE}")
    follow(page.get_by_role("button", name="Get keys"))


def get_read_only(page: Page, portal: str) -> None:
    page.goto(f"{portal}/keys?{ROLE}&read_only=1")
    follow(page.get_by_role("button", name="Get keys"))


def copy_nothing(page: Page, portal: str) -> None:
    """Copy in a browser that does not allow it."""
    page.add_init_script("navigator.clipboard.writeText = () => Promise.reject(new Error('no'))")
    get_keys(page, portal)
    page.get_by_role("button", name="Copy").click()
    page.get_by_text("did not allow copying").wait_for()


def get_values(page: Page, portal: str) -> None:
    get_keys(page, portal)
    page.get_by_label("Values", exact=True).check()
    page.get_by_label("Show secrets").check()


def get_profile(page: Page, portal: str) -> None:
    get_keys(page, portal)
    page.get_by_label("Profile", exact=True).check()
    page.get_by_role("textbox", name="Profile name").fill("payments dev")


def get_process(page: Page, portal: str) -> None:
    get_keys(page, portal)
    page.get_by_label("credential_process", exact=True).check()
    page.get_by_role("textbox", name="Profile name").fill("payments dev")


def get_format(label: str) -> Callable[[Page, str], None]:
    def go(page: Page, portal: str) -> None:
        get_keys(page, portal)
        page.get_by_label(label, exact=True).check()

    return go


def fail_to_sign_in(page: Page, portal: str) -> None:
    page.goto(f"{portal}/oidc/callback/?error=access_denied&state=unknown")


def send_an_old_form(page: Page, portal: str) -> None:
    page.goto(f"{portal}/keys?{ROLE}")
    page.context.clear_cookies(name=django_settings.CSRF_COOKIE_NAME)
    follow(page.get_by_role("button", name="Get keys"))


def fail_with(error: Exception) -> Callable[[Page, str], None]:
    def go(page: Page, portal: str) -> None:
        with mock.patch("accounts.audit.search", side_effect=error):
            page.goto(f"{portal}/activity")

    return go


def find_several(page: Page, portal: str) -> None:
    page.goto(f"{portal}/several?role=210987654321/Developer")
    page.get_by_role("searchbox").fill("prod team=pay")
    page.locator(".picks mark").first.wait_for()


def get_several(page: Page, portal: str) -> None:
    page.goto(f"{portal}/keys?{SEVERAL}")
    follow(page.get_by_role("button", name="Get keys"))


def get_several_denied(page: Page, portal: str) -> None:
    page.goto(f"{portal}/keys?{SEVERAL}")
    page.evaluate("document.querySelector('.picks input').value = '123456789012/Nobody'")
    follow(page.get_by_role("button", name="Get keys"))


def open_elsewhere(page: Page, portal: str) -> None:
    page.goto(f"{portal}/console?{ROLE}")
    page.get_by_text("Choose a region or a page").click()


def open_api_docs(page: Page, portal: str) -> None:
    page.goto(f"{portal}/api/docs")
    # By script, so that a page of many operations is opened at once.
    page.evaluate("document.querySelectorAll('details').forEach(each => { each.open = true })")


def save_preferences(page: Page, portal: str) -> None:
    page.goto(f"{portal}/preferences")
    page.get_by_label("Sign out of the AWS console first").check()
    follow(page.get_by_role("button", name="Save"))


def open_tokens(path: str) -> Callable[[Page, str], None]:
    def go(page: Page, portal: str) -> None:
        page.goto(portal + path)
        for details in page.locator("details > summary").all():
            details.click()

    return go


def end_one(page: Page, portal: str) -> None:
    page.goto(f"{portal}/sessions")
    page.locator(".sign-ins summary").last.click()
    follow(page.get_by_role("button", name="End sign-in"))


def end_all(page: Page, portal: str) -> None:
    # Each time with a sign-in of its own, as it ends with the page.
    name = django_settings.SESSION_COOKIE_NAME
    key = signed_in_often().cookies[name].value
    page.context.add_cookies([{"name": name, "value": key, "url": portal}])
    page.goto(f"{portal}/sessions")
    page.get_by_text("End all", exact=True).click()
    follow(page.get_by_role("button", name="End all and sign out here"))


def create_no_token(page: Page, portal: str) -> None:
    page.goto(f"{portal}/tokens")
    page.get_by_label("What it is for").fill("nightly report")
    follow(page.get_by_role("button", name="Create token"))


def create_token(page: Page, portal: str) -> None:
    page.goto(f"{portal}/tokens")
    page.get_by_label("What it is for").fill("nightly report")
    page.get_by_label("get keys").check()
    page.get_by_label("every role I have").check()
    follow(page.get_by_role("button", name="Create token"))


def be_active(page: Page, portal: str) -> None:
    get_keys(page, portal)
    page.goto(f"{portal}/activity")


def trace(page: Page, portal: str) -> None:
    page.goto(f"{portal}/audit/trace")
    page.get_by_label("Event of CloudTrail, or access key id").fill(KEY)
    follow(page.get_by_role("button", name="Find"))


def carol_after_alice() -> Client:
    """A portal admin, after alice has signed in and used a role."""
    alice_at_home()
    return cast.signed_in("carol")


EXPLAINED = "account_id=123456789012&role_name=Administrator"


def paste_claims(text: str) -> Callable[[Page, str], None]:
    def go(page: Page, portal: str) -> None:
        page.goto(f"{portal}/explain")
        page.get_by_text("Paste claims instead").click()
        page.get_by_label("Claims").fill(text)
        follow(page.get_by_role("button", name="Explain these claims"))

    return go


def ask_cloudtrail(page: Page, portal: str) -> None:
    uses = KeyUses(
        AuditEvent.objects.get(access_key_id=KEY),
        (
            RegionUses(
                "eu-west-1",
                (_use("ListBuckets"), _use("RunInstances", "Client.UnauthorizedOperation")),
                more=True,
            ),
            RegionUses(
                "us-east-1",
                error="The portal may not read CloudTrail here. Contact your portal admins.",
            ),
        ),
    )
    with (
        mock.patch.object(django_settings, "CLOUDTRAIL_PERMISSION_SET", "TrailReader"),
        mock.patch("accounts.key_uses.look_up", return_value=uses),
    ):
        trace(page, portal)
        follow(page.get_by_role("button", name="Ask CloudTrail what was done"))


def _use(name: str, error_code: str = "") -> RecordedEvent:
    return RecordedEvent(
        at=timezone.now(),
        event_id="8d1c7f2e-5d0b-4b55-9f0d-0c2b4e6a9f10",
        name=name,
        service="ec2.amazonaws.com",
        region="eu-west-1",
        ip="203.0.113.7",
        user_agent="aws-cli/2.38.1 md/awscrt#1.0.0 ua/2.1 os/linux#6.1.0 md/arch#x86_64 lang/python#3.13.9",
        error_code=error_code,
        session_arn="",
        resources=("arn:aws:ec2:eu-west-1:210987654321:instance/i-0123456789abcdef0",),
    )


def come_back_to_a_form(page: Page, portal: str) -> None:
    sent = RequestFactory().post(f"/keys?{ROLE}", {"duration": "3600"})
    sent.sign_in = SignIn.objects.select_related("person").latest("started_at")  # type: ignore[attr-defined]
    page.goto(portal + kept_forms.keep(sent))


def be_asked(page: Page, portal: str) -> None:
    """Come as `aws sso login` sends people."""
    page.goto(portal + Program.registered().address())


def be_asked_late(page: Page, portal: str) -> None:
    now, half_an_hour = timezone.now(), timedelta(minutes=30)
    SignIn.objects.update(
        started_at=now - half_an_hour, expires_at=now + half_an_hour - timedelta(minutes=1)
    )
    be_asked(page, portal)


def type_code(page: Page, portal: str) -> None:
    page.goto(f"{portal}/device?user_code={Program().begin()['userCode']}")
    follow(page.get_by_role("button", name="Continue"))


def type_no_code(page: Page, portal: str) -> None:
    page.goto(f"{portal}/device")
    page.get_by_label("Code").fill("BCDF-GHJK")
    follow(page.get_by_role("button", name="Continue"))


def answer_code(button: str) -> Callable[[Page, str], None]:
    def go(page: Page, portal: str) -> None:
        type_code(page, portal)
        follow(page.get_by_role("button", name=button))

    return go


STATES: dict[str, tuple[Callable[[], Client], Callable[[Page, str], None]]] = {
    "welcome": (nobody, open_path("/")),
    "start": (alice, open_path("/")),
    "start-at-home": (alice_at_home, open_path("/")),
    "start-copied": (alice_at_home, copy_first_favourite),
    "found": (alice, open_path("/?q=payments+dev")),
    "found-nothing": (alice, open_path("/?q=nowhere")),
    "odd-names": (odd, open_path("/")),
    "odd-names-found": (odd, open_path("/?q=v")),
    "keys-read-only": (alice, get_read_only),
    "odd-names-keys": (odd, open_path(f"/keys?account_id=000000000003&role_name={'A' * 32}")),
    "odd-names-console": (odd, open_path("/console?account_id=000000000000")),
    "odd-names-several": (odd, open_path("/several")),
    "empty": (mallory, open_path("/")),
    "empty-in-many-groups": (in_many_groups, open_path("/")),
    "keys": (alice, open_path(f"/keys?{ROLE}")),
    "keys-issued": (alice, get_keys),
    "keys-not-copied": (alice, copy_nothing),
    "keys-privileged": (
        alice,
        open_path("/keys?account_id=345678901334&role_name=Operator"),
    ),
    "keys-values": (alice, get_values),
    "keys-profile": (alice, get_profile),
    "keys-process": (alice, get_process),
    "keys-sso": (alice, get_format("aws sso login")),
    "keys-configure": (alice, get_format("aws configure")),
    "keys-json": (alice, get_format("JSON")),
    "several": (alice, open_path("/several")),
    "several-empty": (mallory, open_path("/several")),
    "several-found": (alice, find_several),
    "several-ticked": (alice, open_path(f"/several?q=dev&{SEVERAL}")),
    "several-too-many": (
        alice,
        open_path(f"/keys?{SEVERAL}&" + "&".join(f"role=x/{n}" for n in range(9))),
    ),
    "several-ask": (alice, open_path(f"/keys?{SEVERAL}")),
    "several-issued": (alice, get_several),
    "several-denied": (alice, get_several_denied),
    "console": (alice, open_path(f"/console?{ROLE}")),
    "console-switching": (alice, open_switching(f"/console?{ROLE}&region=eu-west-1")),
    "console-choose-switching": (alice, open_switching("/console?account_id=210987654321")),
    "start-switching": (alice, open_switching("/")),
    "keys-switching": (alice, open_switching(f"/keys?{ROLE}")),
    "console-choose": (alice, open_path("/console?account_id=210987654321")),
    "console-denied": (
        alice,
        open_path("/console?account_id=123456789012&role_name=Administrator"),
    ),
    "console-unknown": (alice, open_path("/console?account_id=999999999999")),
    "console-elsewhere": (alice, open_elsewhere),
    "shortcuts": (alice, open_path("/shortcuts")),
    "shortcut-made": (
        alice,
        open_path(
            "/shortcuts?account=210987654321&role_name=Developer&region=eu-north-1&destination="
            "https://eu-west-1.console.aws.amazon.com/cloudwatch/home?region=eu-west-1%23logsV2:log-groups"
        ),
    ),
    "shortcut-refused": (alice, open_path("/shortcuts?account=payments")),
    "shortcuts-empty": (mallory, open_path("/shortcuts")),
    "cli": (alice, open_path("/cli")),
    "cli-process": (alice, open_path("/cli?kind=process&q=payments")),
    "cli-nothing": (alice, open_path("/cli?q=nowhere")),
    "cli-empty": (mallory, open_path("/cli")),
    "odd-names-cli": (odd, open_path("/cli?default=1")),
    "preferences": (alice, open_path("/preferences")),
    "preferences-saved": (alice, save_preferences),
    "tokens": (token_owner, open_tokens("/tokens")),
    "tokens-empty": (alice, open_path("/tokens")),
    "token-created": (alice, create_token),
    "token-refused": (alice, create_no_token),
    "sessions": (signed_in_often, open_tokens("/sessions")),
    "sessions-one": (alice, open_path("/sessions")),
    "sessions-ended": (signed_in_often, end_one),
    "signed-out": (nobody, end_all),
    "authorize": (alice, be_asked),
    "authorize-late": (alice, be_asked_late),
    "authorize-refused": (alice, open_path("/authorize?client_id=x")),
    "device": (alice, open_path("/device?user_code=BCDF-GHJK")),
    "device-refused": (alice, type_no_code),
    "device-asked": (alice, type_code),
    "device-allowed": (alice, answer_code("Allow")),
    "device-denied": (alice, answer_code("Deny")),
    "favourites": (alice, open_path(f"/favourites?{ROLE}")),
    "api_docs": (alice, open_api_docs),
    "machine_tokens": (token_owner, open_tokens("/tokens/machines")),
    "truncated": (overflowing, open_path("/")),
    "nothing-set-up": (carol, open_path("/")),
    "activity": (alice, be_active),
    "audit": (carol, open_path("/audit")),
    "explain": (carol_after_alice, open_path("/explain?person=alice")),
    "explain-role": (carol_after_alice, open_path(f"/explain?person=alice&{EXPLAINED}")),
    "explain-nobody": (carol, open_path("/explain?person=zoe")),
    "explain-pasted": (carol_after_alice, paste_claims('{"groups": ["Payments"]}')),
    "explain-no-claims": (carol, paste_claims("payments")),
    "explain_who": (carol_after_alice, open_path("/explain/who?environment=production")),
    "audit_trace": (carol, open_path("/audit/trace")),
    "audit_trace-found": (carol_with_a_trail, trace),
    "audit_trace-cloudtrail": (carol_with_a_trail, ask_cloudtrail),
    "continue": (alice, come_back_to_a_form),
    "signin-failed": (nobody, fail_to_sign_in),
    "form-too-old": (alice, send_an_old_form),
    "broke": (alice, fail_with(RuntimeError("a defect"))),
    "database-down": (alice, fail_with(OperationalError("gone"))),
    "denied": (alice, open_path("/keys?account_id=123456789012&role_name=Administrator")),
    "not-found": (alice, open_path("/nowhere")),
}
