"""The pages name what is there: links, files and symbols."""

from __future__ import annotations

import importlib
import re
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
PAGES = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("client/*.md")]


def anchors(page: Path) -> set[str]:
    """The anchors of a page: those written out, and those that GitHub makes of headings."""
    text = page.read_text()
    headings = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    made = {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
    return made | set(re.findall(r'<a id="([^"]+)">', text))


def exists(name: str) -> bool:
    """Whether a dotted name is that of a module or of something in one."""
    parts = name.split(".")
    for end in range(len(parts), 0, -1):
        try:
            found: Any = importlib.import_module(".".join(parts[:end]))
        except ImportError:
            continue
        for part in parts[end:]:
            found = getattr(found, part, None)
        return found is not None
    return False


def test_links_between_pages_lead_somewhere() -> None:
    broken = []
    for page in PAGES:
        for link in re.findall(r"\]\(([^)\s]+)\)", page.read_text()):
            path, _, anchor = link.partition("#")
            target = (page.parent / path).resolve() if path else page
            if link.startswith("http"):
                continue
            if not target.exists() or (anchor and anchor not in anchors(target)):
                broken.append(f"{page.relative_to(ROOT)}: {link}")

    assert broken == []


def test_architecture_and_glossary_name_modules_and_symbols_that_exist() -> None:
    for name in ("architecture.md", "glossary.md"):
        text = (ROOT / "docs" / name).read_text()
        symbols = set(re.findall(r"`((?:accounts|portal|demo)\.[\w.]+)`", text))
        files = set(re.findall(r"`((?:accounts|portal|demo|deploy|tests)/[\w./]*)`", text))

        assert symbols
        assert [symbol for symbol in sorted(symbols) if not exists(symbol)] == []
        assert [file for file in sorted(files) if not (ROOT / file).exists()] == []
