"""What makes an AWS account trust the portal: trust policies, and the files that make the roles.

trust_policies  the trust policy of a role, by the trust method of its account
principals      whom roles trust: the hub, the people's own principals, the provider of an issuer
roles           the roles of an account, with what they may do
external_ids    the external id of an account of the hub
documents       what is asked for, and the files that answer it
cloudformation, stack_sets, terraform (by hcl), aws_cli (by shell): the files
creation        the files for accounts of the directory
"""

from __future__ import annotations

from accounts.onboarding.creation import create, everywhere, onboard
from accounts.onboarding.documents import Document, Form, Options
from accounts.onboarding.trust_policies import trust_policy

__all__ = ["Document", "Form", "Options", "create", "everywhere", "onboard", "trust_policy"]
