"""The demo's data survive a second start, what was changed in the admin pages included."""

from __future__ import annotations

from pathlib import Path

import pytest
from pytest_django import Settings

from accounts.models import Account, Person
from demo.launcher.folder import COMPANY, DemoFolder
from demo.launcher.seed import keep_people, prepare


@pytest.fixture
def folder(tmp_path: Path, settings: Settings) -> DemoFolder:
    settings.STATIC_ROOT = tmp_path / "static"
    folder = DemoFolder(tmp_path / "data")
    folder.path.mkdir()
    folder.database.touch()
    return folder


@pytest.fixture
def company(tmp_path: Path) -> Path:
    copy = tmp_path / "company.toml"
    copy.write_bytes(COMPANY.read_bytes())
    return copy


@pytest.mark.django_db
def test_a_second_start_keeps_what_was_changed_since(folder: DemoFolder, company: Path) -> None:
    assert prepare(folder, company)
    Account.objects.filter(name="payments-dev").update(name="payments-lab")

    assert not prepare(folder, company)
    assert Account.objects.filter(name="payments-lab").exists()


@pytest.mark.django_db
def test_a_changed_file_is_applied_at_the_next_start(folder: DemoFolder, company: Path) -> None:
    prepare(folder, company)
    text = company.read_text("utf-8")
    company.write_text(text.replace("payments-dev", "payments-lab"), "utf-8")

    assert prepare(folder, company)
    assert Account.objects.filter(name="payments-lab").exists()


@pytest.mark.django_db
def test_the_database_is_readable_by_its_owner_alone(folder: DemoFolder, company: Path) -> None:
    folder.database.chmod(0o644)

    prepare(folder, company)

    assert folder.database.stat().st_mode & 0o077 == 0


@pytest.mark.django_db
def test_people_stay_the_same_where_their_provider_moves_to_another_port() -> None:
    before, now = "http://localhost:8001", "http://localhost:8011"
    alice = Person.objects.create(issuer=before, sub="alice")
    for issuer in (before, now, "https://id.example.com"):
        Person.objects.create(issuer=issuer, sub="bob")

    keep_people(before=before, now=now)

    alice.refresh_from_db()
    assert alice.issuer == now
    assert Person.objects.filter(sub="bob", issuer=now).count() == 1
    assert Person.objects.filter(issuer="https://id.example.com").exists()
