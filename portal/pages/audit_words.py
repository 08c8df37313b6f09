"""Actions and outcomes of the audit trail in the reader's language; the trail itself is in English."""

from __future__ import annotations

from django.utils.translation import gettext_lazy

from accounts.models.audit import Action, AuditOutcome

# In the words of `Action` and `AuditOutcome`, which a test compares: `make messages` collects literals only.
ACTIONS = {
    Action.KEYS_ISSUED: gettext_lazy("Keys issued"),
    Action.KEYS_DENIED: gettext_lazy("Keys denied"),
    Action.KEYS_FAILED: gettext_lazy("Keys failed"),
    Action.CONSOLE_ISSUED: gettext_lazy("Console opened"),
    Action.CONSOLE_DENIED: gettext_lazy("Console denied"),
    Action.CONSOLE_FAILED: gettext_lazy("Console failed"),
    Action.PAGE_DENIED: gettext_lazy("Page denied"),
    Action.SIGNIN_COMPLETED: gettext_lazy("Signed in"),
    Action.SIGNIN_FAILED: gettext_lazy("Sign-in failed"),
    Action.SIGNIN_VERIFIED: gettext_lazy("Sign-in verified again"),
    Action.SIGNIN_ENDED: gettext_lazy("Signed out"),
    Action.ADMIN_ADDED: gettext_lazy("Added"),
    Action.ADMIN_CHANGED: gettext_lazy("Changed"),
    Action.ADMIN_DELETED: gettext_lazy("Deleted"),
    Action.ROLE_TESTED: gettext_lazy("Role tested"),
    Action.TOKEN_CREATED: gettext_lazy("Token created"),
    Action.TOKEN_REVOKED: gettext_lazy("Token revoked"),
    Action.TOKEN_REFUSED: gettext_lazy("Token refused"),
    Action.CLI_ALLOWED: gettext_lazy("Command-line access allowed"),
    Action.CLI_DENIED: gettext_lazy("Command-line access denied"),
    Action.CLI_TOKEN_ISSUED: gettext_lazy("Command line signed in"),
    Action.CLI_TOKEN_REFRESHED: gettext_lazy("Command line renewed its tokens"),
    Action.CLI_TOKEN_REUSED: gettext_lazy("Command-line secret used twice"),
    Action.CLI_TOKEN_REVOKED: gettext_lazy("Command line signed out"),
    Action.SIGNING_KEY_CREATED: gettext_lazy("Signing key created"),
    Action.SIGNING_KEY_PUBLISHED: gettext_lazy("Signing key published"),
    Action.SIGNING_KEY_ENCRYPTED: gettext_lazy("Signing key encrypted again"),
    Action.SIGNING_KEY_ROTATED: gettext_lazy("Signing key begins to sign"),
    Action.SIGNING_KEY_WITHDRAWN: gettext_lazy("Signing key withdrawn"),
    Action.AUDIT_EXPORTED: gettext_lazy("Audit trail exported"),
    Action.CLOUDTRAIL_READ: gettext_lazy("CloudTrail read"),
    Action.CLOUDTRAIL_FAILED: gettext_lazy("CloudTrail not read"),
    Action.SESSIONS_CUT: gettext_lazy("Live sessions cut"),
    Action.CUT_PLACED: gettext_lazy("Cut placed"),
    Action.CUT_FAILED: gettext_lazy("Cut failed"),
    Action.AUDIT_PURGED: gettext_lazy("Audit trail purged"),
    Action.PLAN_APPLIED: gettext_lazy("Configuration applied"),
}
OUTCOMES = {
    AuditOutcome.SUCCESS: gettext_lazy("Done"),
    AuditOutcome.DENIED: gettext_lazy("Denied"),
    AuditOutcome.FAILED: gettext_lazy("Failed"),
}


def action_in_words(value: str) -> str:
    """Return what a row's action is called; an action that this version does not know by itself."""
    try:
        return str(ACTIONS[Action(value)])
    except (ValueError, KeyError):
        return value
