"""What each command does. Standard output has what was asked for; what is said about it goes to standard error."""

from __future__ import annotations

import json
import os
import sys
import webbrowser
from argparse import Namespace
from typing import Any
from urllib.parse import urlencode

from gatehouse_client import device, loopback, places, profiles, provider, running, signin
from gatehouse_client.errors import Failed, Misused, plain
from gatehouse_client.portal import Portal, Role, facts


def login(options: Namespace) -> None:
    """Sign in, and keep the sign-in once the portal takes it."""
    url = places.portal(options.url or options.portal)
    known = facts(url)
    found = provider.discover(known)
    if options.device or not loopback.has_browser():
        granted = device.sign_in(found, show=_show_code)
    else:
        granted = loopback.sign_in(found, show=_show_page)
    me = Portal(url, lambda refused: "" if refused else granted.bearer).me()
    signin.keep(signin.begun(url, known, granted))
    _say(f"Signed in at {url} as {plain(me['email'] or me['name'] or me['sub'])}.")
    if not granted.refresh_token:
        _say(
            f"This lasts for {max(1, granted.lifetime // 60)} minutes: the identity provider gives "
            "no refresh token. Whoever runs the portal may add offline_access to API_CLIENT_SCOPES."
        )


def logout(options: Namespace) -> None:
    """Sign out, here and at the provider."""
    url = places.portal(options.url or options.portal)
    given_back = signin.end(url)
    _say(f"Signed out of {url}.")
    if not given_back:
        _say("The identity provider did not take the tokens back; they end by themselves.")


def show(options: Namespace) -> None:
    """List what may be entered."""
    found, problems = _portal(options).entitlements()
    _warn(problems)
    if options.json:
        print(json.dumps(found, indent=2))
        return
    rows = [("ACCOUNT", "ID", "ROLE", "FOR")]
    for one in found:
        ways = [way for way in ("console", "keys") if one[way]]
        rows.append((one["account_name"], one["account_id"], one["role_name"], ", ".join(ways)))
    if not found:
        _say("Nothing is given to you. The portal's start page says why.")
        return
    widths = [max(len(plain(row[column])) for row in rows) for column in range(4)]
    for row in rows:
        cells = (plain(cell).ljust(width) for cell, width in zip(row, widths, strict=True))
        print("  ".join(cells).rstrip())


def credentials(options: Namespace) -> None:
    """Print keys as a credential_process does."""
    keys = _keys(_portal(options), options)
    print(profiles.process_output(keys))


def console(options: Namespace) -> None:
    """Open the console in the browser, or print the link.

    The browser is sent to the portal, not to the link: that is a secret, and what a browser is
    started with can be read by everybody on the machine.
    """
    portal, role = _portal(options), _role(options)
    if options.print:
        print(portal.console(role, destination=options.destination)["url"])
        return
    query = {**_named(portal, role), "destination": options.destination}
    page = f"{portal.url}/console?" + urlencode({k: v for k, v in query.items() if v})
    _show_page(page)


def execute(options: Namespace) -> None:
    """Run a program with keys."""
    if not options.command:
        raise Misused("Which program? gatehouse exec ACCOUNT ROLE -- aws s3 ls")
    path = running.find(options.command[0])
    portal = _portal(options)
    keys = _keys(portal, options)
    added = profiles.variables(keys)
    if not os.environ.get("AWS_REGION") and not os.environ.get("AWS_DEFAULT_REGION"):
        found, _ = portal.entitlements(account_id=keys["account_id"], role_name=keys["role_name"])
        if found and found[0]["region"]:
            added |= dict.fromkeys(("AWS_REGION", "AWS_DEFAULT_REGION"), found[0]["region"])
    running.run(path, options.command, added=added)


def token(options: Namespace) -> None:
    """Print the token, for other programs."""
    print(signin.bearer(places.portal(options.portal))(False))


def config(options: Namespace) -> None:
    """Print profiles for ~/.aws/config: one, or one for each role that gives keys; what is there is left out."""
    portal = _portal(options)
    found, problems = portal.entitlements(kind="keys")
    _warn(problems)
    if options.account or options.role_arn:
        found = [one for one in found if _is(one, _role(options))]
    if not found:
        raise Failed(
            "There is no such role that gives you keys. gatehouse list shows what there is."
        )
    there = profiles.added_to(sys.stdout)
    blocks = profiles.blocks(portal.url, found, but=profiles.names_in(there or ""))
    if blocks:
        print(("\n" if there else "") + "\n\n".join(blocks))
    if len(blocks) < len(found):
        _say(f"{len(found) - len(blocks)} of {len(found)} profiles were there already.")


def _portal(options: Namespace) -> Portal:
    url = places.portal(options.portal)
    advice = f"To sign in again: gatehouse login {url}"
    if places.machine_token():
        advice = f"It is the token in GATEHOUSE_TOKEN; {url}/tokens makes others."
    return Portal(url, signin.bearer(url), advice=advice)


def _keys(portal: Portal, options: Namespace) -> dict[str, Any]:
    tags = dict(options.tags)
    if len(tags) < len(options.tags):
        raise Misused("A session tag is given twice: each key has one value.")
    return portal.keys(_role(options), duration=options.duration, tags=tags)


def _role(options: Namespace) -> Role:
    if options.role_arn and not options.account:
        return Role(arn=options.role_arn)
    if options.account and options.role and not options.role_arn:
        return Role(account=options.account, name=options.role)
    raise Misused("Which role? Write its account and its name, or --role-arn ARN.")


def _named(portal: Portal, role: Role) -> dict[str, str]:
    """Return account id and name of a role, as the portal's pages want it."""
    if asked := role.asked.get("account_id"):
        return {"account_id": asked, "role_name": role.name}
    found, problems = portal.entitlements(kind="console")
    _warn(problems)
    matching = [one for one in found if _is(one, role)]
    if len(matching) != 1:
        raise Failed(
            "You have this role in several accounts of this name. Say which by its id."
            if matching
            else "There is no such role whose console you may open. gatehouse list shows what there is."
        )
    return {name: matching[0][name] for name in ("account_id", "role_name")}


def _is(one: dict[str, Any], role: Role) -> bool:
    if role.arn:
        return bool(one["role_arn"] == role.arn)
    return (
        role.account in (one["account_id"], one["account_name"]) and one["role_name"] == role.name
    )


def _show_page(page: str) -> None:
    if loopback.has_browser() and webbrowser.open(page):
        _say(f"Your browser shows this page; if it does not, open it yourself:\n\n    {page}\n")
    else:
        _say(f"Open this page in a browser:\n\n    {page}\n")


def _show_code(code: device.Code) -> None:
    _say(f"Open {code.address} in any browser, and enter\n\n    {code.code}\n")
    if code.complete:
        _say(f"Or open {code.complete}\n")
    _say("Waiting until you have done so. Enter no code that somebody else sent you.")


def _warn(problems: list[str]) -> None:
    for problem in problems:
        _say(f"Note: {problem}")


def _say(words: str) -> None:
    print(words, file=sys.stderr, flush=True)
