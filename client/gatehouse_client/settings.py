"""The portal's URL, the folder of the saved sign-ins, and the environment variables."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import urlsplit

from gatehouse_client import private_files, transport
from gatehouse_client.errors import UsageError, printable


def home_folder() -> Path:
    """Return the folder of the saved sign-ins: GATEHOUSE_HOME, else ~/.gatehouse."""
    return Path(os.environ.get("GATEHOUSE_HOME") or Path.home() / ".gatehouse")


def portal_url(text: str) -> str:
    """Return a portal's URL in its normal form: scheme and host, https if there is no scheme.

    Raises:
        UsageError: it is no URL of a portal, or one that tokens must not be sent to.
    """
    full = text if "://" in text else f"https://{text}"
    try:
        parts = urlsplit(full)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        host, port = "", None
    if not host or parts.query or parts.fragment or parts.path.rstrip("/") not in ("", "/start"):
        raise UsageError(
            f"{printable(text)} is not the address of a portal. Write https:// and its host only."
        )
    if not transport.is_safe_url(full):
        raise UsageError(f"{printable(text)} is refused: a portal must use https.")
    default_port = {"https": 443, "http": 80}[parts.scheme]
    name = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{name}" + (f":{port}" if port not in (None, default_port) else "")


def choose_portal(typed: str | None) -> str:
    """Return the URL of the portal to use: the typed one, GATEHOUSE_URL, or the one of the latest sign-in.

    Raises:
        UsageError: there is none.
    """
    if text := typed or os.environ.get("GATEHOUSE_URL"):
        return portal_url(text)
    if remembered := private_files.read(home_folder() / "default"):
        return portal_url(remembered.strip())
    raise UsageError(
        "Which portal? Sign in with gatehouse login https://..., or set GATEHOUSE_URL."
    )


def remember_portal(url: str) -> None:
    """Make a portal the default."""
    private_files.write(home_folder() / "default", f"{url}\n")


def sign_in_file(url: str) -> Path:
    """Return the file of the saved sign-in at a portal."""
    parts = urlsplit(url)
    return home_folder() / f"{parts.netloc.translate(str.maketrans(':[]', '___'))}.json"


def machine_token() -> str:
    """Return the token in GATEHOUSE_TOKEN or in the file named by GATEHOUSE_TOKEN_FILE, else "".

    Raises:
        UsageError: the file cannot be read.
    """
    if token := os.environ.get("GATEHOUSE_TOKEN", "").strip():
        return token
    if not (path := os.environ.get("GATEHOUSE_TOKEN_FILE")):
        return ""
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except (OSError, ValueError):
        raise UsageError(
            f"GATEHOUSE_TOKEN_FILE names {printable(path)}, which cannot be read."
        ) from None
