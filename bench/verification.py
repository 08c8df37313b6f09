"""What the portal's verification of a token of 200 groups takes, beside its signature alone."""

from __future__ import annotations

import base64
import time
from collections.abc import Callable

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from django.utils import timezone

from accounts.oidc import bearer_jwts
from bench.report import Found
from bench.tokens import MANY, Issuer

TIMES, TURNS = 100, 20


class Comparison:
    """Both by turns, in short series: the shortest counts, for everything else is other work of the machine."""

    def __init__(self, issuer: Issuer) -> None:
        token = issuer.token(MANY)
        self.size = len(token)
        now = timezone.now()
        signed, _, signature = token.rpartition(".")
        bare, text = base64.urlsafe_b64decode(signature + "=="), signed.encode()
        key = issuer.key.public_key
        assert isinstance(key, rsa.RSAPublicKey)
        self._ways: dict[str, Callable[[], object]] = {
            "portal": lambda: bearer_jwts.verify(token, now=now),
            "signature alone": lambda: key.verify(bare, text, padding.PKCS1v15(), hashes.SHA256()),
        }
        self._shortest = dict.fromkeys(self._ways, float("inf"))

    def measure(self) -> None:
        """Take a round."""
        for _ in range(TURNS):
            for name, way in self._ways.items():
                self._shortest[name] = min(self._shortest[name], _each(way))

    def found(self) -> Found:
        """Return the microseconds of each, and the token's bytes."""
        return {**self._shortest, "(bytes of the token)": float(self.size)}


def _each(way: Callable[[], object]) -> float:
    begun = time.perf_counter()
    for _ in range(TIMES):
        way()
    return (time.perf_counter() - begun) / TIMES * 1e6
