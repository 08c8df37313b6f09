"""The admin's page Health: how soon access ends with this provider, in one sentence, and the state of each part."""

from __future__ import annotations

from django.conf import settings
from django.contrib.admin import AdminSite
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse

from accounts import durations, reverification
from accounts.models import Account, AuditEvent, SignIn
from accounts.models.audit import Action
from accounts.models.audit_batches import AuditBatch
from accounts.moments import in_words
from accounts.trust.hub import partitions_without_hub
from portal import health, proxies

_AWS_ANSWERED = (Action.KEYS_ISSUED, Action.CONSOLE_ISSUED)


def health_page(request: HttpRequest, site: AdminSite) -> HttpResponse:
    """Show both, for portal admins and auditors; the sentence is about what the latest sign-in brought."""
    latest = (
        SignIn.objects.filter(person__issuer=settings.OIDC_ISSUER).order_by("-started_at").first()
    )
    context = {
        **site.each_context(request),
        "title": "Health",
        "access_ends": reverification.in_one_sentence(latest),
        "parts": {
            "Database": health.database(),
            "Identity provider": health.identity_provider(),
            "AWS": _aws(),
            "Age of claims": _claims_age(latest),
            "Signing key": health.signing_key(),
            "Jobs": health.waiting_jobs(),
            "Proxies in front": proxies.verdict(),
            "Audit trail": _audit_chain(),
        },
    }
    return TemplateResponse(request, "admin/health.html", context)


def _aws() -> str:
    """Return where no role can be assumed, or when AWS last gave a session: AWS itself is not asked."""
    if without := partitions_without_hub(Account.partitions_of_hub()):
        return "; ".join(f"{partition}: {reason}" for partition, reason in without.items())
    last = AuditEvent.objects.filter(action__in=_AWS_ANSWERED).order_by("-at", "-id").first()
    if last is None:
        return "not asked yet"
    return f"ok: the last session was given on {in_words(last.at)}"


def _claims_age(latest: SignIn | None) -> str:
    """Return how old claims may become, and how old those of the latest sign-in are."""
    most = f"verified again after {durations.in_words(settings.CLAIMS_MAX_AGE)}"
    if latest is None:
        return f"{most}; nobody has signed in yet"
    return f"{most}; those of the latest sign-in are of {in_words(latest.verified_at)}"


def _audit_chain() -> str:
    """Return how far the audit trail is sealed; reading the chain again is for `manage.py verify_audit`."""
    last = AuditBatch.objects.defer("entries").order_by("-number").first()
    after = 0 if last is None else last.last_id
    unsealed = f"{AuditEvent.objects.filter(id__gt=after).count():,} rows wait to be sealed"
    if last is None:
        return f"{unsealed}; none is sealed yet: does manage.py work run?"
    return (
        f"sealed up to row {last.last_id:,} on {in_words(last.sealed_at)}; {unsealed}. "
        "manage.py verify_audit reads all of it again"
    )
