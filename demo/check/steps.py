"""The steps of the check; each failure says what was expected and what happened."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import urlencode

import boto3
from django.utils import timezone

from accounts.entitlements import resolve
from accounts.models import AuditEvent, SignIn
from accounts.models.audit import Action
from accounts.signins import subject_of
from accounts.types import Credentials
from demo.check.browser import Browser, Form, Page
from demo.identity.users import User, load_users
from demo.launcher.folder import PEOPLE
from demo.launcher.network import Ports

# The role that alice uses, and the console page she opens.
ACCOUNT, ROLE = "210987654321", "Developer"
DESTINATION = "https://eu-west-1.console.aws.amazon.com/s3/home?region=eu-west-1"


class StepFailed(Exception):
    """A step did not go as expected."""


class Steps:
    """What alice and mallory do at a running demo."""

    def __init__(self, ports: Ports) -> None:
        self.ports = ports
        self.people = {person.username: person for person in load_users(PEOPLE)}
        self.began = timezone.now()

    def take(self) -> Iterator[str]:
        """Take all steps, and yield a description of each that succeeds.

        Raises:
            StepFailed: a step did not go as expected.
        """
        with Browser() as browser:
            yield from self._alice(browser)
        with Browser() as browser:
            yield from self._mallory(browser)

    def _alice(self, browser: Browser) -> Iterator[str]:
        alice = self.people["alice"]
        page = self._sign_in(browser, alice)
        yield f"alice signs in at {self.ports.identity_url}, and that is recorded"
        yield f"her page lists {self._lists_everything(page, alice)}, and nothing else"
        keys, session_name = self._take_keys(browser, alice)
        yield f"she takes keys for {ROLE} in {ACCOUNT}, and that is recorded"
        arn = self._who_has(keys, session_name)
        yield f"sts:GetCallerIdentity with them returns {arn}"
        self._open_console(browser, alice, arn)
        yield f"the console opens as the same, at {DESTINATION}, and that is recorded"
        self._sign_out(browser, alice)
        yield "she signs out, here and at the identity provider, and that is recorded"

    def _mallory(self, browser: Browser) -> Iterator[str]:
        mallory = self.people["mallory"]
        page = self._sign_in(browser, mallory)
        _expect(not page.offered("/keys"), "mallory's page offers keys")
        _expect(not page.offered("/console"), "mallory's page opens consoles")
        yield "mallory signs in, and her page has no account"
        for path, action in (
            ("/keys", Action.KEYS_DENIED),
            ("/console", Action.CONSOLE_DENIED),
        ):
            # She forges the request; only the CSRF token is from one of her own forms.
            token = page.form("/oidc/logout/").fields["csrfmiddlewaretoken"]
            form = Form(f"{self.ports.portal_url}{path}", "POST", {"csrfmiddlewaretoken": token})
            status, location = browser.send_and_stop(form, account_id=ACCOUNT, role_name=ROLE)
            _expect(status == 403 and not location, f"POST {path} answered mallory with {status}")
            self._recorded(mallory, action, account_id=ACCOUNT, access_key_id="")
            yield f"she asks at {path} all the same: refused with 403, and that is recorded"

    def _sign_in(self, browser: Browser, person: User) -> Page:
        page = browser.get(f"{self.ports.portal_url}/oidc/authenticate/?next=/")
        _expect(
            page.url.startswith(self.ports.identity_url),
            f"sign-in leads to {_without_query(page.url)} ({page.status})",
        )
        page = browser.send(page.form("/authorize"), username=person.username)
        _expect(
            page.status == 200 and page.url == f"{self.ports.portal_url}/",
            f"sign-in ends at {_without_query(page.url)} ({page.status}): {_excerpt(page)}",
        )
        _expect(person.email in page.text, f"the page does not say {person.email}")
        self._recorded(person, Action.SIGNIN_COMPLETED)
        return page

    def _lists_everything(self, page: Page, person: User) -> str:
        """Compare the page with what the portal decides from the claims of the sign-in."""
        sign_in = SignIn.objects.filter(
            person__sub=person.sub, person__issuer=self.ports.identity_url
        ).latest("started_at")
        granted = resolve(subject=subject_of(sign_in), now=timezone.now()).granted
        keys = {(e.role.account_id, e.role.role_name) for e in granted if e.keys}
        console = {(e.role.account_id, e.role.role_name) for e in granted if e.console}
        _expect((ACCOUNT, ROLE) in keys & console, f"{ROLE} in {ACCOUNT} is not alice's")
        _same("keys", page.offered("/keys"), keys)
        _same("the console", page.offered("/console"), console)
        for entitlement in granted:
            name = entitlement.role.account_name
            _expect(name in page.text, f"the page does not name {name}")
        accounts = len({entitlement.role.account_id for entitlement in granted})
        return f"{len(granted)} roles in {accounts} accounts"

    def _take_keys(self, browser: Browser, person: User) -> tuple[Credentials, str]:
        query = urlencode({"account_id": ACCOUNT, "role_name": ROLE})
        ask = browser.get(f"{self.ports.portal_url}/keys?{query}")
        _expect(not _variable(ask, "AWS_SECRET_ACCESS_KEY"), "a GET of /keys shows keys")
        page = browser.send(ask.form("/keys"))
        keys = Credentials(
            access_key_id=_variable(page, "AWS_ACCESS_KEY_ID"),
            secret_access_key=_variable(page, "AWS_SECRET_ACCESS_KEY"),
            session_token=_variable(page, "AWS_SESSION_TOKEN"),
            expires_at=timezone.now(),
        )
        _expect(
            bool(keys.access_key_id and keys.secret_access_key and keys.session_token),
            f"POST /keys answers {page.status} and no keys",
        )
        row = self._recorded(
            person,
            Action.KEYS_ISSUED,
            account_id=ACCOUNT,
            role_name=ROLE,
            access_key_id=keys.access_key_id,
        )
        return keys, row.session_name

    def _who_has(self, keys: Credentials, session_name: str) -> str:
        client = boto3.session.Session().client(
            "sts",
            region_name="eu-west-1",
            endpoint_url=self.ports.cloud_url,
            aws_access_key_id=keys.access_key_id,
            aws_secret_access_key=keys.secret_access_key,
            aws_session_token=keys.session_token,
        )
        caller = client.get_caller_identity()
        arn = f"arn:aws:sts::{ACCOUNT}:assumed-role/{ROLE}/{session_name}"
        _expect(bool(session_name), "the audit row has no session name")
        _expect(caller["Arn"] == arn, f"the keys are {caller['Arn']}'s, not {arn}'s")
        return arn

    def _open_console(self, browser: Browser, person: User, arn: str) -> None:
        query = urlencode({"account_id": ACCOUNT, "role_name": ROLE, "destination": DESTINATION})
        ask = browser.get(f"{self.ports.portal_url}/console?{query}")
        status, location = browser.send_and_stop(ask.form("/console"))
        _expect(status == 303, f"POST /console answers {status}, not 303")
        self._recorded(person, Action.CONSOLE_ISSUED, account_id=ACCOUNT, role_name=ROLE)
        page = browser.get(location)
        _expect(page.status == 200, f"the console answers {page.status}: {_excerpt(page)}")
        shown = {part: page.by_id.get(part) for part in ("arn", "account", "destination")}
        wanted = {"arn": arn, "account": ACCOUNT, "destination": DESTINATION}
        _expect(shown == wanted, f"the console shows {shown}, not {wanted}")
        with Browser() as other:
            _expect(other.get(location).status == 400, "a console link works twice")

    def _sign_out(self, browser: Browser, person: User) -> None:
        form = browser.get(f"{self.ports.portal_url}/").form("/oidc/logout/")
        browser.send(form)
        self._recorded(person, Action.SIGNIN_ENDED)
        page = browser.get(f"{self.ports.portal_url}/")
        _expect(person.email not in page.text, "the portal still knows who it is")
        page = browser.get(f"{self.ports.portal_url}/oidc/authenticate/")
        _expect(page.url.startswith(self.ports.identity_url), "the provider still knows who it is")

    def _recorded(self, person: User, action: Action, **columns: str) -> AuditEvent:
        """Return the newest audit row of this kind since the check began."""
        row = (
            AuditEvent.objects.filter(
                issuer=self.ports.identity_url,
                sub=person.sub,
                action=action,
                at__gte=self.began,
                **columns,
            )
            .order_by("-at")
            .first()
        )
        if row is None:
            raise StepFailed(f"no audit row “{action.label}” for {person.username} {columns or ''}")
        return row


def _expect(condition: bool, failure: str) -> None:
    if not condition:
        raise StepFailed(failure)


def _same(what: str, offered: set[tuple[str, str]], expected: set[tuple[str, str]]) -> None:
    _expect(not expected - offered, f"{what} not offered: {sorted(expected - offered)}")
    _expect(not offered - expected, f"{what} offered, but not given: {sorted(offered - expected)}")


def _variable(page: Page, name: str) -> str:
    """Return the value of an environment variable on the keys page."""
    match = re.search(rf'export {name}="([^"\n]+)"', page.text)
    return match[1] if match else ""


def _without_query(url: str) -> str:
    return url.partition("?")[0]


def _excerpt(page: Page) -> str:
    return " ".join(page.text.split())[:300]
