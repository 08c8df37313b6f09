"""The product's settings, with what the test suite needs of its own."""

from __future__ import annotations

import os

os.environ.update(
    {
        "SECRET_KEY": "tests only: not a secret, yet long enough for the checks that refuse weak ones",
        "BASE_URL": "http://localhost:8000",
        "OIDC_ISSUER": "http://localhost:9",
        "OIDC_RP_CLIENT_ID": "gatehouse",
        "OIDC_RP_CLIENT_SECRET": "client-secret-of-the-tests",
        "ADMIN_CLAIM": "groups",
        "ADMIN_VALUES": "portal-admins",
        "AUDITOR_VALUES": "portal-auditors",
        "AWS_REGION": "eu-west-1",
        "AWS_DEFAULT_REGION": "eu-west-1",
        "AWS_ACCESS_KEY_ID": "AKIAHUBHUBHUBHUBHUBX",
        "AWS_SECRET_ACCESS_KEY": "the secret of the hub, for an emulator",
        "AWS_HUB_PRINCIPAL_AWS": "arn:aws:iam::999988887777:role/gatehouse-hub",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    }
)
os.environ.setdefault("DATABASE_URL", "sqlite:////dev/shm/gatehouse-tests.sqlite3")

from portal.settings import *  # noqa: F403
from portal.settings import ALLOWED_HOSTS, DATABASES, STORAGES

ALLOWED_HOSTS += ["testserver", "127.0.0.1"]
STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    # Django's own choice, and pytest-django's for several processes where it does not know the engine.
    DATABASES["default"]["TEST"] = {"NAME": ":memory:"}
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
# Static files are found where they are kept: nothing is collected for a test run.
WHITENOISE_AUTOREFRESH = True
WHITENOISE_USE_FINDERS = True
