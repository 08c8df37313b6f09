#!/usr/bin/env python3
"""Run the Dockerfile's build steps without a container engine, then run what they built.

    .ci/image_steps.py [TARGET ...]        (default: portal cloud)

Each stage is built in a scratch folder that stands for `/`, by the instructions as they are written: FROM,
WORKDIR, ENV, COPY (through .dockerignore) and RUN. The base image is replaced by a Python of this machine
(IMAGE_PYTHON, default /usr/bin/python3); that, and the kernel's walls around a container, are all that differs.
Each target is then started with its own CMD, as its own USER where this script runs as root, with a code folder
nobody may write to, and has to pass its own HEALTHCHECK. An instruction this script does not know ends it.
"""

from __future__ import annotations

import contextlib
import fnmatch
import json
import os
import re
import shlex
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PYTHON = os.environ.get("IMAGE_PYTHON", "/usr/bin/python3")
RUN_TIME = {"USER", "EXPOSE", "HEALTHCHECK", "CMD"}


@dataclass
class Stage:
    """What the instructions of a stage have come to."""

    name: str
    folder: Path
    workdir: str = "/"
    environment: dict[str, str] = field(default_factory=dict)
    run_time: dict[str, str] = field(default_factory=dict)


class Image:
    """The stages of a Dockerfile, built one after the other at the same place, as layers would be."""

    def __init__(self, scratch: Path) -> None:
        self.scratch, self.here = scratch, scratch / "image"
        self.stages: dict[str, Stage] = {}
        self.current: Stage | None = None
        shims = scratch / "base"
        shims.mkdir()
        shims.joinpath("python").symlink_to(PYTHON)
        self.base = f"{shims}:/usr/local/bin:/usr/bin:/bin"

    def build(self, instructions: list[tuple[str, str]]) -> None:
        """Carry out the instructions."""
        for word, value in instructions:
            print(f"    {word} {value}", flush=True)
            if word in RUN_TIME:
                self.stage.run_time[word] = value
            else:
                getattr(self, f"_{word.lower()}", self._unknown)(value)
        self.put_away()

    @property
    def stage(self) -> Stage:
        """The stage being built."""
        if self.current is None:
            sys.exit("the Dockerfile does not begin with FROM")
        return self.current

    def put_away(self) -> None:
        """Keep the folder of a finished stage."""
        if self.current:
            self.here.rename(self.current.folder)
        self.current = None

    def take_out(self, name: str) -> Stage:
        """Put a finished stage where its paths hold."""
        self.put_away()
        self.current = self.stages[name]
        self.current.folder.rename(self.here)
        return self.current

    def place(self, path: str) -> Path:
        """Return where a path of the image lies."""
        return self.here / os.path.normpath(os.path.join(self.stage.workdir, path)).lstrip("/")

    def variables(self) -> dict[str, str]:
        """Return ENV as it holds in the scratch folder."""
        inside = re.compile(rf"(?<![^:]){re.escape(self.stage.workdir)}(?![^/:])")
        there = str(self.place("."))
        return {name: inside.sub(there, v) for name, v in self.stage.environment.items()}

    def _unknown(self, value: str) -> None:
        sys.exit("image_steps.py does not know this instruction; teach it, or do without")

    def _from(self, value: str) -> None:
        self.put_away()
        base, _, name = value.partition(" AS ")
        stage = Stage(name, self.scratch / f"stage-{name}")
        if base in self.stages:
            older = self.stages[base]
            stage.workdir, stage.environment = older.workdir, dict(older.environment)
            shutil.copytree(older.folder, self.here, symlinks=True)
        elif base.startswith("python:"):
            stage.environment["PATH"] = self.base
            self.here.mkdir()
        else:
            sys.exit(f"image_steps.py can stand in for a python image only, not for {base}")
        self.stages[name] = self.current = stage

    def _workdir(self, value: str) -> None:
        self.stage.workdir = os.path.normpath(os.path.join(self.stage.workdir, value))
        self.place(".").mkdir(parents=True, exist_ok=True)

    def _env(self, value: str) -> None:
        known = self.stage.environment
        for pair in shlex.split(value):
            name, _, text = pair.partition("=")
            known[name] = re.sub(r"\$(\w+)", lambda found: known.get(found[1], ""), text)

    def _copy(self, value: str) -> None:
        *sources, target = shlex.split(value)
        if sources[0].startswith("--from="):
            folder = self.stages[sources.pop(0).removeprefix("--from=")].folder
            found = [folder / source.lstrip("/") for source in sources]
        else:
            context = self.scratch / "context"
            if not context.exists():
                _copy_context(context)
            found = [context / source for source in sources]
        for source in found:
            into = self.place(target)
            if source.is_dir():
                shutil.copytree(source, into, symlinks=True, dirs_exist_ok=True)
            else:
                into = into / source.name if target.endswith("/") else into
                into.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(source, into)

    def _run(self, value: str) -> None:
        # pip's own settings pass: where packages come from is the business of the machine.
        passed = {k: v for k, v in os.environ.items() if k == "HOME" or k.startswith("PIP_")}
        subprocess.run(
            ["/bin/sh", "-c", value],
            cwd=self.place("."),
            env={**passed, **self.variables()},
            check=True,
        )


def instructions(dockerfile: Path) -> list[tuple[str, str]]:
    """Return the Dockerfile's instructions in their order, continued lines joined."""
    lines = [
        line for line in dockerfile.read_text().splitlines() if not line.lstrip().startswith("#")
    ]
    joined = re.sub(r"\\\n\s*", "", "\n".join(lines))
    return [
        (word.upper(), value.strip())
        for word, _, value in (
            line.strip().partition(" ") for line in joined.splitlines() if line.strip()
        )
    ]


def _copy_context(context: Path) -> None:
    """Copy what .dockerignore lets through; as there, the last rule that fits a path or a parent decides."""
    rules = [
        line
        for line in (ROOT / ".dockerignore").read_text().splitlines()
        if line and line[0] != "#"
    ]
    for path in sorted(ROOT.rglob("*")):
        relative = path.relative_to(ROOT)
        if (
            path.is_file()
            and relative.parts[0] not in (".git", ".venv")
            and _enters(relative, rules)
        ):
            context.joinpath(relative).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(path, context / relative)


def _enters(path: Path, rules: list[str]) -> bool:
    names = [str(path), *(str(parent) for parent in path.parents if parent.name)]
    enters = True
    for rule in rules:
        pattern = rule.removeprefix("!")
        for name in names:
            if any(
                fnmatch.fnmatchcase(name, form) for form in (pattern, pattern.removeprefix("**/"))
            ):
                enters = rule.startswith("!")
    return enters


@contextlib.contextmanager
def started(image: Image, *, environment: dict[str, str], log: Path) -> Iterator[None]:
    """Run the CMD of the stage that is out, as its USER; read-only is what no one may write to."""
    everything = {**image.variables(), **environment}
    command = [*as_user(image), *json.loads(image.stage.run_time["CMD"])]
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, cwd=image.place("."), env=everything, stdout=output, stderr=subprocess.STDOUT
        )
    try:
        yield
    finally:
        process.terminate()
        process.wait(timeout=40)


def as_user(image: Image) -> list[str]:
    """Return the words that make a command run as the stage's USER; none where we are not root."""
    user, _, group = image.stage.run_time["USER"].partition(":")
    if user in ("0", "root") or group in ("0", "root", ""):
        sys.exit("the image would run as root")
    return (
        ["setpriv", f"--reuid={user}", f"--regid={group}", "--clear-groups"]
        if os.geteuid() == 0
        else []
    )


def check(image: Image, target: str, state: Path) -> None:
    """Start a target and let it prove itself."""
    stage = image.take_out(target)
    print(
        f"\n==> {target}: run as {stage.run_time['USER']}, with a read-only code folder", flush=True
    )
    code = image.place(".")
    subprocess.run(["chmod", "-R", "a-w", str(code)], check=True)
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    theirs = stage.run_time["EXPOSE"]
    environment = {
        "BIND": f"127.0.0.1:{port}",
        "BASE_URL": f"http://localhost:{port}",
        "SECRET_KEY": "image steps only: long enough for the checks, and a secret to nobody",
        "DATABASE_URL": f"sqlite:///{state}/gatehouse.sqlite3",
        "OIDC_ISSUER": "http://localhost:9",
        "OIDC_RP_CLIENT_ID": "gatehouse",
        "OIDC_RP_CLIENT_SECRET": "image steps only",
        "ADMIN_CLAIM": "groups",
        "ADMIN_VALUES": "portal-admins",
        "AWS_REGION": "eu-west-1",
        "TMPDIR": str(state),
    }
    for name in ("CMD", "HEALTHCHECK"):
        stage.run_time[name] = (
            stage.run_time[name].replace(theirs, str(port)).replace("0.0.0.0", "127.0.0.1")
        )

    everything = {**image.variables(), **environment}

    def run(*command: str) -> subprocess.CompletedProcess[str]:
        words = [*as_user(image), *command]
        return subprocess.run(
            words, cwd=code, env=everything, capture_output=True, text=True, check=False
        )

    if run("touch", "manage.py").returncode == 0 or run("touch", "new").returncode == 0:
        sys.exit("the process could write into its code folder")
    if target == "portal":
        unprepared = run("sh", "deploy/container/start")
        if unprepared.returncode == 0 or "manage.py migrate" not in unprepared.stderr:
            sys.exit(
                f"started on a database nobody prepared, or did not say so:\n{unprepared.stderr}"
            )
        for command in ("migrate --no-input", "apply deploy/keycloak/gatehouse.toml"):
            prepared = run("python", "manage.py", *command.split())
            if prepared.returncode:
                sys.exit(f"{command} failed:\n{prepared.stderr}")
    log = state / "log"
    health = json.loads(stage.run_time["HEALTHCHECK"].partition("CMD ")[2])
    with started(image, environment=environment, log=log):
        for _ in range(120):
            healthy = run(*health)
            if healthy.returncode == 0:
                break
            time.sleep(0.5)
        else:
            sys.exit(f"{target} never became healthy: {healthy.stderr}\n{log.read_text()}")
        if target == "portal":
            with urllib.request.urlopen(f"http://localhost:{port}/healthz", timeout=5) as answer:
                print(f"    /healthz answered {answer.status}")
    print(f"    {target} is well")
    image.put_away()


def main() -> None:
    """Build all stages, then check the targets that were asked for."""
    os.umask(0o022)
    with tempfile.TemporaryDirectory(prefix="gatehouse-image-") as folder:
        scratch = Path(folder)
        scratch.chmod(0o755)
        image = Image(scratch)
        print("==> build", flush=True)
        image.build(instructions(ROOT / "Dockerfile"))
        for target in sys.argv[1:] or ["portal", "cloud"]:
            state = scratch / f"state-{target}"
            state.mkdir()
            state.chmod(0o777)
            check(image, target, state)


if __name__ == "__main__":
    main()
