"""An AWS that means its trust policies, and an issuer of web identity tokens over TLS."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

import boto3
import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet, OctKey, RSAKey
from werkzeug.wrappers import Request, Response

from demo import certificates
from demo.cloud import Cloud
from demo.cloud.issuers import Issuers
from demo.cloud.server import serve
from demo.cloud.token_service import TokenService
from demo.serving import bind
from tests.emulators import aws_environment

HUB_ACCOUNT = "999999999999"


@dataclass(frozen=True)
class StrictAws:
    """The embedded AWS at `url`, and what an AWS admin does there. The portal's own principal is `hub_arn`."""

    url: str
    cloud: Cloud
    hub_arn: str = ""
    _clients: dict[tuple[str, str], Any] = field(default_factory=dict, repr=False)

    def iam(self, account_id: str, *, region: str = "eu-west-1") -> Any:
        """Return a client of IAM for the root user of an account; the region chooses the partition."""
        if (account_id, region) not in self._clients:
            self._clients[account_id, region] = boto3.client(
                "iam",
                endpoint_url=self.url,
                region_name=region,
                aws_access_key_id=account_id,
                aws_secret_access_key="anything",
            )
        return self._clients[account_id, region]

    def create_role(
        self,
        account_id: str,
        name: str,
        trust_policy: dict[str, Any],
        *,
        path: str = "/",
        max_session: int = 3600,
        region: str = "eu-west-1",
    ) -> str:
        """Create a role, or replace the one of this name; return its ARN."""
        iam = self.iam(account_id, region=region)
        try:
            for policy in iam.list_role_policies(RoleName=name)["PolicyNames"]:
                iam.delete_role_policy(RoleName=name, PolicyName=policy)
            iam.delete_role(RoleName=name)
        except iam.exceptions.NoSuchEntityException:
            pass
        created = iam.create_role(
            RoleName=name,
            Path=path,
            AssumeRolePolicyDocument=json.dumps(trust_policy),
            MaxSessionDuration=max_session,
        )
        arn: str = created["Role"]["Arn"]
        return arn

    def create_provider(
        self, account_id: str, url: str, client_ids: Iterable[str], *, region: str = "eu-west-1"
    ) -> str:
        """Create the provider of an issuer, or replace it; return its ARN."""
        iam = self.iam(account_id, region=region)
        for known in iam.list_open_id_connect_providers()["OpenIDConnectProviderList"]:
            if known["Arn"].endswith(f":oidc-provider/{url.removeprefix('https://')}"):
                iam.delete_open_id_connect_provider(OpenIDConnectProviderArn=known["Arn"])
        created = iam.create_open_id_connect_provider(Url=url, ClientIDList=list(client_ids))
        arn: str = created["OpenIDConnectProviderArn"]
        return arn

    def create_user(
        self, account_id: str, name: str, *statements: dict[str, Any]
    ) -> dict[str, str]:
        """Create an IAM user with these statements of policy; return its keys, as boto3's variables."""
        iam = self.iam(account_id)
        iam.create_user(UserName=name)
        iam.put_user_policy(
            UserName=name, PolicyName="own", PolicyDocument=json.dumps(policy(*statements))
        )
        keys = iam.create_access_key(UserName=name)["AccessKey"]
        return {
            "AWS_ACCESS_KEY_ID": keys["AccessKeyId"],
            "AWS_SECRET_ACCESS_KEY": keys["SecretAccessKey"],
        }


def policy(*statements: dict[str, Any]) -> dict[str, Any]:
    """Return a policy document of these statements."""
    return {"Version": "2012-10-17", "Statement": list(statements)}


def allow(*actions: str, **more: Any) -> dict[str, Any]:
    """Return a statement that allows these actions."""
    return {"Effect": "Allow", "Action": list(actions), **more}


@dataclass
class WebIssuer:
    """An issuer of web identity tokens over TLS, a bucket of documents by path. It publishes its own keys at first.

    To have it stand for another issuer, such as the portal, put that one's documents into `documents`.
    """

    url: str = ""
    documents: dict[str, bytes] = field(default_factory=dict)
    keys: dict[str, RSAKey | ECKey] = field(default_factory=dict)
    requests: list[str] = field(default_factory=list)

    def publish(self) -> None:
        """Publish the discovery document and the keys, as they are now."""
        self.documents["/.well-known/openid-configuration"] = json.dumps(
            {"issuer": self.url, "jwks_uri": f"{self.url}/jwks.json"}
        ).encode()
        public = KeySet(list(self.keys.values())).as_dict(private=False)
        self.documents["/jwks.json"] = json.dumps(public).encode()

    def mint(
        self,
        named: Mapping[str, Any] = MappingProxyType({}),
        /,
        *,
        key: RSAKey | ECKey | OctKey | None = None,
        header: dict[str, Any] | None = None,
        without: str = "",
        **claims: Any,
    ) -> str:
        """Return a token of this issuer for 60 seconds, with these claims, `without` one of the usual.

        Claims whose names are no words of Python are `named`; a member of the header that is None is left out.
        """
        now = int(time.time())
        usual = {"iss": self.url, "aud": "sts.amazonaws.com", "iat": now, "exp": now + 60}
        said = {
            name: value for name, value in {**usual, **claims, **named}.items() if name != without
        }
        headed = {"alg": "RS256", "kid": "first", **(header or {})}
        headed = {name: value for name, value in headed.items() if value is not None}
        return jwt.encode(headed, said, key or self.keys["first"], algorithms=[headed["alg"]])

    def __call__(self, environ: Any, start_response: Any) -> Iterable[bytes]:
        path = Request(environ).path
        self.requests.append(path)
        found = self.documents.get(path)
        answer = Response(
            found or b"", 404 if found is None else 200, content_type="application/json"
        )
        return answer(environ, start_response)


@pytest.fixture(scope="session")
def _tls(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return certificates.make(tmp_path_factory.mktemp("issuer"))


@pytest.fixture(scope="session")
def _served_issuer(_tls: tuple[Path, Path]) -> Iterator[WebIssuer]:
    issuer = WebIssuer(keys={"first": RSAKey.generate_key(2048, {"kid": "first"})})
    with bind(issuer, certificate=_tls) as running:
        running.start()
        issuer.url = running.url
        yield issuer


@pytest.fixture
def web_issuer(_served_issuer: WebIssuer) -> WebIssuer:
    """An issuer over TLS whose certificate `strict_aws` trusts, with its own documents."""
    _served_issuer.documents.clear()
    _served_issuer.requests.clear()
    _served_issuer.publish()
    return _served_issuer


@pytest.fixture(scope="session")
def _served_strictly(_tls: tuple[Path, Path]) -> Iterator[tuple[StrictAws, dict[str, str]]]:
    cloud = Cloud(tokens=TokenService(issuers=Issuers(ca_file=str(_tls[0]))))
    with serve(cloud) as running:
        hub_arn = f"arn:aws:iam::{HUB_ACCOUNT}:user/portal"
        strict = StrictAws(url=running.url, cloud=cloud, hub_arn=hub_arn)
        every = allow("sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity", Resource="*")
        yield strict, strict.create_user(HUB_ACCOUNT, "portal", every)


@pytest.fixture
def strict_aws(_served_strictly: tuple[StrictAws, dict[str, str]]) -> Iterator[StrictAws]:
    """The strict AWS, at which the portal's STS clients ask with the keys of the IAM user `hub_arn`."""
    strict, keys = _served_strictly
    services = ("STS", "IAM", "CLOUDTRAIL")
    endpoints = {f"AWS_ENDPOINT_URL_{service}": strict.url for service in services}
    with aws_environment(**endpoints, AWS_SESSION_TOKEN=None, **keys):
        yield strict
