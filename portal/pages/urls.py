"""The pages' URLs."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from portal.pages import bulk_keys, explain, sessions, tokens
from portal.pages.activity import activity, audit_trail
from portal.pages.audit_traces import audit_trace
from portal.pages.authorize import authorize
from portal.pages.config_file import config_file, download
from portal.pages.console import console
from portal.pages.continue_form import continue_form
from portal.pages.device import device
from portal.pages.favourites import favourites
from portal.pages.keys import keys
from portal.pages.preferences import preferences
from portal.pages.shortcuts import shortcuts
from portal.pages.start import start, start_url

urlpatterns: list[URLPattern | URLResolver] = [
    path("", start, name="start"),
    path("start", start_url),
    path("start/", start_url),
    path("favourites", favourites, name="favourites"),
    path("keys", keys, name="keys"),
    path("several", bulk_keys.choose, name="several"),
    path("console", console, name="console"),
    path("cli", config_file, name="cli"),
    path("cli/config", download, name="cli_config"),
    path("authorize", authorize, name="authorize"),
    path("device", device, name="device"),
    path("continue", continue_form, name="continue"),
    path("shortcuts", shortcuts, name="shortcuts"),
    path("preferences", preferences, name="preferences"),
    path("activity", activity, name="activity"),
    path("audit", audit_trail, name="audit"),
    path("audit/trace", audit_trace, name="audit_trace"),
    path("explain", explain.why, name="explain"),
    path("explain/who", explain.who, name="explain_who"),
    path("sessions", sessions.sessions, name="sessions"),
    path("sessions/end-others", sessions.end_others, name="end_other_sign_ins"),
    path("sessions/end-all", sessions.end_all, name="end_all_sign_ins"),
    path("sessions/<uuid:sign_in_id>/end", sessions.end, name="end_sign_in"),
    path(
        "sessions/command-lines/<uuid:approval_id>/end",
        sessions.end_command_line,
        name="end_command_line",
    ),
    path("tokens", tokens.own, name="tokens"),
    path("tokens/machines", tokens.machines, name="machine_tokens"),
    path("tokens/<uuid:token_id>/revoke", tokens.revoke, name="revoke_token"),
]
