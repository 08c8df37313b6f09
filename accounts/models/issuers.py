"""Trusted issuers: whose programs may come with a token of their own, such as a CI system's."""

from __future__ import annotations

from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q

from accounts.addresses import is_safe_address


class Algorithm(models.TextChoices):
    """What tokens may be signed with (RFC 7518, RFC 8037): a public key each, never a shared secret."""

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


class TrustedIssuer(models.Model):
    """An OpenID Connect issuer of workloads. Its tokens open the API, and only mappings that name it count."""

    name = models.CharField(max_length=128, unique=True, help_text="As people call it.")
    url = models.CharField(
        "issuer",
        max_length=255,
        unique=True,
        help_text="Letter by letter as the tokens' iss, such as https://token.actions.githubusercontent.com.",
    )
    audiences = models.JSONField(
        help_text="Whom the tokens must be for (aud): any one of these. Let no other service use it."
    )
    algorithm = models.CharField(
        max_length=16,
        choices=Algorithm,
        default=Algorithm.RS256,
        help_text="The one algorithm its tokens may be signed with.",
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
        """The name."""
        return self.name

    def clean(self) -> None:
        """Refuse an address that is none, the people's provider, and a token that could be for anybody."""
        complaints: dict[str, str] = {}
        if self.url and not (is_safe_address(self.url) and not urlsplit(self.url).query):
            complaints["url"] = (
                "Write an https address without a query, letter by letter as the tokens' iss."
            )
        elif self.url in (settings.OIDC_ISSUER, settings.BASE_URL):
            complaints["url"] = (
                "The people's own identity provider (OIDC_ISSUER) and the portal itself cannot be "
                "an issuer of workloads: it could not be told who is who."
            )
        if (
            not isinstance(self.audiences, list)
            or not self.audiences
            or not all(isinstance(one, str) and one for one in self.audiences)
        ):
            complaints["audiences"] = "Name at least one audience, each as text."
        if complaints:
            raise ValidationError(complaints)
