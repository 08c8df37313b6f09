"""Where in the AWS console people may land: an allow-list, never a redirect to elsewhere."""

from __future__ import annotations

import re
from urllib.parse import parse_qsl, unquote, urlsplit

from accounts.aws import clients, partitions
from accounts.aws.limits import ACCOUNT_ID, REGION
from accounts.aws.partitions import GLOBAL, Partition
from accounts.errors import GatehouseError, InvalidRequest
from accounts.messages import Message
from accounts.types import OfferedRole

LONGEST = 2048
_VISIBLE_ASCII = re.compile(r"[!-~]+")
# The whole grammar of what is let through: no userinfo, port, brackets, backslashes or percent
# signs before the path. Browsers (WHATWG URL) and urllib read such a URL's host alike.
_URL = re.compile(r"https://([^/?#]*)(/.*)?", re.IGNORECASE)
_HOST = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)+")
_LONGEST_HOST = 253
# With multi-session support the console's hosts begin with a label of the session: the account's id and
# a few characters, such as 123456789012-abcd1234.eu-west-1.console.aws.amazon.com.
_SESSION = re.compile(rf"({ACCOUNT_ID})-[a-z0-9]+\.")
_REGION_IN_QUERY = re.compile(r"(?<=[?&])(region=)([^&#]*)", re.IGNORECASE)


def landing(*, role: OfferedRole, destination: str = "", region: str = "") -> str:
    """Return where somebody lands: on the page they ask for, else the role's own, else the console's home.

    `region` moves that page to a region. Without it, a page that names a region stays there, and one that
    names none opens in the account's region, else in the portal's own (AWS_REGION).

    Raises:
        InvalidRequest: the destination is not a page of the role's account, or the region none of its partition.
        AwsRefused: the portal does not know the partition.
    """
    target = partitions.find(role.partition)
    if region and not target.has_region(region):
        raise InvalidRequest(
            Message("There is no such region in this account's part of AWS. Choose another one."),
            f"{region!r:.40} is no region of the partition {target.name}",
            code="request.region",
        )
    if destination:
        page = allowed(destination, partition=role.partition, account_id=role.account_id)
    elif role.destination:
        page = allowed(role.destination, partition=role.partition)
    else:
        return target.console_home(region or _default_region(role, target))
    if region:
        return allowed(_moved(page, region, target), partition=role.partition)
    if _regions_of(page):
        return page
    return _moved(page, _default_region(role, target), target)


def _default_region(role: OfferedRole, target: Partition) -> str:
    """Return the account's region, else the portal's own, else the partition's: whichever is of the partition."""
    if target.has_region(role.region):
        return role.region
    try:
        region = clients.hub_region()
    except GatehouseError:
        region = ""  # The portal's own configuration is broken. The door says so.
    return region if target.has_region(region) else target.default_region


def allowed(destination: str, *, partition: str, account_id: str = "") -> str:
    """Return a destination in its normal form, if it is a page of the partition's console.

    It is judged as AWS will see it: decoded once, as it came out of the link's query. The label of a
    multi-session console's host is left out: that session is another browser's, or over.

    Raises:
        InvalidRequest: it is anything else, or was copied from a session of another account than
            `account_id`; the message says which rule it breaks.
        AwsRefused: the portal does not know the partition.
    """
    target = partitions.find(partition)
    if len(destination) > LONGEST:
        raise _refused(Message("it is longer than %(most)s characters", most=str(LONGEST)))
    if not _VISIBLE_ASCII.fullmatch(destination):
        raise _refused(Message("it has spaces, control or non-ASCII characters"))
    if not (url := _URL.fullmatch(destination)):
        raise _refused(
            Message("it does not begin with %(address)s", address=f"https://{target.console}/")
        )
    host, page = url[1].lower(), url[2] or "/"
    if len(host) > _LONGEST_HOST or not _HOST.fullmatch(host):
        raise _refused(
            Message("its host is not a plain name; there can be no user, port or address")
        )
    if not target.has_console(host):
        raise _refused(Message("its host is not %(host)s and not below it", host=target.console))
    if page.startswith("//") or any(c < " " or c in "\\\x7f" for c in unquote(page)):
        raise _refused(Message("its path has doubled slashes or hidden characters"))
    while session := _SESSION.match(host):
        if account_id and session[1] != account_id:
            raise _refused(
                Message(
                    "it was copied from a console session of account %(other)s, and this is account %(account)s",
                    other=session[1],
                    account=account_id,
                )
            )
        host = host[session.end() :]
    _check_regions(host, page, target)
    return f"https://{host}{page}"


def complaint(destination: str) -> str:
    """Say why this is a page of no partition's console, for a place that serves accounts of any; "" if it is."""
    if (url := _URL.fullmatch(destination)) and (session := _SESSION.match(url[1].lower())):
        return (
            f"This was copied from a console session of account {session[1]}. Remove "
            f"“{session[0]}” from its host, so that it fits every account."
        )
    wrong = []
    for partition in partitions.PARTITIONS:
        try:
            allowed(destination, partition=partition)
        except InvalidRequest as refused:
            wrong.append(refused.admin_message.capitalize() + ".")
        else:
            return ""
    return wrong[0]


def _moved(page: str, region: str, target: Partition) -> str:
    """Return an allowed page in another region; a page of a global service stays where it is."""
    named = _regions_of(page)
    if GLOBAL in named:
        return page
    address, hash_, fragment = page.partition("#")
    host, slash, path = address.removeprefix("https://").partition("/")
    labels = [region if re.fullmatch(REGION, label) else label for label in host.split(".")]
    path = _REGION_IN_QUERY.sub(lambda match: match[1] + region, path)
    if target.regional_console and host == target.console:
        labels.insert(0, region)
    if not named:
        # Neither the host nor the query says where: such pages open where the browser was last.
        path += f"{'&' if '?' in path else '?'}region={region}"
    return f"https://{'.'.join(labels)}{slash}{path}{hash_}{fragment}"


def _regions_of(page: str) -> set[str]:
    """Return the regions that an allowed page names in its host and its query; "global" may be one."""
    url = urlsplit(page)
    return {label for label in url.netloc.split(".") if re.fullmatch(REGION, label)} | {
        value
        for key, value in parse_qsl(url.query, keep_blank_values=True)
        if key.lower() == "region"
    }


def _check_regions(host: str, page: str, target: Partition) -> None:
    """Refuse a region of another partition, or of none, in the host or the query."""
    named = _regions_of(f"https://{host}{page}")
    if not all(region == GLOBAL or target.has_region(region) for region in named):
        raise _refused(
            Message(
                "it names a region that is not of the partition %(partition)s",
                partition=target.name,
            )
        )


def _refused(rule: Message) -> InvalidRequest:
    return InvalidRequest(
        Message(
            "The page to open is not a page of this account's AWS console: %(rule)s. "
            "Correct the link, or open the console without it.",
            rule=rule,
        ),
        f"console destination refused: {rule}",
        code="request.destination",
    )
