"""Discovery documents (OpenID Connect Discovery 1.0): read at first use and cached."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings

from accounts.addresses import is_safe_address
from accounts.oidc.cache import CachedValue
from accounts.oidc.errors import ProviderMisconfigured, ProviderUnavailable, misconfigured
from accounts.oidc.provider_http import fetch

log = logging.getLogger(__name__)

LIFETIME = 3600.0
"""Seconds after which the document is read again."""
MAX_DOCUMENT = 256 * 1024
WELL_KNOWN = "/.well-known/openid-configuration"


@dataclass(frozen=True, slots=True)
class ProviderMetadata:
    """What the portal uses of a discovery document (section 3)."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str = ""
    end_session_endpoint: str = ""
    basic_auth: bool = True
    sends_iss: bool = False
    """Whether its answers at the callback hold `iss` (RFC 9207)."""


def provider() -> ProviderMetadata:
    """Return the provider that OIDC_ISSUER names.

    Raises:
        ProviderUnavailable: it does not answer as it should.
        ProviderMisconfigured: OIDC_ISSUER is missing or wrong, or the provider lacks what we need.
    """
    return _cached_provider(settings.OIDC_ISSUER).get()


def jwks_uri_of(issuer: str) -> str:
    """Return where a trusted issuer publishes its keys, by its discovery document.

    `issuer` must come from the configuration, never from a token.

    Raises:
        ProviderUnavailable: it does not answer as it should.
        ProviderMisconfigured: the address is wrong, or is another issuer's.
    """
    return _cached_jwks_uri(issuer).get()


def end_session_origin() -> str:
    """Return the origin people are sent to when they sign out, as a CSP source; "" if not known.

    Never asks the provider: a page must not wait for it.
    """
    metadata = _cached_provider(settings.OIDC_ISSUER).peek()
    return origin_of_url(metadata.end_session_endpoint) if metadata else ""


def origin_of_url(url: str) -> str:
    """Return scheme, host and port of a URL; "" for ""."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}" if url else ""


def clear_cache() -> None:
    """Read the discovery document anew at the next use."""
    _cached_provider.cache_clear()
    _cached_jwks_uri.cache_clear()


def document_url(issuer: str) -> str:
    """Return where an issuer's document is: without the issuer's last slash (section 4.1)."""
    return issuer.removesuffix("/") + WELL_KNOWN


@lru_cache(maxsize=4)
def _cached_provider(issuer: str) -> CachedValue[ProviderMetadata]:
    return CachedValue(partial(_read_provider, issuer), seconds=LIFETIME)


def _read_provider(issuer: str) -> ProviderMetadata:
    try:
        return _discover(issuer)
    except (ProviderUnavailable, ProviderMisconfigured) as error:
        log.warning("%s Nobody can sign in until this is fixed.", error.admin_message)
        raise


@lru_cache(maxsize=64)
def _cached_jwks_uri(issuer: str) -> CachedValue[str]:
    return CachedValue(partial(_read_jwks_uri, issuer), seconds=LIFETIME)


def _read_jwks_uri(issuer: str) -> str:
    name = "the trusted issuer"
    document = _document(issuer, name=name, guarded=True)
    _check_issuer(document, issuer=issuer, name=name)
    return _endpoint(document, "jwks_uri", issuer=issuer)


def _discover(issuer: str) -> ProviderMetadata:
    if not issuer:
        raise misconfigured(
            "OIDC_ISSUER is not set; set it to the address of the identity provider"
        )
    return parse_document(_document(issuer, name="OIDC_ISSUER"), issuer=issuer)


def _document(issuer: str, *, name: str, guarded: bool = False) -> dict[str, Any]:
    if not is_safe_address(issuer) or urlsplit(issuer).query:
        raise misconfigured(f"{name} is not an https address without a query: {issuer:.200}")
    answer = fetch(
        "GET",
        document_url(issuer),
        name=f"the discovery document of {name} {issuer}",
        limit=MAX_DOCUMENT,
        guarded=guarded,
    )
    if answer.status == 404:
        raise misconfigured(f"{name} has no discovery document at {document_url(issuer)}")
    return answer.document()


def _check_issuer(document: dict[str, Any], *, issuer: str, name: str) -> None:
    issuer_there = document.get("issuer")
    if issuer_there != issuer:
        # Section 4.3: letter by letter, a slash at the end included.
        raise misconfigured(
            f"{name} is {issuer}, but the provider there calls itself {issuer_there!r:.200}"
        )


def parse_document(document: dict[str, Any], *, issuer: str) -> ProviderMetadata:
    """Return the provider that a discovery document describes.

    Raises:
        ProviderMisconfigured: it is another issuer's, or the provider lacks what we need.
    """
    _check_issuer(document, issuer=issuer, name="OIDC_ISSUER")
    return ProviderMetadata(
        issuer=issuer,
        authorization_endpoint=_endpoint(document, "authorization_endpoint", issuer=issuer),
        token_endpoint=_endpoint(document, "token_endpoint", issuer=issuer),
        jwks_uri=_endpoint(document, "jwks_uri", issuer=issuer),
        userinfo_endpoint=_endpoint(document, "userinfo_endpoint", issuer=issuer, optional=True),
        end_session_endpoint=_endpoint(
            document, "end_session_endpoint", issuer=issuer, optional=True
        ),
        basic_auth=_uses_basic_auth(document),
        sends_iss=document.get("authorization_response_iss_parameter_supported") is True,
    )


def _endpoint(document: dict[str, Any], name: str, *, issuer: str, optional: bool = False) -> str:
    url = document.get(name)
    if optional and url in (None, ""):
        return ""
    if issuer.startswith("https:") and str(url).startswith("http:"):
        url = None  # Only a provider on this machine may name plain http addresses of it.
    whose = f"OIDC_ISSUER {issuer}" if issuer == settings.OIDC_ISSUER else issuer
    return safe_address(url, name=f"{name} in the discovery document of {whose}")


def safe_address(url: object, *, name: str) -> str:
    """Return an address as it is, if tokens and people may be sent to it.

    Raises:
        ProviderMisconfigured: it is no address, or a plain http one that is not this machine.
    """
    if isinstance(url, str) and is_safe_address(url):
        return url
    raise misconfigured(
        f"{name} is not an https address: {url if isinstance(url, str) else None!r:.200}"
    )


def _uses_basic_auth(document: dict[str, Any]) -> bool:
    """Choose how to send the client secret; refuse a provider that lists its PKCE methods without S256."""
    challenges = document.get("code_challenge_methods_supported")
    if isinstance(challenges, list) and "S256" not in challenges:
        raise misconfigured("the provider of OIDC_ISSUER does not offer PKCE with S256")
    methods = document.get("token_endpoint_auth_methods_supported")
    if not isinstance(methods, list) or "client_secret_basic" in methods:
        return True  # Section 3: the default.
    if "client_secret_post" in methods:
        return False
    raise misconfigured("the provider of OIDC_ISSUER takes no client secret at its token endpoint")
