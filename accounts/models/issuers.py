"""Trusted issuers: their programs may use the API with their own tokens, such as those of a CI system."""

from __future__ import annotations

from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q

from accounts.addresses import is_safe_address
from accounts.models.managed import Managed
from accounts.models.plain_text import plain_text


class Algorithm(models.TextChoices):
    """Signature algorithms with a public key (RFC 7518, RFC 8037); never those with a shared secret."""

    RS256 = "RS256", "RS256"
    RS384 = "RS384", "RS384"
    RS512 = "RS512", "RS512"
    PS256 = "PS256", "PS256"
    PS384 = "PS384", "PS384"
    PS512 = "PS512", "PS512"
    ES256 = "ES256", "ES256"
    ES384 = "ES384", "ES384"
    ES512 = "ES512", "ES512"
    EDDSA = "EdDSA", "EdDSA"
    ED25519 = "Ed25519", "Ed25519"


class TrustedIssuer(Managed):
    """An OpenID Connect issuer of workloads. Only mappings that name it apply to its tokens."""

    name = models.CharField(
        max_length=128, unique=True, validators=[plain_text], help_text="For people to read."
    )
    url = models.CharField(
        "issuer",
        max_length=255,
        unique=True,
        help_text="Exactly as in the tokens' iss, such as https://token.actions.githubusercontent.com.",
    )
    audiences = models.JSONField(
        help_text="The tokens' aud must be one of these. Do not use an audience of another service."
    )
    algorithm = models.CharField(
        max_length=16,
        choices=Algorithm,
        default=Algorithm.RS256,
        help_text="The only algorithm its tokens may be signed with.",
    )
    enabled = models.BooleanField(default=True)

    class Meta:
        verbose_name = "trusted issuer"
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(
                condition=~Q(name="") & ~Q(url=""), name="trusted_issuer_is_not_empty"
            ),
            models.CheckConstraint(
                condition=Q(algorithm__in=Algorithm.values),
                name="trusted_issuer_algorithm_is_known",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        """Check the address, that it is not the people's provider or the portal, and the audiences."""
        complaints: dict[str, str] = {}
        if self.url and not (is_safe_address(self.url) and not urlsplit(self.url).query):
            complaints["url"] = (
                "Enter an https address without a query, exactly as in the tokens' iss."
            )
        elif self.url in (settings.OIDC_ISSUER, settings.BASE_URL, settings.TRUST_ISSUER):
            complaints["url"] = (
                "The identity provider of people (OIDC_ISSUER) and the portal itself cannot be an issuer "
                "of workloads: people and workloads could not be told apart."
            )
        if (
            not isinstance(self.audiences, list)
            or not self.audiences
            or not all(isinstance(one, str) and one for one in self.audiences)
        ):
            complaints["audiences"] = "Enter at least one audience, each as text."
        if complaints:
            raise ValidationError(complaints)
