"""Get the AWS CLI 2, which is on no package index, from Debian: `python -m tests.aws_cli_v2`.

What each suite has right now is unpacked into a folder of its own, beside one Python environment with
the dependencies (requirements/aws-cli.txt). The machine's apt knows the way to Debian and verifies what comes;
nothing is installed, and nothing of the machine's changes. It needs Debian, and nobody's leave.
"""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
import subprocess
import sys
import venv
from pathlib import Path

SUITES = ("trixie", "sid")
"""One from before the AWS CLI examined start URLs (2.35.13), and one from after."""
FOLDER = Path.home() / ".cache" / "gatehouse" / "aws-cli"
HOW_TO_GET_IT = ".venv/bin/python -m tests.aws_cli_v2"

_REQUIREMENTS = Path(__file__).resolve().parent.parent / "requirements" / "aws-cli.txt"
# Of the package debian-archive-keyring, without which there is no Debian.
_KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
_APT = FOLDER / "apt"
_SOURCES = _APT / "debian.sources"


def program(suite: str) -> Path:
    """Return where the AWS CLI of a suite is, or would be."""
    return FOLDER / suite / "aws"


def main() -> None:
    """Get what is not here yet, or is newer by now; say which versions these are."""
    if not shutil.which("apt-get"):
        sys.exit("Only Debian has an AWS CLI 2 that can be unpacked, and this is not Debian.")
    _APT.joinpath("lists").mkdir(parents=True, exist_ok=True)
    python = _environment()
    if any(_update(mirror) for mirror in dict.fromkeys(_mirrors())):
        for suite, package in _packages().items():
            _unpack(suite, package, python=python)
    elif all(program(suite).exists() for suite in SUITES):
        print("Debian does not answer: what is here stays.", file=sys.stderr)
    else:
        sys.exit("Debian does not answer where this machine's apt looks for it.")
    for suite in SUITES:
        done = subprocess.run([program(suite), "--version"], stdout=subprocess.PIPE, check=True)
        print(f"{suite}: {done.stdout.decode().strip()}")


def _environment() -> Path:
    """Build the Python environment, unless it is as the lock says; return its Python."""
    folder = FOLDER / "python"
    python, stamp = folder / "bin" / "python", folder / "built-from"
    wanted = hashlib.sha256(_REQUIREMENTS.read_bytes() + sys.version.encode()).hexdigest()
    if not stamp.exists() or stamp.read_text() != wanted:
        venv.create(folder, clear=True, with_pip=True)
        pip = (python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check")
        subprocess.run([*pip, "--require-hashes", "--requirement", _REQUIREMENTS], check=True)
        stamp.write_text(wanted)
    return python


def _mirrors() -> list[str]:
    """Return where this machine gets Debian itself from, as its apt reads its sources."""
    said = subprocess.run(
        [
            *("apt-get", "indextargets", "--no-release-info", "Created-By: Packages"),
            *("--format", "$(REPO_URI) $(RELEASE) $(COMPONENT)"),
        ],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    ).stdout
    own = [platform.freedesktop_os_release().get("VERSION_CODENAME"), "main"]
    found = (line.split() for line in said.splitlines())
    return [address for address, *what in found if what == own and "debian" in address]


def _update(mirror: str) -> bool:
    """Fetch the indexes of the suites; return whether a mirror has them all."""
    _SOURCES.write_text(
        f"Types: deb\nURIs: {mirror}\nSuites: {' '.join(SUITES)}\nComponents: main\n"
        f"Targets: Packages\nSigned-By: {_KEYRING}\n"
    )
    return _apt("update", "--quiet=2", "--error-on=any").returncode == 0


def _packages() -> dict[str, str]:
    """Return the file that each suite has: its name tells the version."""
    wanted = [f"awscli/{suite}" for suite in SUITES]
    said = _apt("download", "--print-uris", *wanted, check=True).stdout
    return {suite: line.split()[1] for suite, line in zip(SUITES, said.splitlines(), strict=True)}


def _unpack(suite: str, package: str, *, python: Path) -> None:
    """Download and unpack a file of Debian's, unless it is here."""
    here, new = FOLDER / suite, FOLDER / f"{suite}.new"
    stamp = here / "package"
    if stamp.exists() and stamp.read_text() == package:
        return
    shutil.rmtree(new, ignore_errors=True)
    new.mkdir()
    _apt("download", "--quiet=2", f"awscli/{suite}", cwd=new, check=True)
    subprocess.run(["dpkg-deb", "--extract", new / package, new], check=True)
    (new / package).unlink()
    modules = here / "usr" / "lib" / "python3" / "dist-packages"
    (new / "aws").write_text(f'#!/bin/sh\nPYTHONPATH="{modules}" exec "{python}" -m awscli "$@"\n')
    (new / "aws").chmod(0o755)
    (new / "package").write_text(package)
    shutil.rmtree(here, ignore_errors=True)
    new.rename(here)


def _apt(*words: str, cwd: Path = FOLDER, check: bool = False) -> subprocess.CompletedProcess[str]:
    """Run apt-get with sources and a memory of its own, and with all else that the machine has set."""
    options = {
        "Dir::Etc::SourceList": _SOURCES,
        "Dir::Etc::SourceParts": "-",
        "Dir::State::Lists": _APT / "lists",
        "Dir::Cache": _APT,
        "Acquire::Languages": "none",
        # The unprivileged user that root's apt downloads as cannot write here.
        "APT::Sandbox::User": "root",
    }
    return subprocess.run(
        ["apt-get", *words, *(f"--option={name}={value}" for name, value in options.items())],
        cwd=cwd,
        env={**os.environ, "LC_ALL": "C.UTF-8"},
        stdout=subprocess.PIPE,
        text=True,
        check=check,
    )


if __name__ == "__main__":
    main()
