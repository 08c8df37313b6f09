"""Mappings: a claim value gives a permission set in some accounts."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q

from accounts import mapping_values
from accounts.models.directory import UNIT_PATH, Account, Environment, unit_path
from accounts.models.issuers import TrustedIssuer
from accounts.models.managed import Managed
from accounts.models.permission_sets import PermissionSet
from accounts.models.plain_text import plain_path, plain_text
from accounts.patterns import Match
from accounts.vouched_claims import is_email_claim

_MATCH_LABELS = {
    Match.EXACT: "exactly this value",
    Match.WILDCARD: "a value with * in it",
    Match.TEMPLATE: "a template such as aws-{account_id}-{role}",
}


_SPLIT_LABELS = {
    "": "no: each text is one value",
    ";": "at ;",
    ",": "at ,",
    "|": "at |",
    " ": "at spaces",
}


class Mapping(Managed):
    """Claim value -> permission set -> accounts. Without a claim, a value or a target it matches nobody."""

    name = models.CharField(
        max_length=128,
        unique=True,
        validators=[plain_text],
        help_text="What it is for. People see it as the reason for their access.",
    )
    issuer = models.ForeignKey(
        TrustedIssuer,
        db_index=False,  # Both indexes begin with it.
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="mappings",
        help_text="Empty: for people. Otherwise only for the workloads of this issuer.",
    )
    claim = models.CharField(
        max_length=255,
        default="groups",
        help_text="The claim's key as the provider sends it, or a dotted path such as resource_access.portal.roles.",
    )
    split = models.CharField(
        "split texts",
        max_length=1,
        blank=True,
        default="",
        choices=_SPLIT_LABELS.items(),
        help_text="For providers that send several groups as one text, such as a;b.",
    )
    match = models.CharField(
        max_length=16,
        choices=[(match.value, label) for match, label in _MATCH_LABELS.items()],
        default=Match.EXACT.value,
    )
    value = models.CharField(
        max_length=512,
        help_text="The group or role, exactly as the provider sends it.",
    )
    permission_set = models.ForeignKey(
        PermissionSet,
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="mappings",
        help_text="Leave empty only if a template names it with {role}.",
    )
    console = models.BooleanField("gives the console", default=True)
    keys = models.BooleanField("gives keys", default=True)
    enabled = models.BooleanField(default=True)
    expires_at = models.DateTimeField(
        null=True, blank=True, help_text="After that it gives nothing."
    )

    class Meta:
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(
                condition=~Q(claim="") & ~Q(value="") & ~Q(name=""),
                name="mapping_is_not_empty",
            ),
            models.CheckConstraint(
                condition=Q(match__in=[match.value for match in Match]),
                name="mapping_match_is_known",
            ),
            models.CheckConstraint(
                condition=Q(split__in=list(_SPLIT_LABELS)), name="mapping_split_is_known"
            ),
            models.CheckConstraint(
                condition=Q(permission_set__isnull=False)
                | Q(match=Match.TEMPLATE.value, value__contains="{role}"),
                name="mapping_has_a_permission_set",
            ),
        ]
        indexes = [
            models.Index(fields=["issuer", "match", "claim", "value"], name="mapping_by_value"),
            models.Index(
                fields=["issuer", "claim"], condition=Q(split__gt=""), name="mapping_that_splits"
            ),
            # All that it takes to say which claims are in use: the table itself is not looked at.
            models.Index(
                fields=["issuer", "enabled", "claim", "expires_at"], name="mapping_in_use"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @classmethod
    def of_emails(cls) -> list[str]:
        """Return the names of the enabled mappings that give people access by an e-mail address."""
        names = cls.objects.filter(issuer=None, enabled=True).values_list("name", "claim")
        return [name for name, claim in names if is_email_claim(claim)]

    def clean(self) -> None:
        """Check that the value can match somebody and that the mapping gives something."""
        if self.match in list(Match):
            fault = mapping_values.fault(
                match=Match(self.match),
                value=self.value,
                has_permission_set=self.permission_set_id is not None,
            )
            if fault:
                raise ValidationError({"value": fault})
        if self.split and self.split in self.value:
            raise ValidationError(
                {
                    "value": f"The claim's texts are split at “{self.split}”, so no value of it has one: "
                    "name one part."
                }
            )
        if not (self.console or self.keys):
            raise ValidationError(
                {
                    "console": "Give the console, keys, or both. A mapping with neither gives nothing."
                }
            )


class TargetKind(models.TextChoices):
    """How a target names accounts."""

    ALL = "all", "all accounts"
    ACCOUNT = "account", "one account"
    UNIT = "unit", "an organizational unit and those below it"
    ENVIRONMENT = "environment", "an environment"
    TAG = "tag", "a tag"


class MappingTarget(models.Model):
    """Some of the accounts that a mapping reaches. The targets of a mapping add up."""

    mapping = models.ForeignKey(Mapping, on_delete=models.CASCADE, related_name="targets")
    kind = models.CharField(max_length=16, choices=TargetKind)
    account = models.ForeignKey(Account, null=True, blank=True, on_delete=models.CASCADE)
    environment = models.ForeignKey(Environment, null=True, blank=True, on_delete=models.CASCADE)
    unit = models.CharField(
        "organizational unit", max_length=255, blank=True, validators=[unit_path, plain_path]
    )
    tag_key = models.CharField(max_length=128, blank=True)
    tag_value = models.CharField(max_length=256, blank=True)

    class Meta:
        ordering = ["kind", "id"]
        constraints = [
            models.CheckConstraint(
                name="mapping_target_names_one_thing",
                condition=Q(
                    kind=TargetKind.ALL,
                    account=None,
                    environment=None,
                    unit="",
                    tag_key="",
                    tag_value="",
                )
                | (
                    Q(
                        kind=TargetKind.ACCOUNT,
                        account__isnull=False,
                        environment=None,
                        unit="",
                        tag_key="",
                        tag_value="",
                    )
                )
                | (
                    Q(
                        kind=TargetKind.ENVIRONMENT,
                        environment__isnull=False,
                        account=None,
                        unit="",
                        tag_key="",
                        tag_value="",
                    )
                )
                | (
                    Q(
                        kind=TargetKind.UNIT,
                        account=None,
                        environment=None,
                        tag_key="",
                        tag_value="",
                    )
                    & ~Q(unit="")
                )
                | (
                    Q(kind=TargetKind.TAG, account=None, environment=None, unit="") & ~Q(tag_key="")
                ),
            ),
            models.CheckConstraint(
                condition=Q(unit="") | Q(unit__regex=UNIT_PATH),
                name="mapping_target_unit_is_a_path",
            ),
        ]

    def __str__(self) -> str:
        match self.kind:
            case TargetKind.ACCOUNT:
                return str(self.account)
            case TargetKind.ENVIRONMENT:
                return f"environment {self.environment}"
            case TargetKind.UNIT:
                return f"unit {self.unit}"
            case TargetKind.TAG:
                return f"tag {self.tag_key}={self.tag_value}"
        return "all accounts"

    def clean(self) -> None:
        """Check that exactly the fields of this kind are filled in; say at which field it is wrong."""
        given = {
            "account": self.account_id is not None,
            "environment": self.environment_id is not None,
            "unit": bool(self.unit),
            "tag_key": bool(self.tag_key),
            "tag_value": bool(self.tag_value),
        }
        own = _NAMED_BY.get(self.kind, ())
        complaints = {
            name: "Fill in only what this kind of target names; add another target for the rest."
            for name, is_given in given.items()
            if is_given and name not in own
        }
        if own and not given[own[0]]:
            complaints[own[0]] = f"Say which: a target by {self.kind} needs one."
        if complaints:
            raise ValidationError(complaints)


# The columns that each kind of target names accounts by; the first must be filled in.
_NAMED_BY: dict[str, tuple[str, ...]] = {
    TargetKind.ACCOUNT: ("account",),
    TargetKind.UNIT: ("unit",),
    TargetKind.ENVIRONMENT: ("environment",),
    TargetKind.TAG: ("tag_key", "tag_value"),
}
