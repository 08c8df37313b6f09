"""Write the bill of materials of this Python environment to standard output: CycloneDX 1.6, as JSON.

https://cyclonedx.org/docs/1.6/json/. Python's packages only: scanners know what a base image brings.
"""

from __future__ import annotations

import json
import re
import sys
from importlib.metadata import Distribution, distributions
from typing import Any


def component(package: Distribution) -> dict[str, Any]:
    """Describe an installed package."""
    # https://packaging.python.org/en/latest/specifications/name-normalization/, as purls want it too.
    name = re.sub(r"[-_.]+", "-", package.metadata["Name"]).lower()
    purl = f"pkg:pypi/{name}@{package.version}"
    described = {
        "type": "library",
        "bom-ref": purl,
        "name": name,
        "version": package.version,
        "purl": purl,
    }
    if expression := package.metadata.json.get("license_expression"):
        return described | {"licenses": [{"expression": expression}]}
    stated = [
        classifier.rpartition(" :: ")[2]
        for classifier in package.metadata.get_all("Classifier") or []
        if classifier.startswith("License :: ") and not classifier.endswith(" :: OSI Approved")
    ]
    if stated:
        return described | {"licenses": [{"license": {"name": each}} for each in stated]}
    return described


def bill() -> dict[str, Any]:
    """Return the bill: the same environment gives the same, letter by letter."""
    installed = {each["purl"]: each for each in map(component, distributions())}
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "component": {"type": "application", "bom-ref": "gatehouse", "name": "gatehouse"}
        },
        "components": [installed[purl] for purl in sorted(installed)],
    }


if __name__ == "__main__":
    json.dump(bill(), sys.stdout, indent=2)
    sys.stdout.write("\n")
