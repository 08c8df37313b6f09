"""The client as people install it: a wheel, and nothing else."""

from __future__ import annotations

import ast
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

from tests.processes import ROOT

CLIENT = ROOT / "client"


def imported(file: Path) -> set[str]:
    """Return the top-level packages that a file imports."""
    found = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            found |= {name.name.partition(".")[0] for name in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0
            found.add(str(node.module).partition(".")[0])
    return found


@pytest.mark.parametrize(
    "file", sorted((CLIENT / "gatehouse_client").glob("*.py")), ids=lambda file: file.name
)
def test_module_imports_the_standard_library_and_nothing_else(file: Path) -> None:
    assert imported(file) - sys.stdlib_module_names <= {"gatehouse_client"}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from a copy of the folder by the setuptools of the lock, without a network."""
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "client"
    left_out = shutil.ignore_patterns("__pycache__", ".*", "build", "*.egg-info")
    shutil.copytree(CLIENT, source, ignore=left_out)
    subprocess.run(
        [
            *(sys.executable, "-m", "pip", "wheel", "--quiet", "--disable-pip-version-check"),
            *("--no-build-isolation", "--no-deps", "--no-index", "--wheel-dir", folder, source),
        ],
        check=True,
    )
    [found] = folder.glob("*.whl")
    return found


def test_wheel_holds_the_modules_and_asks_for_no_other_package(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        [metadata] = [
            archive.read(name).decode() for name in names if name.endswith("dist-info/METADATA")
        ]

    modules = {f"gatehouse_client/{file.name}" for file in CLIENT.glob("gatehouse_client/*.py")}
    assert modules | {"gatehouse_client/py.typed"} <= names
    assert "Requires-Dist" not in metadata
    assert "Requires-Python: >=3.11" in metadata


def test_installed_command_runs_where_nothing_else_is_installed(
    wheel: Path, tmp_path: Path
) -> None:
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", tmp_path / "venv"], check=True)
    python = tmp_path / "venv" / "bin" / "python"
    subprocess.run(
        [
            *(sys.executable, "-m", "pip", "--python", python, "install", "--quiet"),
            *("--disable-pip-version-check", "--no-index", wheel),
        ],
        check=True,
    )

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [tmp_path / "venv" / "bin" / "gatehouse", *words],
            env={"HOME": str(tmp_path)},
            capture_output=True,
            text=True,
            check=False,
        )

    version = tomllib.loads((CLIENT / "pyproject.toml").read_text())["project"]["version"]
    assert run("--version").stdout == f"gatehouse-client {version}\n"
    assert "credentials" in run("--help").stdout
    signed_out = run("token", "--portal", "https://aws.northwind.example")
    assert (signed_out.returncode, signed_out.stdout) == (3, "")
    assert "gatehouse login https://aws.northwind.example" in signed_out.stderr
