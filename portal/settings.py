"""Every setting, read from the environment in this one place; docs/configuration.md names each."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import environ

from accounts.concurrency import THREADS
from portal import environment

BASE_DIR = Path(__file__).resolve().parent.parent
env = environment.for_django()
# Messages about what could not be read: portal/checks.py shows all of them at once.
UNREADABLE: list[str] = env.ENVIRON.unreadable
UNREADABLE += [
    f"{name} begins with $, which is read as the name of another variable; it needs another value"
    for name in ("SECRET_KEY", "OIDC_RP_CLIENT_SECRET", "DATABASE_URL")
    if env.ENVIRON.get(name, "").startswith("$")
]


def _number(name: str, default: int) -> int:
    try:
        return int(env.str(name, default=str(default)))
    except ValueError:
        UNREADABLE.append(f"{name} must be a whole number")
        return default


def _database() -> dict[str, Any]:
    default = f"sqlite:///{BASE_DIR / 'gatehouse.sqlite3'}"
    try:
        database: dict[str, Any] = env.db("DATABASE_URL", default=default)
    except (ValueError, KeyError, environ.ImproperlyConfigured):
        database = {}
    if not database.get("ENGINE", "").endswith(("sqlite3", "postgresql")):
        UNREADABLE.append(
            "DATABASE_URL must be postgresql://user:password@host:5432/name or sqlite:////path"
        )
        database = env.db_url_config(default)
    return database


# Required. portal/checks.py refuses to start without them.
NOT_SET = "not set"
SECRET_KEY = env.str("SECRET_KEY", default=NOT_SET) or NOT_SET
SECRET_KEY_FALLBACKS = env.list("SECRET_KEY_FALLBACKS", default=[])
BASE_URL = env.str("BASE_URL", default="").rstrip("/")
DATABASES = {"default": _database()}

# OpenID Connect. The provider's addresses come from its discovery document.
OIDC_ISSUER = env.str("OIDC_ISSUER", default="")
OIDC_RP_CLIENT_ID = env.str("OIDC_RP_CLIENT_ID", default="")
OIDC_RP_CLIENT_SECRET = env.str("OIDC_RP_CLIENT_SECRET", default="")
OIDC_RP_SCOPES = env.str("OIDC_RP_SCOPES", default="openid email profile")
OIDC_RP_SIGN_ALGO = env.str("OIDC_RP_SIGN_ALGO", default="RS256")
# Whether the provider's e-mail addresses count though its tokens do not say that they are verified.
OIDC_EMAIL_IS_VERIFIED = env.bool("OIDC_EMAIL_IS_VERIFIED", default=False)
# Whether userinfo is asked for more claims: required, optional or never.
OIDC_USERINFO = env.str("OIDC_USERINFO", default="optional")
# Where a person's groups come from that the provider's tokens leave out: "", entra or google.
GROUP_SOURCE = env.str("GROUP_SOURCE", default="")
ENTRA_CLOUD = env.str("ENTRA_CLOUD", default="global")
# The JSON key of a service account, and the admin in whose name it reads groups.
GOOGLE_SERVICE_ACCOUNT = env.str("GOOGLE_SERVICE_ACCOUNT", default="")
GOOGLE_ADMIN = env.str("GOOGLE_ADMIN", default="")
FRONT_CHANNEL_LOGOUT = env.bool("FRONT_CHANNEL_LOGOUT", default=False)
# Whether these calls also cut the person's live sessions at AWS.
PROVIDER_CUTS_SESSIONS = env.bool("PROVIDER_CUTS_SESSIONS", default=False)
GLOBAL_TOKEN_REVOCATION_ISSUER = env.str("GLOBAL_TOKEN_REVOCATION_ISSUER", default="")
# What the provider says of a sign-in with a second factor; the acr values are asked for, too.
MFA_ACR_VALUES = env.list("MFA_ACR_VALUES", default=[])
MFA_AMR_VALUES = env.list("MFA_AMR_VALUES", default=["mfa"])
OIDC_TIMEOUT = _number("OIDC_TIMEOUT", 5)

# Bearer tokens of the provider that the API accepts: audiences and kinds.
API_AUDIENCES = env.list("API_AUDIENCES", default=[])
API_TOKEN_TYPES = env.list("API_TOKEN_TYPES", default=["Bearer", "JWT"])
API_ACCEPT_AZP = env.list("API_ACCEPT_AZP", default=[])
API_AUTHORIZED_PARTIES = env.list("API_AUTHORIZED_PARTIES", default=[])
# The public client at the provider by which the command `gatehouse` signs people in.
API_CLIENT_ID = env.str("API_CLIENT_ID", default="")
API_CLIENT_SCOPES = env.str("API_CLIENT_SCOPES", default=OIDC_RP_SCOPES)
API_CLIENT_AUDIENCE = env.str("API_CLIENT_AUDIENCE", default="")
API_CLIENT_RESOURCE = env.str("API_CLIENT_RESOURCE", default="")
API_CLIENT_TOKEN = env.str("API_CLIENT_TOKEN", default="access")
# Rate limits of programs, and of bad tokens from one address; where all limits are counted.
API_RATE_LIMIT = env.str("API_RATE_LIMIT", default="300/minute")
API_BAD_TOKEN_LIMIT = env.str("API_BAD_TOKEN_LIMIT", default="60/minute")
API_LIMITS_STORAGE = env.str("API_LIMITS_STORAGE", default="memory://")
# Private networks in which trusted issuers of workloads may be.
TRUSTED_ISSUER_NETWORKS = env.list("TRUSTED_ISSUER_NETWORKS", default=[])

# `aws sso login`: how often an address may begin, and whether the device flow works.
SSO_RATE_LIMIT = env.str("SSO_RATE_LIMIT", default="120/minute")
SSO_LIST_RATE_LIMIT = env.str("SSO_LIST_RATE_LIMIT", default="6000/minute")
SSO_DEVICE_FLOW = env.bool("SSO_DEVICE_FLOW", default=True)

# Rate limits of people: sign-ins that begin or fail, and forms.
SIGN_IN_RATE_LIMIT = env.str("SIGN_IN_RATE_LIMIT", default="600/minute")
PAGES_RATE_LIMIT = env.str("PAGES_RATE_LIMIT", default="300/minute")

# Who is a portal admin or auditor, by the claims of each sign-in.
ADMIN_CLAIM = env.str("ADMIN_CLAIM", default="groups")
ADMIN_VALUES = env.list("ADMIN_VALUES", default=[])
AUDITOR_CLAIM = env.str("AUDITOR_CLAIM", default=ADMIN_CLAIM)
AUDITOR_VALUES = env.list("AUDITOR_VALUES", default=[])

# Which workloads make and apply plans: "https://issuer.example sub-with-*", separated by commas.
PLAN_WORKLOADS = env.list("PLAN_WORKLOADS", default=[])
APPLY_WORKLOADS = env.list("APPLY_WORKLOADS", default=[])

# What leaves the audit trail, and what seals it.
AUDIT_STDOUT = env.bool("AUDIT_STDOUT", default=False)
AUDIT_CHAIN_KEY = env.str("AUDIT_CHAIN_KEY", default="")
AUDIT_WEBHOOK_URL = env.str("AUDIT_WEBHOOK_URL", default="")
AUDIT_WEBHOOK_SECRET = env.str("AUDIT_WEBHOOK_SECRET", default="")
AUDIT_S3_BUCKET = env.str("AUDIT_S3_BUCKET", default="")
AUDIT_S3_PREFIX = env.str("AUDIT_S3_PREFIX", default="")
AUDIT_RETENTION = _number("AUDIT_RETENTION", 0)
AUDIT_S3_REGION = env.str("AUDIT_S3_REGION", default="")
# 0 stands for a working day, or an hour where the provider cannot be asked again: `accounts.signins.lifetime`.
SIGN_IN_LIFETIME = _number("SIGN_IN_LIFETIME", 0)
# Seconds without use after which a sign-in ends; 0: only SIGN_IN_LIFETIME counts.
SIGN_IN_IDLE_LIFETIME = _number("SIGN_IN_IDLE_LIFETIME", 0)
# How old claims may be where something is issued, by what they are verified again, and for how much longer they
# count while the provider cannot be reached.
CLAIMS_MAX_AGE = _number("CLAIMS_MAX_AGE", 300)
REVERIFY = env.str("REVERIFY", default="detect")
CLAIMS_GRACE = _number("CLAIMS_GRACE", 0)
# Whether people may have tokens of the portal; machines always may.
PERSONAL_TOKENS = env.bool("PERSONAL_TOKENS", default=True)

# Texts on pages.
PORTAL_NAME = env.str("PORTAL_NAME", default="Gatehouse")
SUPPORT_CONTACT = env.str("SUPPORT_CONTACT", default="")
# Whether a refusal tells which values of claims would give the role: it tells that the role exists, too.
REFUSALS_SAY_WHAT_IS_NEEDED = env.bool("REFUSALS_SAY_WHAT_IS_NEEDED", default=False)
WORKING_DAY_ENDS = env.str("WORKING_DAY_ENDS", default="18:00")

# AWS is configured by boto3's own names and chain, for the partition of its region; other partitions have
# a profile each.
AWS_HUB_PROFILES = {
    "aws": env.str("AWS_HUB_PROFILE_AWS", default=""),
    "aws-us-gov": env.str("AWS_HUB_PROFILE_AWS_US_GOV", default=""),
    "aws-cn": env.str("AWS_HUB_PROFILE_AWS_CN", default=""),
    "aws-eusc": env.str("AWS_HUB_PROFILE_AWS_EUSC", default=""),
}
# Partitions without a profile, where AWS itself vouches for the principal of boto3's chain.
AWS_WEB_IDENTITY_ISSUER = env.str("AWS_WEB_IDENTITY_ISSUER", default="").rstrip("/")
AWS_WEB_IDENTITY_PARTITIONS = env.list("AWS_WEB_IDENTITY_PARTITIONS", default=[])
# Whom the roles of accounts trust: the ARN of the portal's own role or user in each partition, and those
# of the roles or users that people switch from.
AWS_HUB_PRINCIPALS = {
    "aws": env.str("AWS_HUB_PRINCIPAL_AWS", default=""),
    "aws-us-gov": env.str("AWS_HUB_PRINCIPAL_AWS_US_GOV", default=""),
    "aws-cn": env.str("AWS_HUB_PRINCIPAL_AWS_CN", default=""),
    "aws-eusc": env.str("AWS_HUB_PRINCIPAL_AWS_EUSC", default=""),
}
SWITCH_ROLE_PRINCIPALS = env.list("SWITCH_ROLE_PRINCIPALS", default=[])
# The portal as an issuer of web identity tokens: its address as AWS knows it, for whom tokens are, how they are
# signed, and for how many seconds AWS may keep the published keys.
TRUST_ISSUER = env.str("TRUST_ISSUER", default="").rstrip("/") or BASE_URL
TRUST_AUDIENCE = env.str("TRUST_AUDIENCE", default="sts.amazonaws.com")
# Of the provider's tokens that programs of people send: those that the accounts' IAM providers list as client ids.
TRUST_USER_TOKEN_AUDIENCES = env.list(
    "TRUST_USER_TOKEN_AUDIENCES", default=[OIDC_RP_CLIENT_ID] if OIDC_RP_CLIENT_ID else []
)
TRUST_ALGORITHM = env.str("TRUST_ALGORITHM", default="RS256")
TRUST_CACHE_TIME = _number("TRUST_CACHE_TIME", 86400)
# Days after which the worker has the next key sign; 0: never.
TRUST_ROTATION = _number("TRUST_ROTATION", 90)
# The policy of the organization that can cut live sessions in all its accounts at once, and the role that may change it.
ORGANIZATION_REVOCATION_POLICY = env.str("ORGANIZATION_REVOCATION_POLICY", default="")
ORGANIZATION_REVOCATION_ROLE = env.str("ORGANIZATION_REVOCATION_ROLE", default="")
ORGANIZATION_REVOCATION_EXTERNAL_ID = env.str("ORGANIZATION_REVOCATION_EXTERNAL_ID", default="")
# The role, in the management account or a delegated administrator's, by which the portal lists the organization's
# accounts; empty: the portal's own principal. And every how many hours the worker does so, 0: never by itself.
ORGANIZATION_ROLE = env.str("ORGANIZATION_ROLE", default="")
ORGANIZATION_ROLE_EXTERNAL_ID = env.str("ORGANIZATION_ROLE_EXTERNAL_ID", default="")
ORGANIZATION_SYNC_HOURS = _number("ORGANIZATION_SYNC_HOURS", 0)
# The permission set by which the portal reads CloudTrail in accounts, and regions to ask beside each account's own.
CLOUDTRAIL_PERMISSION_SET = env.str("CLOUDTRAIL_PERMISSION_SET", default="")
CLOUDTRAIL_REGIONS = env.list("CLOUDTRAIL_REGIONS", default=[])
# Only demo and tests move the console's endpoint.
AWS_FEDERATION_ENDPOINT = env.str("AWS_FEDERATION_ENDPOINT", default="")

LOG_LEVEL = env.str("LOG_LEVEL", default="INFO").upper()
TRUSTED_PROXIES = env.list("TRUSTED_PROXIES", default=[])
DEBUG = False

_base = urlsplit(BASE_URL)
SECURE = _base.scheme == "https"
# Exactly this host; Django writes IPv6 addresses in brackets.
_host = _base.hostname or ""
ALLOWED_HOSTS = [f"[{_host}]" if ":" in _host else _host] if _host else []

INSTALLED_APPS = [
    "accounts.apps.AccountsConfig",
    "portal.apps.PortalConfig",
    "portal.apps.AdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "mozilla_django_oidc",
]
MIDDLEWARE = [
    "portal.middleware.RequestId",
    "portal.middleware.BoundedHeaders",
    "portal.middleware.Probes",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.middleware.gzip.GZipMiddleware",
    "portal.csp.ContentSecurityPolicy",
    "portal.middleware.BrowserLanguage",
    "portal.browser_middleware.Sessions",
    "django.middleware.common.CommonMiddleware",
    "portal.middleware.SameOrigin",
    "django.middleware.csrf.CsrfViewMiddleware",
    "portal.browser_middleware.Authentication",
    "portal.middleware.StorableText",
    "portal.middleware.CurrentSignIn",
    "portal.middleware.PreferredLanguage",
    "portal.middleware.Forms",
    "portal.browser_middleware.Messages",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "portal.middleware.DomainErrors",
]
ROOT_URLCONF = "portal.urls"
WSGI_APPLICATION = "portal.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "portal.context.portal",
            ]
        },
    }
]

# Connections are kept between requests: one for each thread on SQLite, a pool on PostgreSQL.
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    DATABASES["default"]["CONN_MAX_AGE"] = None
    DATABASES["default"].setdefault("OPTIONS", {}).update(
        {
            "transaction_mode": "IMMEDIATE",
            "timeout": 10,
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
        }
    )
else:
    DATABASES["default"]["CONN_MAX_AGE"] = 0
    # Half as many connections as threads: each thread gives its own back while it waits for AWS or the
    # provider. `timeout` is how many seconds a request waits before it says that the database is down. The
    # pool waits twice as long before each new try to connect, until `reconnect_timeout`.
    _options = DATABASES["default"].setdefault("OPTIONS", {})
    _options.setdefault(
        "pool", {"min_size": 1, "max_size": THREADS // 2, "timeout": 5, "reconnect_timeout": 3}
    )
    # PostgreSQL takes several times longer to plan the door's questions than to answer them: it keeps the plan of
    # what a connection has asked 5 times (docs/performance.md). A pooler in between has to support prepared statements.
    _options.setdefault("server_side_binding", True)
    _options.setdefault("prepare_threshold", 5)
    # Seconds: a connection that is idle for a minute is probed, so that no firewall forgets it (NAT gateways of
    # AWS do after 350 seconds), and ends by itself if nobody answers. `accounts.pool` sees that.
    for _option, _value in {
        "keepalives_idle": 60,
        "keepalives_interval": 10,
        "keepalives_count": 3,
    }.items():
        _options.setdefault(_option, _value)

# Sign-in by the provider only; there are no passwords.
AUTH_USER_MODEL = "accounts.Person"
AUTHENTICATION_BACKENDS = ["portal.signin.backend.Backend"]
OIDC_USE_PKCE = True
OIDC_PKCE_CODE_CHALLENGE_METHOD = "S256"
LOGIN_URL = "oidc_authentication_init"

# Cookies carry a session key and nothing else, but for the mark of a browser (portal.signin.known_browsers).
SESSION_ENGINE = "portal.sessions"
SESSION_COOKIE_NAME = "__Host-gatehouse" if SECURE else "gatehouse"
SESSION_COOKIE_SECURE = SECURE
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
# The longest of any sign-in; a browser session ends with its sign-in.
SESSION_COOKIE_AGE = SIGN_IN_LIFETIME or 43200
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"
CSRF_COOKIE_NAME = "__Host-gatehouse-csrf" if SECURE else "gatehouse-csrf"
CSRF_COOKIE_SECURE = SECURE
CSRF_COOKIE_HTTPONLY = True
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_FAILURE_VIEW = "portal.pages.errors.csrf_failure"

SECURE_SSL_REDIRECT = False  # The load balancer redirects; a portal behind one sees http only.
SILENCED_SYSTEM_CHECKS = ["security.W008"]  # It asks for that redirect.
SECURE_HSTS_SECONDS = 31536000 if SECURE else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE
SECURE_HSTS_PRELOAD = SECURE
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "no-referrer"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
DATA_UPLOAD_MAX_MEMORY_SIZE = 256 * 1024
# The admin's form of a mapping has 8 for each account that it names: what fits into the size above.
DATA_UPLOAD_MAX_NUMBER_FIELDS = 8_000
FILE_UPLOAD_HANDLERS = ["portal.uploads.NoFiles"]
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'none'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'"],
        "font-src": ["'self'"],
        "connect-src": ["'self'"],
        "form-action": ["'self'"],
        "base-uri": ["'none'"],
        "frame-ancestors": ["'none'"],
    }
}

# What people who are no admins read is in these languages: portal.languages chooses. All else is in English.
LANGUAGE_CODE = "en-gb"
LANGUAGES = [
    ("en-gb", "English"),
    ("de", "Deutsch"),
    ("es", "Español"),
    ("fr", "Français"),
    ("ja", "日本語"),
    ("pt-br", "Português (Brasil)"),
]
LOCALE_PATHS = [BASE_DIR / "portal" / "locale"]
FORMAT_MODULE_PATH = "portal.formats"
LANGUAGE_COOKIE_NAME = "__Host-gatehouse-language" if SECURE else "gatehouse-language"
LANGUAGE_COOKIE_AGE = 31536000
LANGUAGE_COOKIE_SECURE = SECURE
LANGUAGE_COOKIE_HTTPONLY = True
LANGUAGE_COOKIE_SAMESITE = "Lax"
USE_TZ = True
TIME_ZONE = "UTC"

STATIC_URL = "/static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}

# botocore logs keys at DEBUG, and urllib3 logs URLs: these stay at WARNING whatever LOG_LEVEL says.
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"request_id": {"()": "portal.logs.WithRequestId"}},
    "formatters": {
        "line": {
            "()": "portal.logs.OneLine",
            "fmt": "%(asctime)s %(levelname)s %(name)s [%(request_id)s] %(message)s",
        },
        # JSON, in which nothing can break a line.
        "event": {"format": "%(message)s"},
    },
    "handlers": {
        "console": {
            "class": "logging.StreamHandler",
            "formatter": "line",
            "filters": ["request_id"],
        },
        "events": {
            "class": "logging.StreamHandler",
            "stream": "ext://sys.stdout",
            "formatter": "event",
        },
    },
    "root": {"handlers": ["console"], "level": LOG_LEVEL},
    "loggers": {
        name: {"level": "WARNING"}
        for name in (
            "botocore",
            "boto3",
            "urllib3",
            "requests",
            "mozilla_django_oidc",
            "django.db.backends",
        )
    }
    | {"gatehouse.audit": {"handlers": ["events"], "level": "INFO", "propagate": False}},
}
