"""Settings of the tests: a throw-away database, plain static files, mail kept in memory."""

import base64
import os
import tempfile

os.environ.setdefault("SECRET_KEY", "only-for-tests-" + "x" * 40)
os.environ.setdefault("SEALING_KEYS", "t1:" + base64.b64encode(b"0" * 32).decode())
os.environ.setdefault("RUN_DIR", tempfile.mkdtemp(prefix="storewarden-test-"))
os.environ.setdefault("PUBLIC_HOST", "localhost:8000")
os.environ.setdefault("LOG_LEVEL", "CRITICAL")
os.environ.setdefault("DEVELOPMENT", "1")

from config.launcher.testing import ensure_test_server

for _name, _value in ensure_test_server().items():
    os.environ[_name] = _value

from config import env
from config.settings import *

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
HOST_CACHE_SECONDS = 3600  # no look-up is done anew in the middle of counting queries
CACHES["agency"] |= {"BACKEND": CACHES["hosts"]["BACKEND"], "LOCATION": "agency"}
# "app=module": tests of deploys name migrations of a later day.
MIGRATION_MODULES = dict(pair.split("=") for pair in env.words("TEST_MIGRATIONS"))
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
STATIC_ROOT.mkdir(parents=True, exist_ok=True)  # whitenoise warns when there is none
