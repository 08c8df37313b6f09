"""A real Keycloak with the shipped realm, and its admin's hands."""

from __future__ import annotations

import secrets
import shutil
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests

from tests import processes, real_parts

REALM = processes.ROOT / "deploy" / "keycloak" / "gatehouse-realm.json"


@dataclass(frozen=True, slots=True)
class Keycloak:
    """A running Keycloak."""

    url: str
    management_url: str
    admin_password: str = field(repr=False)

    @property
    def issuer(self) -> str:
        """The issuer of the shipped realm."""
        return f"{self.url}/realms/gatehouse"

    @property
    def discovery(self) -> dict[str, Any]:
        """The realm's discovery document."""
        response = requests.get(f"{self.issuer}/.well-known/openid-configuration", timeout=60)
        response.raise_for_status()
        document: dict[str, Any] = response.json()
        return document

    def set_enabled(self, username: str, *, enabled: bool) -> None:
        """Disable or enable a person."""
        self._admin("PUT", f"/users/{self._id_of(username)}", {"enabled": enabled})

    def leave_group(self, username: str, name: str) -> None:
        """Take a person out of a group at the top of the tree."""
        self._admin("DELETE", f"/users/{self._id_of(username)}/groups/{self._group(name)}")

    def join_group(self, username: str, name: str) -> None:
        """Put a person into a group at the top of the tree."""
        self._admin("PUT", f"/users/{self._id_of(username)}/groups/{self._group(name)}")

    def log_out(self, username: str) -> None:
        """End all sessions of a person, as an admin does."""
        self._admin("POST", f"/users/{self._id_of(username)}/logout")

    def sessions(self, username: str) -> list[dict[str, Any]]:
        """Return the open sessions of a person."""
        found: list[dict[str, Any]] = self._admin(
            "GET", f"/users/{self._id_of(username)}/sessions"
        ).json()
        return found

    def ask_for_passwords_twice(self) -> str:
        """Make a sign-in flow of two levels (acr 1 and 2), each of which asks for the password; return its id.

        A second password stands in for the second factor.
        """
        flows = "/authentication/flows"
        top, forms = "two levels", "its forms"
        self._admin(
            "POST",
            flows,
            {"alias": top, "providerId": "basic-flow", "topLevel": True, "builtIn": False},
        )
        self._admin("POST", f"{flows}/{top}/executions/execution", {"provider": "auth-cookie"})
        self._add_flow(top, forms)
        for level, form in ((1, "auth-username-password-form"), (2, "auth-password-form")):
            alias = f"level {level}"
            self._add_flow(forms, alias)
            condition = {"provider": "conditional-level-of-authentication"}
            answer = self._admin("POST", f"{flows}/{alias}/executions/execution", condition)
            execution = answer.headers["Location"].rpartition("/")[2]
            config = {"loa-condition-level": str(level), "loa-max-age": "36000"}
            self._admin(
                "POST",
                f"/authentication/executions/{execution}/config",
                {"alias": f"acr {level}", "config": config},
            )
            self._admin("POST", f"{flows}/{alias}/executions/execution", {"provider": form})
        for execution in self._admin("GET", f"{flows}/{top}/executions").json():
            alternatives = execution["displayName"] in ("Cookie", forms)
            conditional = execution["displayName"].startswith("level ")
            execution["requirement"] = (
                "ALTERNATIVE" if alternatives else "CONDITIONAL" if conditional else "REQUIRED"
            )
            self._admin("PUT", f"{flows}/{top}/executions", execution)
        (flow,) = (one for one in self._admin("GET", flows).json() if one["alias"] == top)
        return str(flow["id"])

    def use_flow(self, flow: str) -> None:
        """Have the portal's client sign people in by this flow; "" for the realm's own."""
        (client,) = self._admin("GET", "/clients?clientId=gatehouse").json()
        client["authenticationFlowBindingOverrides"] = {"browser": flow}
        self._admin("PUT", f"/clients/{client['id']}", client)

    def _add_flow(self, parent: str, alias: str) -> None:
        self._admin(
            "POST",
            f"/authentication/flows/{parent}/executions/flow",
            {"alias": alias, "type": "basic-flow", "provider": "registration-page-form"},
        )

    def rotate_keys(self) -> None:
        """Add a signing key that comes before all there are."""
        taken = len(self._admin("GET", "/components?type=org.keycloak.keys.KeyProvider").json())
        component = {
            "name": f"rotated-{taken}",
            "providerId": "rsa-generated",
            "providerType": "org.keycloak.keys.KeyProvider",
            "config": {"priority": [str(1000 + taken)]},
        }
        self._admin("POST", "/components", component)

    def signing_key_ids(self) -> set[str]:
        """Return the ids of the published signing keys."""
        keys = requests.get(self.discovery["jwks_uri"], timeout=60).json()["keys"]
        return {key["kid"] for key in keys if key["use"] == "sig"}

    def _id_of(self, username: str) -> str:
        (person,) = self._admin("GET", f"/users?exact=true&username={username}").json()
        return str(person["id"])

    def _group(self, name: str) -> str:
        groups = self._admin("GET", "/groups").json()
        return next(str(group["id"]) for group in groups if group["name"] == name)

    def _admin(self, method: str, path: str, body: Any = None) -> requests.Response:
        token = requests.post(
            f"{self.url}/realms/master/protocol/openid-connect/token",
            data={
                "grant_type": "password",
                "client_id": "admin-cli",
                "username": "admin",
                "password": self.admin_password,
            },
            timeout=60,
        ).json()["access_token"]
        response = requests.request(
            method,
            f"{self.url}/admin/realms/gatehouse{path}",
            json=body,
            headers={"Authorization": f"Bearer {token}"},
            timeout=60,
        )
        response.raise_for_status()
        return response


@contextmanager
def keycloak(*, folder: Path, portal_url: str, log: Path) -> Iterator[Keycloak]:
    """Run a Keycloak whose realm knows the portal at `portal_url`; it keeps everything in memory.

    `folder` keeps the unpacked distribution for the next time: a first start takes a minute on two
    cores, most of it building what later starts find ready.
    """
    real_parts.java_path()
    home = _unpacked(folder)
    imports = home / "data" / "import"
    imports.mkdir(parents=True, exist_ok=True)
    shutil.copy(REALM, imports / REALM.name)
    port, management = processes.free_port(), processes.free_port()
    password = secrets.token_urlsafe()
    server = Keycloak(f"http://localhost:{port}", f"http://localhost:{management}", password)
    command = [str(home / "bin" / "kc.sh"), "start-dev", "--import-realm"]
    options = ["--db=dev-mem", "--health-enabled=true", "--http-host=127.0.0.1"]
    ports = [f"--http-port={port}", f"--http-management-port={management}"]
    with processes.running(
        [*command, *options, *ports],
        log=log,
        environment={
            "PORTAL_URL": portal_url,
            "KC_BOOTSTRAP_ADMIN_USERNAME": "admin",
            "KC_BOOTSTRAP_ADMIN_PASSWORD": password,
            # It lives for a minute or two: compile quickly, not well.
            "JAVA_OPTS_APPEND": "-XX:TieredStopAtLevel=1",
        },
        answers=f"{server.issuer}/.well-known/openid-configuration",
        within=600,
    ):
        yield server


def _unpacked(folder: Path) -> Path:
    home = folder / f"keycloak-{real_parts.KEYCLOAK_VERSION}"
    if not home.is_dir():
        scratch = folder / f"unpacking-{secrets.token_hex(4)}"
        with zipfile.ZipFile(real_parts.keycloak_zip()) as archive:
            archive.extractall(scratch)
        scratch.joinpath(home.name, "bin", "kc.sh").chmod(0o755)
        scratch.joinpath(home.name).rename(home)
        scratch.rmdir()
    return home
