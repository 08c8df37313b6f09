"""Where a sign-in may lead: a path on the portal's own origin."""

from __future__ import annotations

from django.http import HttpResponseRedirect
from hypothesis import given
from hypothesis import strategies as st

from portal.signin.views import safe_next
from tests.identity import Visitor

ELSEWHERE = (
    "",
    "activity",
    "//evil.example",
    "///evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "/\\/evil.example",
    "https://evil.example",
    "https:evil.example",
    "http:///evil.example",
    "HTTPS://evil.example",
    "javascript:alert(1)",
    "data:text/html,x",
    " //evil.example",
    "/\t/evil.example",
    "\x00//evil.example",
    "/\n/evil.example",
    "http://localhost:8000/",
    "http://testserver/",
    "//testserver/",
    "@evil.example",
    "?next=//evil.example",
    "/oidc/logout/",
    "/oidc/authenticate/?next=/",
    "/" + "a" * 2048,
)
OURS = ("/", "/activity", "/console?account_id=1&destination=https://x", "/keys#a")


def test_a_sign_in_leads_nowhere_else(visitor: Visitor) -> None:
    assert {url: safe_next(url) for url in ELSEWHERE} == dict.fromkeys(ELSEWHERE, "/")

    assert visitor.walk("alice", "//evil.example")["Location"] == "/"


def test_a_sign_in_leads_to_a_page_of_ours(visitor: Visitor) -> None:
    assert {url: safe_next(url) for url in OURS} == {url: url for url in OURS}

    assert visitor.walk("alice", OURS[2])["Location"] == OURS[2]


@given(st.text(alphabet=st.sampled_from("/\\:@.?#% \t\r\n\x00éa")) | st.text())
def test_whatever_is_asked_for_stays_on_this_origin(url: str) -> None:
    location = HttpResponseRedirect(safe_next(url))["Location"]

    assert location.startswith("/")
    assert not location.startswith(("//", "/\\"))
    assert not {"\r", "\n", "\t"} & set(location)
