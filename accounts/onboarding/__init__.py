"""What makes an AWS account trust the portal.

trust_policies  the trust policy of a role, by the trust method of its account
principals      whom roles trust: the hub, the people's own principals, the provider of an issuer
"""

from __future__ import annotations

from accounts.onboarding.trust_policies import trust_policy

__all__ = ["trust_policy"]
