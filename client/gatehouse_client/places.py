"""The portal's address, the folder where things are kept, the variables of the environment."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import urlsplit

from gatehouse_client import private, web
from gatehouse_client.errors import Misused, plain


def folder() -> Path:
    """Return where sign-ins are kept: GATEHOUSE_HOME, else .gatehouse in the home folder."""
    return Path(os.environ.get("GATEHOUSE_HOME") or Path.home() / ".gatehouse")


def address(text: str) -> str:
    """Return a portal's address in its one spelling: scheme and host, https where none is said.

    Raises:
        Misused: it is no address, or one that tokens must not be sent to.
    """
    full = text if "://" in text else f"https://{text}"
    try:
        parts = urlsplit(full)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        host, port = "", None
    if not host or parts.query or parts.fragment or parts.path.rstrip("/") not in ("", "/start"):
        raise Misused(
            f"{plain(text)} is no address of a portal. Write https:// and its host, nothing behind."
        )
    if not web.is_safe(full):
        raise Misused(f"{plain(text)} is refused: a portal is reached by https.")
    standard = {"https": 443, "http": 80}[parts.scheme]
    name = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{name}" + (f":{port}" if port not in (None, standard) else "")


def portal(typed: str | None) -> str:
    """Return the portal that is meant: typed, of GATEHOUSE_URL, or the one signed in to last.

    Raises:
        Misused: there is none.
    """
    if meant := typed or os.environ.get("GATEHOUSE_URL"):
        return address(meant)
    if remembered := private.read(folder() / "default"):
        return address(remembered.strip())
    raise Misused("Which portal? Sign in with gatehouse login https://..., or set GATEHOUSE_URL.")


def remember(url: str) -> None:
    """Make a portal the one that is meant when none is named."""
    private.write(folder() / "default", f"{url}\n")


def kept(url: str) -> Path:
    """Return the file of the sign-in at a portal."""
    parts = urlsplit(url)
    return folder() / f"{parts.netloc.translate(str.maketrans(':[]', '___'))}.json"


def machine_token() -> str:
    """Return the token in GATEHOUSE_TOKEN, or in the file that GATEHOUSE_TOKEN_FILE names; else nothing.

    Raises:
        Misused: the file cannot be read.
    """
    if token := os.environ.get("GATEHOUSE_TOKEN", "").strip():
        return token
    if not (path := os.environ.get("GATEHOUSE_TOKEN_FILE")):
        return ""
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except (OSError, ValueError):
        raise Misused(f"GATEHOUSE_TOKEN_FILE names {plain(path)}, which cannot be read.") from None
