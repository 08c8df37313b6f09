"""The directory: environments, AWS accounts, and which permission set is offered in which account."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q

from accounts.aws import limits
from accounts.aws.role_rules import fault_of_name
from accounts.aws.subjects import fault_of_subjects
from accounts.models.managed import Managed
from accounts.models.permission_sets import IAM_ROLE_NAME, PermissionSet
from accounts.models.plain_text import plain_path, plain_text

ACCOUNT_ID = rf"^{limits.ACCOUNT_ID}\Z"
REGION = rf"^{limits.REGION}\Z"
EXTERNAL_ID = rf"^{limits.EXTERNAL_ID}\Z"
_EXTERNAL_ID_OF_ANY_LENGTH = rf"^{limits.EXTERNAL_ID_OF_ANY_LENGTH}\Z"
ENVIRONMENT_NAME = r"^[a-z0-9][a-z0-9-]*\Z"
UNIT_PATH = r"^[^/]+(/[^/]+)*\Z"

unit_path = RegexValidator(UNIT_PATH, "Write units as a path: Workloads/Payments.")


class PartitionName(models.TextChoices):
    """AWS partitions: separate, each with its own consoles and credentials."""

    AWS = "aws", "AWS"
    GOVCLOUD = "aws-us-gov", "AWS GovCloud (US)"
    CHINA = "aws-cn", "AWS China"
    EUROPE = "aws-eusc", "AWS European Sovereign Cloud"


class TrustMethod(models.TextChoices):
    """How keys are obtained for an account."""

    HUB = "hub", "hub: AssumeRole by the portal's own principal"
    USER_TOKEN = "user-token", "user-token: the person's own ID token"
    PORTAL_TOKEN = "portal-token", "portal-token: a token that the portal signs"
    SWITCH_ROLE = "switch-role", "switch-role: a link to AWS, without keys"


class Colour(models.TextChoices):
    """The colours that the stylesheet has for environments."""

    RED = "red"
    AMBER = "amber"
    GREEN = "green"
    BLUE = "blue"
    VIOLET = "violet"
    GREY = "grey"


class Environment(Managed):
    """What accounts are for: production, staging, ..."""

    name = models.CharField(
        max_length=64,
        unique=True,
        validators=[RegexValidator(ENVIRONMENT_NAME, "Lower-case letters, digits and hyphens.")],
    )
    label = models.CharField(max_length=64, validators=[plain_text], help_text="As people see it.")
    colour = models.CharField(max_length=16, choices=Colour, default=Colour.GREY)

    class Meta:
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(
                condition=Q(name__regex=ENVIRONMENT_NAME), name="environment_name_is_plain"
            ),
            models.CheckConstraint(condition=~Q(label=""), name="environment_has_a_label"),
            models.CheckConstraint(
                condition=Q(colour__in=Colour.values), name="environment_colour_is_known"
            ),
        ]

    def __str__(self) -> str:
        return self.label


class Account(Managed):
    """An AWS account."""

    account_id = models.CharField(
        "account id",
        max_length=12,
        unique=True,
        validators=[
            RegexValidator(
                ACCOUNT_ID,
                "An AWS account id has exactly 12 digits, leading zeros included.",
            )
        ],
    )
    name = models.CharField(max_length=128, validators=[plain_text])
    partition = models.CharField(max_length=16, choices=PartitionName, default=PartitionName.AWS)
    environment = models.ForeignKey(
        Environment,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="accounts",
    )
    organizational_unit = models.CharField(
        max_length=255,
        blank=True,
        validators=[unit_path, plain_path],
        help_text="A path from the root, such as Workloads/Payments.",
    )
    tags = models.JSONField(
        default=dict,
        blank=True,
        help_text="Keys and values as text. Mappings can target them.",
    )
    region = models.CharField(
        "default region",
        max_length=32,
        blank=True,
        validators=[RegexValidator(REGION, "A region looks like eu-west-1.")],
    )
    trust_method = models.CharField(
        max_length=16,
        choices=TrustMethod,
        default=TrustMethod.HUB,
        help_text="portal-token: best for most, no AWS keys anywhere and sessions of up to 12 hours. hub: where AWS cannot "
        "reach this portal's key set; often limited to 1 hour. user-token: the identity provider alone decides who gets "
        "in. switch-role: accounts that give this portal no access; no keys.",
    )
    external_id = models.CharField(
        "external id",
        max_length=limits.LONGEST_EXTERNAL_ID,
        blank=True,
        validators=[
            RegexValidator(EXTERNAL_ID, "STS takes 2 to 1224 letters, digits and _+=,.@:/-.")
        ],
        help_text="The sts:ExternalId that the account's roles require, if any. Only for the trust method hub.",
    )
    revoker_external_id = models.CharField(
        max_length=limits.LONGEST_EXTERNAL_ID,
        blank=True,
        editable=False,
        help_text="What the account's revoker role demands; templates bring it.",
    )
    active = models.BooleanField(
        default=True, help_text="Nobody can use an account that is not active."
    )
    # What AWS Organizations says of the account: `accounts.from_aws`.
    organization = models.CharField(
        max_length=34, blank=True, help_text="The id of its organization at AWS: o-…"
    )
    state = models.CharField(
        "state at AWS",
        max_length=32,
        blank=True,
        help_text="ACTIVE, SUSPENDED, CLOSED, …: as AWS Organizations says.",
    )
    email = models.CharField(
        "e-mail",
        max_length=254,
        blank=True,
        validators=[plain_text],
        help_text="The address of the account's root user.",
    )

    class Meta:
        ordering = ["name", "account_id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(account_id__regex=ACCOUNT_ID),
                name="account_id_has_12_digits",
            ),
            models.CheckConstraint(
                condition=Q(partition__in=PartitionName.values),
                name="account_partition_is_known",
            ),
            models.CheckConstraint(
                condition=Q(trust_method__in=TrustMethod.values),
                name="account_trust_method_is_known",
            ),
            models.CheckConstraint(condition=~Q(name=""), name="account_has_a_name"),
            models.CheckConstraint(
                condition=Q(organizational_unit="") | Q(organizational_unit__regex=UNIT_PATH),
                name="account_unit_is_a_path",
            ),
            models.CheckConstraint(
                condition=Q(region="") | Q(region__regex=REGION), name="account_region_is_one"
            ),
            models.CheckConstraint(
                condition=Q(external_id="") | Q(external_id__regex=_EXTERNAL_ID_OF_ANY_LENGTH),
                name="account_external_id_fits_sts",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.account_id})"

    @classmethod
    def partitions_of_hub(cls) -> set[str]:
        """Return the partitions of the active accounts that need a hub."""
        rows = cls.objects.filter(active=True, trust_method=TrustMethod.HUB).order_by()
        return set(rows.values_list("partition", flat=True).distinct())

    @classmethod
    def uses(cls, method: TrustMethod) -> bool:
        """Whether an active account has this trust method."""
        return cls.objects.filter(active=True, trust_method=method).exists()

    def clean(self) -> None:
        """Check the tags (keys and values of text), and that the external id would be sent."""
        complaints = {}
        if self.external_id and self.trust_method != TrustMethod.HUB:
            complaints["external_id"] = (
                "Only the trust method hub sends an external id: AWS takes none from the others. Leave it empty."
            )
        if not isinstance(self.tags, dict) or not all(
            key
            and isinstance(value, str)
            and len(key) <= limits.LONGEST_TAG_KEY
            and len(value) <= limits.LONGEST_TAG_VALUE
            for key, value in self.tags.items()
        ):
            complaints["tags"] = (
                "Tags are pairs of text: a key of 1 to 128 characters, a value of up to 256."
            )
        if complaints:
            raise ValidationError(complaints)


class AccountRole(models.Model):
    """A permission set in an account: an IAM role that a mapping can give."""

    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="roles")
    permission_set = models.ForeignKey(
        PermissionSet, on_delete=models.CASCADE, related_name="account_roles"
    )
    iam_role_name = models.CharField(
        "IAM role name",
        max_length=limits.LONGEST_ROLE_NAME,
        blank=True,
        validators=[
            RegexValidator(
                IAM_ROLE_NAME,
                "An IAM role name has at most 64 letters, digits and _+=,.@-.",
            )
        ],
        help_text="If the role in this account is not named like the permission set.",
    )
    subjects = models.JSONField(
        default=list,
        blank=True,
        help_text="Only for the trust method user-token: the sub of each person whose ID token opens the role.",
    )

    class Meta:
        ordering = ["account", "permission_set"]
        constraints = [
            models.UniqueConstraint(
                fields=["account", "permission_set"],
                name="permission_set_once_per_account",
            ),
            models.CheckConstraint(
                condition=Q(iam_role_name="") | Q(iam_role_name__regex=IAM_ROLE_NAME),
                name="account_role_name_fits_iam",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.permission_set} in {self.account}"

    def clean(self) -> None:
        """Check the name, and the subjects by what a condition of a trust policy can say."""
        if fault := fault_of_name(self.iam_role_name):
            raise ValidationError({"iam_role_name": fault})
        if fault := fault_of_subjects(self.subjects):
            raise ValidationError({"subjects": fault})

    @property
    def arn(self) -> str:
        name = self.iam_role_name or self.permission_set.name
        return f"arn:{self.account.partition}:iam::{self.account.account_id}:role{self.permission_set.iam_path}{name}"
