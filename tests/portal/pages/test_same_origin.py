"""Forms of other sites are refused by what the browser says of a request; ours are not."""

from __future__ import annotations

import pytest
from django.test import Client

from accounts.models import AuditEvent
from tests import cast

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("northwind")]

KEYS = {"account_id": "210987654321", "role_name": "Developer"}


def strict(client: Client) -> tuple[Client, str]:
    """Have Django check CSRF as for a browser; return a token from the keys page as well."""
    client.handler.enforce_csrf_checks = True
    page = client.get("/keys", KEYS)
    return client, str(page.context["csrf_token"])


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_form_of_another_site_is_refused_even_with_a_token(site: str) -> None:
    client, token = strict(cast.signed_in("alice"))

    response = client.post(
        "/keys", {**KEYS, "csrfmiddlewaretoken": token}, headers={"Sec-Fetch-Site": site}
    )

    assert response.status_code == 403
    assert not AuditEvent.objects.filter(action__startswith="access.").exists()


def test_hidden_origin_is_refused_unless_the_browser_says_it_is_ours() -> None:
    client, token = strict(cast.signed_in("alice"))

    response = client.post(
        "/keys", {**KEYS, "csrfmiddlewaretoken": token}, headers={"Origin": "null"}
    )

    assert response.status_code == 403


def test_hidden_origin_of_our_own_page_passes(aws: object) -> None:
    client, token = strict(cast.signed_in("alice"))

    response = client.post(
        "/keys",
        {**KEYS, "csrfmiddlewaretoken": token},
        headers={"Origin": "null", "Sec-Fetch-Site": "same-origin"},
    )

    assert response.status_code == 200


def test_form_without_a_token_is_refused_with_a_page_that_says_what_to_do() -> None:
    client, _ = strict(cast.signed_in("alice"))

    response = client.post("/keys", KEYS, headers={"Sec-Fetch-Site": "same-origin"})

    assert response.status_code == 403
    assert "reload the page" in response.content.decode()
