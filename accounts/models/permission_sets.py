"""Permission sets: roles as they are offered in accounts."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.db.models import Q

from accounts.aws import limits
from accounts.aws.limits import LONGEST_SESSION, SHORTEST_SESSION
from accounts.aws.session_tags import fault_of_keys

IAM_PATH = rf"^{limits.IAM_PATH}\Z"
IAM_ROLE_NAME = rf"^{limits.ROLE_NAME}\Z"


class PermissionSet(models.Model):
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
    console = models.BooleanField("offers the console", default=True)
    keys = models.BooleanField("offers keys", default=True)
    session_tags = models.JSONField(
        "session tags",
        default=list,
        blank=True,
        help_text="Keys of the session tags that people and programs may set, with any value.",
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
        """Check that the set offers something, and its session tags by AWS's rules."""
        complaints: dict[str, str] = {}
        if not (self.console or self.keys):
            complaints["console"] = (
                "Offer the console, keys, or both. A permission set with neither can never be used."
            )
        if not isinstance(self.session_tags, list) or not all(
            isinstance(key, str) for key in self.session_tags
        ):
            complaints["session_tags"] = "Session tags are a list of keys, each as text."
        elif fault := fault_of_keys(self.session_tags):
            complaints["session_tags"] = fault
        if complaints:
            raise ValidationError(complaints)
