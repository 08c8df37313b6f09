"""The bill of materials that the image carries."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from typing import Any

import pytest

from tests.containers.test_files import DOCKERFILE
from tests.processes import ROOT

SCRIPT = ROOT / "deploy" / "container" / "sbom.py"


@pytest.fixture(scope="module")
def written() -> str:
    """What the script writes of the environment that the tests run in, which has all that the image has."""
    return subprocess.run(
        [sys.executable, SCRIPT], capture_output=True, text=True, check=True
    ).stdout


def components(written: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(written)["components"]
    return found


def test_every_package_of_the_lock_is_in_it_with_its_version(written: str) -> None:
    lock = (ROOT / "requirements" / "runtime.txt").read_text()
    # Those with a marker are for other systems and Pythons.
    locked = set(re.findall(r"^([a-z0-9-]+)(?:\[[a-z,]+\])?==([^ ]+) \\$", lock, re.MULTILINE))

    assert len(locked) > 30
    assert locked <= {(each["name"], each["version"]) for each in components(written)}


def test_packages_are_named_as_databases_of_vulnerabilities_name_them(written: str) -> None:
    found = components(written)

    assert "pkg:pypi/mozilla-django-oidc@5.0.2" in {each["purl"] for each in found}
    assert len({each["bom-ref"] for each in found}) == len(found)
    for each in found:
        assert each["purl"] == f"pkg:pypi/{each['name']}@{each['version']}"
        assert each.get("licenses", [{}]) != []


def test_it_is_cyclonedx_and_the_same_each_time(written: str) -> None:
    again = subprocess.run([sys.executable, SCRIPT], capture_output=True, text=True, check=True)
    found = json.loads(written)

    assert (found["bomFormat"], found["specVersion"]) == ("CycloneDX", "1.6")
    assert again.stdout == written


def test_the_image_carries_it() -> None:
    assert "RUN python deploy/container/sbom.py > sbom.cdx.json" in DOCKERFILE
