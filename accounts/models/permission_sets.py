"""Permission sets: roles as they are offered in accounts."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.db.models import Q

from accounts.aws import limits
from accounts.aws.limits import LONGEST_SESSION, SHORTEST_SESSION
from accounts.aws.role_rules import fault_of_name, faults_of_permissions
from accounts.aws.session_rules import LONGEST_CLAIM, faults_of_policies, faults_of_tags
from accounts.models.managed import Managed

IAM_PATH = rf"^{limits.IAM_PATH}\Z"
IAM_ROLE_NAME = rf"^{limits.ROLE_NAME}\Z"
# Seconds. With less, somebody who has just signed in is sent to do so again.
MIN_SIGN_IN_AGE, MAX_SIGN_IN_AGE = 60, 7 * 86400


class PermissionSet(Managed):
    """A role as it is offered in accounts, as in AWS IAM Identity Center."""

    name = models.CharField(
        max_length=limits.LONGEST_ROLE_NAME,
        unique=True,
        validators=[
            RegexValidator(
                IAM_ROLE_NAME,
                "A role name has at most 64 letters, digits and _+=,.@- (no spaces).",
            )
        ],
        help_text="The name of the IAM role in each account, unless an account role has another one.",
    )
    iam_path = models.CharField(
        "IAM path",
        max_length=limits.LONGEST_IAM_PATH,
        default="/",
        validators=[
            RegexValidator(
                IAM_PATH,
                "An IAM path begins and ends with a slash, such as /gatehouse/.",
            )
        ],
    )
    description = models.CharField(max_length=512, blank=True)
    session_duration = models.PositiveIntegerField(
        default=limits.DEFAULT_SESSION,
        validators=[MinValueValidator(SHORTEST_SESSION), MaxValueValidator(LONGEST_SESSION)],
        help_text="The longest session, in seconds: 900 to 43200. At least 3600 where programs get keys: "
        "AWS's tools renew keys 15 minutes before they expire, shorter ones at each call.",
    )
    destination = models.CharField(
        "console destination",
        max_length=2048,
        blank=True,
        help_text="The page that the console opens: an https address of the AWS console.",
    )
    privileged = models.BooleanField(default=False, help_text="Shown apart, with a warning.")
    requires_mfa = models.BooleanField(
        "asks for a second factor",
        default=False,
        help_text="The identity provider must say that the sign-in had one.",
    )
    max_sign_in_age = models.PositiveIntegerField(
        "longest time since the sign-in",
        null=True,
        blank=True,
        validators=[MinValueValidator(MIN_SIGN_IN_AGE), MaxValueValidator(MAX_SIGN_IN_AGE)],
        help_text="In seconds. Whoever signed in at the identity provider earlier has to do so again.",
    )
    console = models.BooleanField("offers the console", default=True)
    keys = models.BooleanField("offers keys", default=True)
    session_tags = models.JSONField(
        "session tags",
        default=list,
        blank=True,
        help_text="Keys of the session tags that people and programs may set, with any value.",
    )
    # What only templates for accounts need.
    role_policy = models.TextField(
        "inline policy", blank=True, help_text="JSON. What the IAM roles may do."
    )
    role_policy_arns = models.JSONField(
        "managed policies",
        default=list,
        blank=True,
        help_text="ARNs of managed policies that the IAM roles have.",
    )
    permissions_boundary = models.CharField(
        max_length=limits.LONGEST_POLICY_ARN,
        blank=True,
        help_text="The ARN of the managed policy that the IAM roles can never exceed.",
    )
    # What only the door needs of a session is not loaded with lists of roles: accounts/directory.py.
    session_name_claim = models.CharField(
        "claim for the session name",
        max_length=LONGEST_CLAIM,
        blank=True,
        help_text="The claim that session names begin with; empty: the e-mail address.",
    )
    source_identity_claim = models.CharField(
        "claim for the source identity",
        max_length=LONGEST_CLAIM,
        blank=True,
        help_text="The claim that the source identity begins with; empty: none is set.",
    )
    claim_tags = models.JSONField(
        "tags from claims",
        default=dict,
        blank=True,
        help_text="Keys of session tags, each with the claim that has its value.",
    )
    transitive_tags = models.JSONField(
        default=list,
        blank=True,
        help_text="Which tags from claims stay when a session enters another role.",
    )
    session_policy = models.TextField(
        blank=True, help_text="JSON. Sessions may do what both the role and this policy allow."
    )
    session_policy_arns = models.JSONField(
        "managed session policies",
        default=list,
        blank=True,
        help_text="ARNs of managed policies that count like the session policy.",
    )
    read_only_policy = models.TextField(
        "read-only policy",
        blank=True,
        help_text="JSON. What a session may do at most if somebody asks for read-only.",
    )
    read_only_policy_arns = models.JSONField(
        "managed read-only policies",
        default=list,
        blank=True,
        help_text="ARNs of managed policies that count like the read-only policy.",
    )

    class Meta:
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(
                condition=Q(
                    session_duration__gte=SHORTEST_SESSION, session_duration__lte=LONGEST_SESSION
                ),
                name="permission_set_duration_in_bounds",
            ),
            models.CheckConstraint(
                condition=Q(max_sign_in_age=None)
                | Q(max_sign_in_age__gte=MIN_SIGN_IN_AGE, max_sign_in_age__lte=MAX_SIGN_IN_AGE),
                name="permission_set_sign_in_age_in_bounds",
            ),
            # Both become part of an ARN.
            models.CheckConstraint(
                condition=Q(iam_path__regex=IAM_PATH), name="permission_set_path_fits_iam"
            ),
            models.CheckConstraint(
                condition=Q(name__regex=IAM_ROLE_NAME), name="permission_set_name_fits_iam"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        """Check that the set offers something, and what it says of its sessions by AWS's rules."""
        complaints: dict[str, str] = {}
        if not (self.console or self.keys):
            complaints["console"] = (
                "Offer the console, keys, or both. A permission set with neither can never be used."
            )
        if fault := fault_of_name(self.name):
            complaints["name"] = fault
        complaints |= faults_of_tags(
            session_tags=self.session_tags,
            claim_tags=self.claim_tags,
            transitive_tags=self.transitive_tags,
        )
        complaints |= faults_of_policies(
            session_policy=self.session_policy,
            session_policy_arns=self.session_policy_arns,
            read_only_policy=self.read_only_policy,
            read_only_policy_arns=self.read_only_policy_arns,
        )
        complaints |= faults_of_permissions(
            role_policy=self.role_policy,
            role_policy_arns=self.role_policy_arns,
            permissions_boundary=self.permissions_boundary,
        )
        if complaints:
            raise ValidationError(complaints)
