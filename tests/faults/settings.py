"""Settings of the bench's processes: production's, with work whose effects can be counted."""

from config.settings import *

INSTALLED_APPS = [*INSTALLED_APPS, "tests.faults.jobs"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
STATIC_ROOT.mkdir(parents=True, exist_ok=True)  # whitenoise warns when there is none
