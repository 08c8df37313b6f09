"""What operators do with the keys, and the files for a public bucket."""

from __future__ import annotations

import io
import json
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError
from django.utils import timezone
from pytest_django import Settings

from accounts import http
from accounts.models import AuditEvent, SigningKey
from accounts.signing import documents, mint, stored_keys
from accounts.signing.documents import DISCOVERY_PATH, KEY_SET_PATH
from tests.accounts.signing.test_web_identity import REQUEST

ELSEWHERE = "https://keys.northwind.example/gatehouse"
OTHER_SECRET = "another secret, as long as the first one was, and as random"

pytestmark = pytest.mark.django_db


def said(*command: str) -> str:
    """Run a command; return all it wrote."""
    out = io.StringIO()
    call_command(*command, stdout=out, stderr=out)
    return out.getvalue()


def signing_keys(*command: str) -> str:
    return said("signing_keys", *command)


def test_init_makes_a_key_and_its_standby_once_and_says_who_did() -> None:
    first, standby = signing_keys("init").splitlines()

    assert first.startswith("Created signing key 1 (")
    assert standby.startswith("Created signing key 2 (")
    assert signing_keys("init") == "There are keys already; nothing was changed.\n"
    assert signing_keys("standby") == "There is a standby key already; nothing was changed.\n"
    assert "" not in AuditEvent.objects.values_list("actor", flat=True)


def test_list_shows_each_key_with_its_state_and_nothing_private(settings: Settings) -> None:
    assert "No keys yet" in signing_keys("list")
    signing_keys("init")
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = OTHER_SECRET

    issuer, first, standby = signing_keys("list").splitlines()

    assert issuer == "Issuer http://localhost:8000, audience sts.amazonaws.com"
    assert first.startswith("  1  signs (since ")
    assert SigningKey.objects.get(number=1).kid in first
    assert "run signing_keys encrypt" in first
    assert standby.startswith("  2  standby  RS256  ")
    assert "Encrypted 2 keys" in signing_keys("encrypt")
    assert "run signing_keys encrypt" not in signing_keys("list")


def test_a_lost_secret_is_said_with_the_way_out(settings: Settings) -> None:
    signing_keys("init")
    settings.SECRET_KEY = OTHER_SECRET

    assert "emergency --all" in signing_keys("list")
    with pytest.raises(CommandError, match="cannot be decrypted"):
        signing_keys("encrypt")
    signing_keys("emergency", "--all")

    assert mint(request=REQUEST, now=timezone.now())
    assert "cannot sign" not in signing_keys("list")


def test_rotate_says_from_when_the_next_key_signs_and_can_be_left_to_a_timer() -> None:
    signing_keys("init")

    assert "younger than 90 days. Nothing was changed" in signing_keys(
        "rotate", "--if-older-than", "90"
    )
    assert "signing key 2 (" in signing_keys("rotate")
    with pytest.raises(CommandError, match="under way"):
        signing_keys("rotate")
    long_ago = timezone.now() - timedelta(days=91)
    SigningKey.objects.filter(number=1).update(signs_from=long_ago, published_at=long_ago)
    assert "A rotation is under way" in signing_keys("rotate", "--if-older-than", "90")
    SigningKey.objects.filter(number__lte=2).update(
        signs_from=timezone.now() - timedelta(days=91),
        published_at=timezone.now() - timedelta(days=91),
    )
    SigningKey.objects.filter(number=3).update(published_at=timezone.now() - timedelta(days=91))
    assert "signs from now on" in signing_keys("rotate", "--if-older-than", "90")


def test_an_emergency_says_what_it_cannot_do() -> None:
    signing_keys("init")

    told = signing_keys("emergency")

    assert "signing key 2 (" in told
    assert "up to 24 hours" in told
    assert "docs/issuer.md" in told
    assert "signing key 2 is new: AWS may refuse its tokens for up to 24 hours" in told
    SigningKey.objects.update(published_at=timezone.now() - timedelta(days=2))
    assert "is new" not in signing_keys("emergency")


def test_a_database_that_refuses_is_no_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> None:
        raise DatabaseError("no such table")

    monkeypatch.setattr(stored_keys, "all_keys", refuse)
    monkeypatch.setattr(stored_keys, "public_keys", refuse)

    for command in (("signing_keys", "list"), ("export_issuer", "/nowhere")):
        with pytest.raises(CommandError, match=r"manage.py migrate"):
            said(*command)


# --- Files for a public bucket ---


def test_the_files_are_what_the_portal_serves_and_count_as_published(
    tmp_path: Path, settings: Settings
) -> None:
    settings.TRUST_ISSUER = ELSEWHERE
    folder = tmp_path / "public"

    told = said("export_issuer", str(folder))

    built = documents.build(stored_keys.public_keys(), now=timezone.now())
    assert (folder / ".well-known/openid-configuration").read_bytes() == built.discovery
    assert (folder / ".well-known/jwks.json").read_bytes() == built.key_set
    assert sorted(path.name for path in folder.rglob("*") if path.is_file()) == [
        "jwks.json",
        "openid-configuration",
    ]
    assert json.loads(built.discovery)["jwks_uri"] == f"{ELSEWHERE}/.well-known/jwks.json"
    assert f"belongs at {ELSEWHERE}/.well-known/jwks.json" in told
    assert "New there: signing key 1" in told
    assert mint(request=REQUEST, now=timezone.now())
    again = said("export_issuer", str(folder))
    assert "New there" not in again
    assert AuditEvent.objects.filter(action="signing.key.published").count() == 2
    assert "publish what it writes" in signing_keys("emergency")


def test_an_export_without_an_address_of_its_own_warns(tmp_path: Path) -> None:
    assert "TRUST_ISSUER is not set" in said("export_issuer", str(tmp_path))


def test_a_folder_that_cannot_be_written_publishes_nothing(
    tmp_path: Path, settings: Settings
) -> None:
    settings.TRUST_ISSUER = ELSEWHERE
    (tmp_path / ".well-known").write_text("a file")

    with pytest.raises(CommandError, match="cannot be written"):
        said("export_issuer", str(tmp_path))

    assert not SigningKey.objects.exclude(published_at=None).exists()


# --- What AWS reads ---


class World:
    """What is at the issuer's address."""

    def __init__(self) -> None:
        self.answers: dict[str, tuple[int, bytes]] = {}
        self.is_down = False

    def fetch(self, method: str, url: str, **options: object) -> http.Response:
        if self.is_down:
            raise http.Unreachable("connection refused")
        status, body = self.answers[url]
        return http.Response(status, {}, body)

    def put(self, path: str, document: object) -> None:
        body = document if isinstance(document, bytes) else json.dumps(document).encode()
        self.answers[f"http://localhost:8000{path}"] = (200, body)


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    """A world that reads what the portal serves."""
    stored_keys.create_first(now=timezone.now())
    one = World()
    built = documents.build(stored_keys.public_keys(), now=timezone.now())
    one.put(DISCOVERY_PATH, built.discovery)
    one.put(KEY_SET_PATH, built.key_set)
    monkeypatch.setattr(http, "fetch", one.fetch)
    return one


def test_check_is_content_with_what_the_portal_serves(world: World) -> None:
    assert "http://localhost:8000 has the documents of this portal" in signing_keys("check")


@pytest.mark.parametrize(
    ("path", "document", "complaint"),
    [
        (DISCOVERY_PATH, b"<html>", "something else than a JSON object"),
        (DISCOVERY_PATH, [], "something else than a JSON object"),
        (DISCOVERY_PATH, {"issuer": "https://a.example"}, "names the issuer 'https://a.example'"),
        (DISCOVERY_PATH, {"issuer": "http://localhost:8000"}, "says that the keys are at None"),
        (KEY_SET_PATH, {"keys": []}, "signing key 1 .* AWS refuses all tokens"),
        (KEY_SET_PATH, {"keys": {}}, "signing key 2 .* must not sign yet"),
    ],
)
def test_check_says_what_aws_would_miss(
    world: World, path: str, document: object, complaint: str
) -> None:
    world.put(path, document)

    with pytest.raises(CommandError, match=complaint):
        signing_keys("check")


def test_check_names_a_withdrawn_key_that_is_still_there(world: World) -> None:
    signing_keys("emergency")

    with pytest.raises(CommandError, match=r"signing key 1 .* was withdrawn and is still"):
        signing_keys("check")


def test_check_names_a_key_that_was_exchanged(world: World) -> None:
    keys = [{**key.public_jwk, "n": "AQAB"} for key in stored_keys.public_keys()]
    world.put(KEY_SET_PATH, {"keys": keys})

    with pytest.raises(CommandError, match=r"signing key 1 .* is not the same"):
        signing_keys("check")


def test_check_names_an_address_that_does_not_answer(world: World) -> None:
    world.answers[f"http://localhost:8000{KEY_SET_PATH}"] = (403, b"")
    with pytest.raises(CommandError, match=r"jwks.json answers 403"):
        signing_keys("check")
    world.is_down = True
    with pytest.raises(CommandError, match="openid-configuration cannot be read"):
        signing_keys("check")
