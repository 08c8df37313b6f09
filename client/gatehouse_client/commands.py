"""What each command does. Results go to standard output, everything else to standard error."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import sys
import time
import webbrowser
from argparse import Namespace
from typing import Any
from urllib.parse import urlencode

from gatehouse_client import (
    aws_config,
    device,
    loopback,
    profiles,
    programs,
    provider,
    searching,
    settings,
    signin,
    visible,
)
from gatehouse_client.errors import CommandFailed, NotSignedIn, UsageError, printable
from gatehouse_client.portal import PortalApi, RoleName, sign_in_settings


def login(options: Namespace) -> None:
    """Sign in; the sign-in is saved once the portal has accepted its token."""
    url = settings.choose_portal(options.url or options.portal)
    how = sign_in_settings(url)
    api = provider.discover(how)
    if options.device or not loopback.has_browser():
        tokens = device.sign_in(api, show=_show_code)
    else:
        tokens = loopback.sign_in(api, show=_open_page)
    me = PortalApi(url, lambda refused: "" if refused else tokens.bearer).me()
    signin.save(signin.from_tokens(url, how, tokens))
    _say(f"Signed in at {url} as {visible.label(me)}.")
    if not tokens.refresh_token:
        _say(
            f"The sign-in ends in {visible.duration(tokens.lifetime)}, on "
            f"{visible.moment(time.time() + tokens.lifetime)}: the identity provider sent no refresh "
            "token. Your portal admins can add offline_access to API_CLIENT_SCOPES."
        )


def logout(options: Namespace) -> None:
    """Sign out here and revoke the tokens at the provider."""
    url = settings.choose_portal(options.url or options.portal)
    revoked = signin.end(url)
    _say(f"Signed out of {url}.")
    if not revoked:
        _say("The identity provider did not revoke the tokens; they expire by themselves.")


def list_roles(options: Namespace) -> None:
    """List the accounts and roles."""
    entitlements, problems = _portal(options).entitlements()
    _warn(problems)
    if options.json:
        print(json.dumps(entitlements, indent=2))
        return
    if not entitlements:
        _say("You have no AWS accounts yet. The start page of the portal says more.")
        return
    rows = [("ACCOUNT", "ID", "ROLE", "FOR")]
    for one in entitlements:
        kinds = ", ".join(kind for kind in ("console", "keys") if one[kind])
        rows.append((one["account_name"], one["account_id"], one["role_name"], kinds))
    widths = [max(len(printable(row[column])) for row in rows) for column in range(4)]
    for row in rows:
        cells = (printable(cell).ljust(width) for cell, width in zip(row, widths, strict=True))
        print("  ".join(cells).rstrip())


def credentials(options: Namespace) -> None:
    """Print keys as a credential_process does."""
    print(profiles.process_output(_keys(_portal(options), options)))


def console(options: Namespace) -> None:
    """Open the portal's console page in the browser, or print AWS's link.

    The browser gets the portal's page and not AWS's link, which is a secret: everybody on the machine
    can read the arguments of a process.
    """
    portal, role = _portal(options), _role(options)
    if options.print:
        link = portal.console(role, destination=options.destination, read_only=options.read_only)
        print(link["url"])
        return
    query = {
        **_account_and_role(portal, role),
        "destination": options.destination,
        "read_only": "1" if options.read_only else "",
    }
    filled = {name: value for name, value in query.items() if value}
    _open_page(f"{portal.url}/console?{urlencode(filled)}")


def execute(options: Namespace) -> None:
    """Run a program with keys in its environment, and the account's region if none is set."""
    if not options.command:
        raise UsageError("Which program? gatehouse exec ACCOUNT ROLE -- aws s3 ls")
    path = programs.find(options.command[0])
    portal = _portal(options)
    keys = _keys(portal, options)
    variables = profiles.variables(keys)
    if not os.environ.get("AWS_REGION") and not os.environ.get("AWS_DEFAULT_REGION"):
        entitlements, _ = portal.entitlements(
            account_id=keys["account_id"], role_name=keys["role_name"]
        )
        if entitlements and (region := entitlements[0]["region"]):
            variables |= dict.fromkeys(("AWS_REGION", "AWS_DEFAULT_REGION"), region)
    programs.run(path, options.command, variables=variables)


def token(options: Namespace) -> None:
    """Print the token for other programs."""
    print(signin.bearer_source(settings.choose_portal(options.portal))(False))


def config(options: Namespace) -> None:
    """Print profiles of one role, of those that a search finds, or of all; or write them into AWS's config file."""
    portal = _portal(options)
    try:
        me = portal.me()
    except NotSignedIn:
        # Somebody at a terminal signs in now; a script is told to.
        if settings.machine_token() or not sys.stdin.isatty():
            raise
        login(Namespace(url=portal.url, portal=None, device=False))
        me = portal.me()
    entitlements, problems = portal.entitlements(kind="keys")
    _warn(problems)
    sso = profiles.sso_settings(me)
    everything = profiles.profiles_of(
        portal.url, entitlements, section=sso.section, sso=options.sso
    )
    chosen = everything
    if options.account or options.role_arn:
        role = _role(options)
        matching = [_matches(one, role) for one in entitlements]
        chosen = [*itertools.compress(chosen, matching)]
    if options.search:
        found = [searching.matches(one, options.search) for one in entitlements]
        chosen = [
            one
            for one, is_found in zip(everything, found, strict=True)
            if is_found and one in chosen
        ]
    if not chosen:
        hint = _letter_case(entitlements, options)
        raise CommandFailed(hint or "You do not have this role with keys. See gatehouse list.")
    shared = sso if options.sso else None
    if options.write:
        # Where the list is not whole, nothing is taken for lost.
        owned = None if problems else {one.role for one in everything}
        written, warnings = aws_config.write(chosen, shared, owned=owned, default=options.default)
        _warn(warnings)
        _say(f"{written} of {len(chosen)} profiles are up to date in {aws_config.path()}.")
        if warnings:
            raise CommandFailed("Some profiles were not changed.")
        return
    existing = aws_config.existing_text(sys.stdout)
    texts, absent, warnings = aws_config.missing(
        existing or "", chosen, shared, default=options.default
    )
    _warn(warnings)
    if texts:
        print(("\n" if existing else "") + "\n\n".join(texts))
    if absent < len(chosen):
        left_out = len(chosen) - absent
        _say(f"{left_out} of {len(chosen)} profiles exist already and are unchanged.")


def _portal(options: Namespace) -> PortalApi:
    url = settings.choose_portal(options.portal)
    advice = f"Sign in again: gatehouse login {url}"
    if settings.machine_token():
        advice = f"The token in GATEHOUSE_TOKEN was refused. Create another at {url}/tokens"
    return PortalApi(url, signin.bearer_source(url), advice=advice)


def _keys(portal: PortalApi, options: Namespace) -> dict[str, Any]:
    tags = dict(options.tags)
    if len(tags) < len(options.tags):
        raise UsageError("A session tag is given twice: each key has one value.")
    try:
        return portal.keys(
            _role(options), duration=options.duration, tags=tags, read_only=options.read_only
        )
    except NotSignedIn:
        raise
    except CommandFailed:
        # The portal must not say whether an account of another name exists. What one has, one may know.
        hint = ""
        with contextlib.suppress(CommandFailed):
            hint = _letter_case(portal.entitlements(kind="keys")[0], options)
        if hint:
            raise CommandFailed(hint) from None
        raise


def _letter_case(entitlements: list[dict[str, Any]], options: Namespace) -> str:
    """Say which role somebody means who wrote its name, or its account's, in another letter case; else ""."""
    if options.role_arn or not options.account:
        return ""
    wanted = (options.account, options.role)
    for one in entitlements:
        exact = (one["account_name"], one["role_name"])
        if options.account == one["account_id"]:
            exact = (one["account_id"], one["role_name"])
        if exact != wanted and [*map(str.casefold, exact)] == [*map(str.casefold, wanted)]:
            return (
                f"There is no {printable(' '.join(wanted))}: upper and lower case count. "
                f"You have {printable(' '.join(exact))}."
            )
    return ""


def _role(options: Namespace) -> RoleName:
    if options.role_arn and not options.account:
        return RoleName(arn=options.role_arn)
    if options.account and options.role and not options.role_arn:
        return RoleName(account=options.account, name=options.role)
    raise UsageError("Which role? Write its account and its name, or --role-arn ARN.")


def _account_and_role(portal: PortalApi, role: RoleName) -> dict[str, str]:
    """Return account id and role name, the parameters of the portal's console page."""
    if account_id := role.parameters.get("account_id"):
        return {"account_id": account_id, "role_name": role.name}
    entitlements, problems = portal.entitlements(kind="console")
    _warn(problems)
    matching = [one for one in entitlements if _matches(one, role)]
    if not matching:
        raise CommandFailed("You do not have this role with the console. See gatehouse list.")
    if len(matching) > 1:
        raise CommandFailed(
            "You have this role in several accounts with this name. Write the account id."
        )
    return {name: matching[0][name] for name in ("account_id", "role_name")}


def _matches(entitlement: dict[str, Any], role: RoleName) -> bool:
    if role.arn:
        return bool(entitlement["role_arn"] == role.arn)
    account = (entitlement["account_id"], entitlement["account_name"])
    return role.account in account and entitlement["role_name"] == role.name


def _open_page(url: str) -> None:
    if loopback.has_browser() and webbrowser.open(url):
        _say(
            f"Opened this page in your browser. If it does not show, open it yourself:\n\n    {url}\n"
        )
    else:
        _say(f"Open this page in a browser:\n\n    {url}\n")


def _show_code(code: device.UserCode) -> None:
    _say(f"Open {code.url} in any browser, and enter\n\n    {code.code}\n")
    if code.complete_url:
        _say(f"Or open {code.complete_url}\n")
    _say("Waiting for you to enter it. Never enter a code that somebody else sent you.")


def _warn(problems: list[str]) -> None:
    for problem in problems:
        _say(f"Note: {problem}")


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
