"""The clients that talk to AWS: made once per process, shared by its threads."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from http.cookiejar import DefaultCookiePolicy
from typing import TYPE_CHECKING

import boto3
import botocore.session
import requests
from botocore.config import Config
from botocore.exceptions import BotoCoreError
from requests.adapters import HTTPAdapter

from accounts import __version__
from accounts.aws import failures, meanings, query
from accounts.aws.query import Caller
from accounts.concurrency import THREADS

if TYPE_CHECKING:
    from botocore.credentials import Credentials
    from mypy_boto3_sts import STSClient

USER_AGENT = f"gatehouse/{__version__}"
CONNECT_TIMEOUT, READ_TIMEOUT = 3, 8  # seconds, for each attempt of a boto3 client
# botocore's own pool of 10 makes the other threads open a new connection for each call.
POOL = THREADS

# At DEBUG these three print keys, session tokens and signed requests, whatever the root's level is.
_TALKATIVE = ("boto3", "botocore", "urllib3")

# boto3 reads AWS_DEFAULT_REGION only; every other SDK of AWS, ECS and Lambda say AWS_REGION.
_REGION = ("region", ["AWS_REGION", "AWS_DEFAULT_REGION"], None, None)


def _hush() -> None:
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(logging.WARNING)


_hush()


def sts(region: str = "") -> STSClient:
    """Return the process's STS client for a region; "" is the hub's own region.

    Raises:
        AwsRefused: the hub has no credentials or no region.
        AwsUnavailable: its credentials could not be fetched in time.
    """
    return _clients.sts(region)


def caller(region: str = "") -> Caller:
    """Return what calls STS in a region most often, over the process's kept connections.

    Raises:
        AwsRefused, AwsUnavailable: as `sts`.
    """
    return _clients.caller(region)


def hub_is_chained() -> bool:
    """Whether the hub's own credentials are temporary, so that AWS caps the sessions it opens at 1 hour.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles.html#iam-term-role-chaining

    Raises:
        AwsRefused: the hub has no credentials.
        AwsUnavailable: they could not be fetched in time.
    """
    return _clients.hub_is_chained()


def web() -> requests.Session:
    """Return the process's HTTPS session for AWS endpoints that boto3 does not know.

    It keeps connections, and nothing else: no cookies, no credentials from a netrc file.
    """
    return _clients.web()


def reset() -> None:
    """Forget all clients, so that the next ones are made from the environment as it is then."""
    global _clients
    _clients = _Clients()


class _Clients:
    """Clients are thread-safe, Sessions and the making of clients are not: hence the lock."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._session: boto3.Session | None = None
        self._credentials: Credentials | None = None
        self._sts: dict[str, STSClient] = {}
        self._callers: dict[str, Caller] = {}
        self._web: requests.Session | None = None

    def sts(self, region: str) -> STSClient:
        if (client := self._sts.get(region)) is None:
            with self._lock, _explained():
                if (client := self._sts.get(region)) is None:
                    self._load_credentials()
                    client = self._sts[region] = self._make_sts(region)
        return client

    def caller(self, region: str) -> Caller:
        if (found := self._callers.get(region)) is None:
            client = self.sts(region)
            with self._lock, _explained():
                if (found := self._callers.get(region)) is None:
                    found = self._callers[region] = query.caller(
                        client,
                        credentials=self._load_credentials(),
                        certificates=self._certificates(),
                    )
        return found

    def hub_is_chained(self) -> bool:
        if (credentials := self._credentials) is None:
            with self._lock, _explained():
                credentials = self._load_credentials()
        with _explained():
            return bool(credentials.get_frozen_credentials().token)

    def web(self) -> requests.Session:
        with self._lock:
            if self._web is None:
                self._web = _make_web()
            return self._web

    def _load_credentials(self) -> Credentials:
        # A client made without credentials stays without: none is made before the chain has found some.
        if self._credentials is None:
            self._credentials = self._boto3().get_credentials()
        if self._credentials is None:
            raise meanings.NO_CREDENTIALS.told()
        return self._credentials

    def _make_sts(self, region: str) -> STSClient:
        session = self._boto3()
        region = region or session.region_name or ""
        if not region:
            raise meanings.NO_REGION.told()
        _hush()
        return session.client(
            "sts",
            region_name=region,
            config=Config(
                connect_timeout=CONNECT_TIMEOUT,
                read_timeout=READ_TIMEOUT,
                retries={"mode": "standard", "total_max_attempts": 3},
                max_pool_connections=POOL,
                user_agent_extra=USER_AGENT,
            ),
        )

    def _certificates(self) -> str | None:
        # As botocore: AWS_CA_BUNDLE or the profile's ca_bundle, else what requests is told.
        named: str | None = self._core.get_config_variable("ca_bundle")
        return named or os.environ.get("REQUESTS_CA_BUNDLE")  # noqa: TID251 - no setting of ours

    @cached_property
    def _core(self) -> botocore.session.Session:
        return botocore.session.Session(session_vars={"region": _REGION})

    def _boto3(self) -> boto3.Session:
        if self._session is None:
            self._session = boto3.Session(botocore_session=self._core)
        return self._session


def _make_web() -> requests.Session:
    session = requests.Session()
    # What AWS sets for one person's sign-in must not travel with the next one's.
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    # Without this requests would look for credentials in ~/.netrc.
    session.auth = lambda request: request
    session.headers["User-Agent"] = USER_AGENT
    session.mount("https://", HTTPAdapter(pool_maxsize=POOL))
    session.mount("http://", HTTPAdapter(pool_maxsize=POOL))
    return session


@contextmanager
def _explained() -> Iterator[None]:
    try:
        yield
    except BotoCoreError as error:
        raise failures.explain(error) from None
    except ValueError:
        # botocore on an endpoint that is no URL. Its text quotes it, password and all.
        raise meanings.ENDPOINT.told() from None


_clients = _Clients()
# Connections and locks do not survive a fork.
os.register_at_fork(after_in_child=reset)
