"""The steps of the check; each failure says what was expected and what happened."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

import boto3
from django.utils import timezone

from accounts.entitlements import resolve
from accounts.models import AuditEvent, SignIn
from accounts.models.audit import Action
from accounts.signins import subject_of
from accounts.types import Credentials
from demo.check.browser import Browser, Form, Page
from demo.check.command_line import Machine, aws_cli_2
from demo.check.other_trust import other_trust
from demo.identity.users import User, load_users
from demo.launcher.first_minute import FirstMinute
from demo.launcher.folder import FOLDER, PEOPLE
from demo.launcher.network import Ports

# The role that alice uses, and the console page she opens.
ACCOUNT, ROLE = "210987654321", "Developer"
# Where keys are obtained with the portal's own tokens, with ID tokens, and where people switch to a role by
# themselves.
BY_PORTAL, BY_PROVIDER = "345678901434", "567890123556"
SWITCHED_TO, SWITCHED_ROLE = "456789012445", "ReadOnly"
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
            yield from self._alice_at_a_terminal(browser)
        with Browser() as browser:
            yield from self._bob(browser)
        with Browser() as browser:
            yield from self._mallory(browser)

    def _alice(self, browser: Browser) -> Iterator[str]:
        alice = self.people["alice"]
        page = self._sign_in(browser, alice)
        yield f"alice signs in at {self.ports.identity_url}, and that is recorded"
        yield f"her page lists {self._lists_everything(page, alice)}, and nothing else"
        for account_id, wrong in (
            (ACCOUNT, "another external id"),
            (BY_PORTAL, "tokens of the portal for another role"),
            (BY_PROVIDER, "ID tokens of another person"),
        ):
            with other_trust(self.ports.cloud_url, account_id=account_id, role_name=ROLE):
                self._is_refused_keys(browser, alice, account_id)
            yield f"AWS refuses keys for {ROLE} in {account_id} while the role trusts {wrong}"
            keys, session_name = self._take_keys(browser, alice, account_id)
            yield f"she takes keys for {ROLE} in {account_id}, and that is recorded"
            arn = self._who_has(keys, account_id, session_name)
            yield f"sts:GetCallerIdentity with them returns {arn}"
        arn = self._arn(ACCOUNT, session_name)
        self._open_console(browser, alice, arn)
        yield f"the console opens as the same, at {DESTINATION}, and that is recorded"
        self._sign_out(browser, alice)
        yield "she signs out, here and at the identity provider, and that is recorded"

    def _alice_at_a_terminal(self, browser: Browser) -> Iterator[str]:
        """Take the lines that the demo prints for the AWS CLI 2, where there is one."""
        name, lines = aws_cli_2(), FirstMinute(FOLDER.aws_config)
        if not name:
            yield "no AWS CLI 2.13 or newer is on the PATH, so the lines printed for it are left out"
            return
        with tempfile.TemporaryDirectory(prefix="gatehouse-newcomer-") as home:
            machine = Machine(Path(home), lines)
            machine.sign_in(browser, username="alice", provider=self.ports.identity_url)
            yield f"with {name} she runs “{lines.sign_in}”, and allows it in the browser"
            status, said = machine.run(lines.use)
            role = f":assumed-role/{ROLE}/"
            _expect(status == 0 and role in said, f"“{lines.use}” ended with {status}: {said}")
            yield f"“{lines.use}” says who she is"
            status, said = machine.run(lines.be_refused)
            _expect(status != 0, f"“{lines.be_refused}” is not refused: {said}")
            for part in ("You do not have this role", "alice@northwind.example", "on-call"):
                _expect(part in said, f"“{lines.be_refused}” does not say “{part}”: {said}")
            yield f"“{lines.be_refused}” is refused, with the groups that she has and the one that it takes"

    def _bob(self, browser: Browser) -> Iterator[str]:
        bob = self.people["bob"]
        self._sign_in(browser, bob)
        query = urlencode({"account_id": SWITCHED_TO, "role_name": SWITCHED_ROLE})
        ask = browser.get(f"{self.ports.portal_url}/console?{query}")
        status, location = browser.send_and_stop(ask.form("/console"))
        _expect(status == 303, f"POST /console answers {status}, not 303")
        switch = browser.get(location).form("/switchrole")
        with other_trust(self.ports.cloud_url, account_id=SWITCHED_TO, role_name=SWITCHED_ROLE):
            page = browser.send(switch)
        _expect(page.status == 400, "AWS lets bob switch to a role that trusts others")
        page = browser.send(switch)
        arn = f"arn:aws:sts::{SWITCHED_TO}:assumed-role/{SWITCHED_ROLE}/somebody"
        shown = page.by_id.get("arn")
        _expect(shown == arn, f"bob switches to {shown} ({page.status}), not {arn}")
        yield f"bob signs in and switches to {SWITCHED_ROLE} in {SWITCHED_TO}, which trusts his AWS sign-in"

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

    def _ask_for_keys(self, browser: Browser, account_id: str) -> Page:
        query = urlencode({"account_id": account_id, "role_name": ROLE})
        ask = browser.get(f"{self.ports.portal_url}/keys?{query}")
        _expect(not _variable(ask, "AWS_SECRET_ACCESS_KEY"), "a GET of /keys shows keys")
        return browser.send(ask.form("/keys"))

    def _is_refused_keys(self, browser: Browser, person: User, account_id: str) -> None:
        page = self._ask_for_keys(browser, account_id)
        _expect(page.status >= 400, f"POST /keys answers {page.status} with a wrong trust")
        _expect(not _variable(page, "AWS_ACCESS_KEY_ID"), "there are keys with a wrong trust")
        self._recorded(
            person, Action.KEYS_FAILED, account_id=account_id, error_code="aws.access_denied"
        )

    def _take_keys(
        self, browser: Browser, person: User, account_id: str
    ) -> tuple[Credentials, str]:
        page = self._ask_for_keys(browser, account_id)
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
            account_id=account_id,
            role_name=ROLE,
            access_key_id=keys.access_key_id,
        )
        return keys, row.session_name

    def _who_has(self, keys: Credentials, account_id: str, session_name: str) -> str:
        client = boto3.session.Session().client(
            "sts",
            region_name="eu-west-1",
            endpoint_url=self.ports.cloud_url,
            aws_access_key_id=keys.access_key_id,
            aws_secret_access_key=keys.secret_access_key,
            aws_session_token=keys.session_token,
        )
        caller = client.get_caller_identity()
        arn = self._arn(account_id, session_name)
        _expect(bool(session_name), "the audit row has no session name")
        _expect(caller["Arn"] == arn, f"the keys are {caller['Arn']}'s, not {arn}'s")
        return arn

    def _arn(self, account_id: str, session_name: str) -> str:
        return f"arn:aws:sts::{account_id}:assumed-role/{ROLE}/{session_name}"

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
