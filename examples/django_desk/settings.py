"""What Django has to know; host, port and user come from PGHOST, PGPORT and PGUSER, which libpq reads itself."""

from __future__ import annotations

import os

SECRET_KEY = "only-for-this-example"  # noqa: S105 - nothing here is signed
INSTALLED_APPS = ["desk"]
DATABASES = {
    "default": {"ENGINE": "django.db.backends.postgresql", "NAME": os.environ.get("PGDATABASE", "desk")},
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
