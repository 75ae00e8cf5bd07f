"""One small site on two stacks: our fence, or django-tenants as it comes."""

from typing import Final

from config import env
from config.settings_test import *

STACKS: Final = ("plain", "plain, tuned", "fenced")
STACK = env.text("BENCH_STACK", "fenced")
ROOT_URLCONF = PUBLIC_SCHEMA_URLCONF = "tests.bench.fence_site"
_ALLAUTH = "allauth.account.middleware.AccountMiddleware"  # it does not start without
if STACK == "fenced":
    MIDDLEWARE = [
        "tenants.middleware.HostMiddleware",
        "tests.bench.fence_site.EnterScope",
        _ALLAUTH,
    ]
else:
    is_tuned = STACK == "plain, tuned"
    _SITE = "tests.bench.fence_site.KeptTenantMiddleware"
    _STOCK = "django_tenants.middleware.main.TenantMainMiddleware"
    MIDDLEWARE = [_SITE if is_tuned else _STOCK, _ALLAUTH]
    TENANT_LIMIT_SET_CALLS = is_tuned
    DATABASES["default"] = DATABASES["default"] | {
        name: DATABASES["owner"][name] for name in ("ENGINE", "USER", "PASSWORD")
    }
