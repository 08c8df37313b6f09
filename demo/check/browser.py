"""A minimal browser: follows redirects, keeps cookies, reads forms and texts of pages."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser
from types import TracebackType
from urllib.parse import urljoin, urlsplit

import requests

TIMEOUT = 30


@dataclass(slots=True)
class Button:
    """A submit button: its field, and the URL it sends the form to."""

    name: str
    value: str
    action: str


@dataclass(slots=True)
class Form:
    """A form with the values of its fields, and its buttons."""

    action: str
    method: str
    fields: dict[str, str] = field(default_factory=dict)
    buttons: list[Button] = field(default_factory=list)


@dataclass(slots=True)
class Page:
    url: str
    status: int
    forms: list[Form]
    text: str
    by_id: dict[str, str]

    def form(self, path: str) -> Form:
        """Return the first form for a path."""
        for form in self.forms:
            if urlsplit(form.action).path == path:
                return form
        raise LookupError(f"{self.url} ({self.status}) has no form for {path}")

    def offered(self, path: str) -> set[tuple[str, str]]:
        """Return account id and role name of each button for a path."""
        return {
            (form.fields["account_id"], button.value)
            for form in self.forms
            for button in form.buttons
            if urlsplit(button.action).path == path
            and button.name == "role_name"
            and "account_id" in form.fields
        }


class Browser:
    """One person's browser, with its cookies."""

    def __init__(self) -> None:
        self._session = requests.Session()
        # Everything is on this machine: no proxy, no ~/.netrc.
        self._session.trust_env = False

    def __enter__(self) -> Browser:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._session.close()

    def get(self, url: str) -> Page:
        return _page(self._session.get(url, timeout=TIMEOUT))

    def send(self, form: Form, **fields: str) -> Page:
        """Send a form with these fields and follow redirects."""
        return _page(self._send(form, fields, follow=True))

    def send_and_stop(self, form: Form, **fields: str) -> tuple[int, str]:
        """Send a form; return status and Location, without following it."""
        response = self._send(form, fields, follow=False)
        return response.status_code, response.headers.get("Location", "")

    def _send(self, form: Form, fields: dict[str, str], *, follow: bool) -> requests.Response:
        origin = urlsplit(form.action)
        return self._session.request(
            form.method,
            form.action,
            data=form.fields | fields,
            headers={"Origin": f"{origin.scheme}://{origin.netloc}"},
            allow_redirects=follow,
            timeout=TIMEOUT,
        )


class _Reader(HTMLParser):
    """Collects forms and texts."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self.url = url
        self.forms: list[Form] = []
        self.text: list[str] = []
        self.by_id: dict[str, str] = {}
        self._open_form: Form | None = None
        self._id = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        at = {name: value or "" for name, value in attrs}
        self._id = at.get("id", "")
        if tag == "form":
            action = urljoin(self.url, at.get("action") or self.url)
            self._open_form = Form(action, at.get("method", "get").upper())
            self.forms.append(self._open_form)
        elif self._open_form is not None and tag == "button" and "name" in at:
            leads_to = urljoin(self.url, at["formaction"]) if at.get("formaction") else ""
            self._open_form.buttons.append(
                Button(at["name"], at.get("value", ""), leads_to or self._open_form.action)
            )
        elif self._open_form is not None and tag == "input" and "name" in at:
            choice = at.get("type") in ("radio", "checkbox")
            if not choice or "checked" in at:
                self._open_form.fields[at["name"]] = at.get("value", "")

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._open_form = None

    def handle_data(self, data: str) -> None:
        self.text.append(data)
        if self._id:
            self.by_id.setdefault(self._id, data.strip())
            self._id = ""


def _page(response: requests.Response) -> Page:
    reader = _Reader(response.url)
    reader.feed(response.text)
    return Page(
        url=response.url,
        status=response.status_code,
        forms=reader.forms,
        text="".join(reader.text),
        by_id=reader.by_id,
    )
