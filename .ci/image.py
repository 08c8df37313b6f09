#!/usr/bin/env python3
"""Build the Dockerfile with buildah and run what it built: no container engine, no registry; needs root.

The base image is made of Debian's packages, under the name that the Dockerfile has for it. Each target is
started with its own CMD as its own USER, and has to pass its own HEALTHCHECK.
"""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
# Made once and kept: it stands in for what a registry would give.
BASE = Path.home() / ".cache" / "gatehouse" / "debian-bookworm.tar"
CERTIFICATES = "/etc/ssl/certs/ca-certificates.crt"
ENVIRONMENT = {
    "BASE_URL": "http://localhost:8000",
    "SECRET_KEY": "for the check of the image only: long enough, and a secret to nobody",
    "DATABASE_URL": "sqlite:////tmp/gatehouse.sqlite3",
    "OIDC_ISSUER": "http://localhost:9",
    "OIDC_RP_CLIENT_ID": "gatehouse",
    "OIDC_RP_CLIENT_SECRET": "for the check only",
    "ADMIN_CLAIM": "groups",
    "ADMIN_VALUES": "portal-admins",
    "AWS_REGION": "eu-west-1",
}


class Images:
    """A store of images of its own, so that a stand-in for a base image stays out of the machine's."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.buildah = ["buildah", f"--root={folder}/store", f"--runroot={folder}/run"]

    def build(self, *arguments: str) -> None:
        isolated = ["bud", "--quiet", "--isolation=chroot", "--format=docker", "--layers"]
        subprocess.run([*self.buildah, *isolated, *arguments], cwd=ROOT, check=True)

    def make_base(self) -> None:
        """Make an image of Debian with its Python, in place of the one a registry would give."""
        if not BASE.exists():
            BASE.parent.mkdir(parents=True, exist_ok=True)
            unfinished = BASE.with_suffix(".part.tar")
            include = "--include=python3,python3-venv"
            subprocess.run(
                ["mmdebstrap", "--quiet", "--variant=essential", include, "bookworm", unfinished],
                check=True,
            )
            unfinished.rename(BASE)
        recipe = self.folder / "Base"
        recipe.write_text(f"FROM scratch\nADD {BASE.name} /\nRUN ln -s python3 /usr/bin/python\n")
        self.build("--tag", "localhost/base", "--file", str(recipe), str(BASE.parent))

    def build_target(self, target: str) -> None:
        """Build a target; pip finds packages where this machine finds them, which is not in the image."""
        settings = {k[4:].lower(): v for k, v in os.environ.items() if k.startswith("PIP_")}
        pip = self.folder / "pip.conf"
        pip.write_text("\n".join(["[global]", *(f"{k} = {v}" for k, v in settings.items())]))
        folders = {str(pip): "/etc/pip.conf", CERTIFICATES: CERTIFICATES}
        if (links := settings.get("find_links", "")).startswith("/"):
            folders[links] = links
        volumes = [f"--volume={here}:{there}:ro" for here, there in folders.items()]
        base = ("--build-arg", "BASE=localhost/base")
        self.build("--pull-never", *base, "--target", target, "--tag", target, *volumes, str(ROOT))


class Container:
    """A container of an image. It has this machine's network, so a free port stands in for the image's."""

    def __init__(self, images: Images, image: str) -> None:
        self.images = images
        self.name = self._buildah("from", "--pull-never", image).stdout.strip()
        described = self._buildah("inspect", "--type=image", image).stdout
        self.config: dict[str, Any] = json.loads(described)["Docker"]["config"]
        (self.exposed,) = (port.partition("/")[0] for port in self.config["ExposedPorts"])
        with socket.create_server(("127.0.0.1", 0)) as server:
            self.port = str(server.getsockname()[1])

    def command(self, words: list[str]) -> list[str]:
        environment = {**ENVIRONMENT, "BIND": f"127.0.0.1:{self.port}"}
        variables = [f"--env={name}={value}" for name, value in environment.items()]
        words = [word.replace(self.exposed, self.port) for word in words]
        isolated = ["run", "--isolation=chroot", *variables, self.name, "--", *words]
        return [*self.images.buildah, *isolated]

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.command(list(words)), capture_output=True, text=True, check=False
        )

    def become_healthy(self) -> None:
        """Run CMD until HEALTHCHECK says that all is well."""
        (kind, *check), log = self.config["Healthcheck"]["Test"], self.images.folder / "log"
        assert kind == "CMD"
        with log.open("wb") as output:
            process = subprocess.Popen(
                self.command(self.config["Cmd"]), stdout=output, stderr=output, process_group=0
            )
        try:
            end = time.monotonic() + 60
            while (checked := self.run(*check)).returncode:
                if process.poll() is not None or time.monotonic() > end:
                    sys.exit(f"never healthy: {checked.stderr}\n{log.read_text()}")
                time.sleep(0.2)
        finally:
            with suppress(ProcessLookupError):  # It has ended by itself, and the error says why.
                os.killpg(process.pid, signal.SIGTERM)
            process.wait(timeout=40)

    def _buildah(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*self.images.buildah, *arguments], capture_output=True, text=True, check=True
        )


def check(container: Container) -> None:
    if not re.fullmatch(r"[1-9][0-9]*:[1-9][0-9]*", container.config["User"]):
        sys.exit(f"the image would run as {container.config['User'] or 'root'}")
    for file in ("new", "demo/__init__.py", "manage.py"):
        if container.run("touch", file).returncode == 0:
            sys.exit(f"the process may write {file} into its own folder")
    if container.config["Cmd"] == ["sh", "deploy/container/start"]:
        unprepared = container.run(*container.config["Cmd"])
        if unprepared.returncode == 0 or "manage.py migrate" not in unprepared.stderr:
            sys.exit(f"started on a database that nobody prepared: {unprepared.stderr}")
        for command in ("migrate --no-input", "apply deploy/keycloak/gatehouse.toml"):
            prepared = container.run("python", "manage.py", *command.split())
            if prepared.returncode:
                sys.exit(f"{command} failed: {prepared.stderr}")
    container.become_healthy()


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="gatehouse-image-") as folder:
        images = Images(Path(folder))
        started = time.monotonic()
        images.make_base()
        for target in ("portal", "cloud"):
            images.build_target(target)
            check(Container(images, target))
            print(f"{target}: built, run, healthy ({time.monotonic() - started:.0f} s)", flush=True)
        subprocess.run([*images.buildah, "rm", "--all"], stdout=subprocess.DEVNULL, check=True)


if __name__ == "__main__":
    main()
