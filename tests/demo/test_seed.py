"""The demo's data survive a second start, what was changed in the admin pages included."""

from __future__ import annotations

from pathlib import Path

import pytest
from pytest_django import Settings

from accounts.models import Account
from demo.launcher.home import COMPANY, Home
from demo.launcher.seed import prepare


@pytest.fixture
def home(tmp_path: Path, settings: Settings) -> Home:
    settings.STATIC_ROOT = tmp_path / "static"
    home = Home(tmp_path / "data")
    home.folder.mkdir()
    home.database.touch()
    return home


@pytest.fixture
def company(tmp_path: Path) -> Path:
    copy = tmp_path / "company.toml"
    copy.write_bytes(COMPANY.read_bytes())
    return copy


@pytest.mark.django_db
def test_a_second_start_keeps_what_was_changed_since(home: Home, company: Path) -> None:
    assert prepare(home, company)
    Account.objects.filter(name="payments-dev").update(name="payments-lab")

    assert not prepare(home, company)
    assert Account.objects.filter(name="payments-lab").exists()


@pytest.mark.django_db
def test_a_changed_file_is_applied_at_the_next_start(home: Home, company: Path) -> None:
    prepare(home, company)
    text = company.read_text("utf-8")
    company.write_text(text.replace("payments-dev", "payments-lab"), "utf-8")

    assert prepare(home, company)
    assert Account.objects.filter(name="payments-lab").exists()


@pytest.mark.django_db
def test_the_database_is_readable_by_its_owner_alone(home: Home, company: Path) -> None:
    home.database.chmod(0o644)

    prepare(home, company)

    assert home.database.stat().st_mode & 0o077 == 0
