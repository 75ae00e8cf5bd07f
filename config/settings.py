"""Settings of Storewarden, read from the environment.

Behaviour that differs by market is a rulebook (``scoring/rulebooks``), never a setting.
"""

from pathlib import Path
from typing import Any

from csp.constants import NONCE, NONE, SELF
from django.utils.translation import gettext_lazy as _

from config import env

BASE_DIR = Path(__file__).resolve().parent.parent
RUN_DIR = Path(env.text("RUN_DIR", str(BASE_DIR / ".run")))

DEBUG = env.flag("DEBUG", default=False)
DEVELOPMENT = env.flag("DEVELOPMENT", default=False)  # the launcher's: mail page, sandbox, demo
SECRET_KEY = env.text("SECRET_KEY")
SECRET_KEY_FALLBACKS = env.words("SECRET_KEY_FALLBACKS")
SEALING_KEYS = env.words("SEALING_KEYS")  # "id:base64 of 32 bytes"; the first one seals

# Hosts: one cached look-up in tenants.middleware decides; an unknown host is a plain 404 there.
HOST_CACHE_SECONDS = 10
ALLOWED_HOSTS = ["*"]
PUBLIC_HOST = env.text("PUBLIC_HOST", "localhost:8000")  # agencies live at <slug>.<this>
PUBLIC_SCHEME = env.text("PUBLIC_SCHEME", "http")

SHARED_APPS = [
    "django_tenants",
    "tenants",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.humanize",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "csp",
    "django_htmx",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "drf_standardized_errors",
    "config.demo",
]
TENANT_APPS = ["tenants.trail", "stores", "scoring", "appeals", "checklist"]
INSTALLED_APPS = [*SHARED_APPS, *TENANT_APPS]

TENANT_MODEL = "tenants.Agency"
TENANT_DOMAIN_MODEL = "tenants.Domain"
TENANT_DB_ALIAS = "owner"
DATABASE_ROUTERS = ["django_tenants.routers.TenantSyncRouter"]

# "default" serves requests and tasks behind the scope; "owner" migrates and makes schemas.
DATABASE_URL = env.text("DATABASE_URL", "postgresql://storewarden@localhost/storewarden")
DATABASE_POOL_SIZE = env.number("DATABASE_POOL_SIZE", 0)  # 0: one connection kept per thread
# Short waits: while the database is away every page answers 503 soon, and a pool that gives up on
# a connection early makes a new one as soon as one is asked for, where a patient one backs off.
_POOL: dict[str, Any] = (
    {"pool": {"min_size": 1, "max_size": DATABASE_POOL_SIZE, "timeout": 3, "reconnect_timeout": 2}}
    if DATABASE_POOL_SIZE
    else {}
)
DATABASES = {
    "default": env.database(
        DATABASE_URL,
        ENGINE="tenants.backend",
        CONN_MAX_AGE=0 if DATABASE_POOL_SIZE else 600,
        CONN_HEALTH_CHECKS=not DATABASE_POOL_SIZE,  # tenants.backend checks what the pool gives
        DISABLE_SERVER_SIDE_CURSORS=True,
        OPTIONS={"connect_timeout": 5, **_POOL},
    ),
    "owner": env.database(
        env.text("DATABASE_OWNER_URL", DATABASE_URL),
        ENGINE="django_tenants.postgresql_backend",
        OPTIONS={"connect_timeout": 5},
    ),
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# Work for later: an alarm is raised when some has waited for a worker this long. So many messages
# wait on a queue at most, and a fifth of it where each is slow; what is over waits in the database,
# where agencies take turns. It should be some seconds' work for the workers there are.
DUE_LATE_SECONDS = env.number("DUE_LATE_SECONDS", 60)
DUE_WINDOW = env.number("DUE_WINDOW", 100)
DUE_SLOW_QUEUES = frozenset({"sync", "provision"})

REDIS_URL = env.text("REDIS_URL", "redis://localhost:6379/0")
# Nothing that a request needs lies with the queue's server: it may be away. "default" is public
# (allauth counts sign-ins in it); what belongs to an agency goes to "agency", which wants a scope.
CACHES: dict[str, dict[str, Any]] = {
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "tenants_cache",
        "OPTIONS": {"MAX_ENTRIES": 100_000},
    },
    "hosts": {
        "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
        "LOCATION": "hosts",
        "OPTIONS": {"MAX_ENTRIES": 10_000},
    },
    "agency": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": REDIS_URL,
        "KEY_FUNCTION": "tenants.scope.cache_key",
    },
}

METRICS_TOKEN = env.text("METRICS_TOKEN", "")  # whoever reads /metrics shows it; empty: nobody

MIDDLEWARE = [
    "tenants.health.middleware.RequestMiddleware",
    "tenants.middleware.HostMiddleware",
    "tenants.api.middleware.ApiKeyMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "allauth.usersessions.middleware.UserSessionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "tenants.middleware.MemberMiddleware",
]
ROOT_URLCONF = "config.urls"  # agency hosts
PUBLIC_SCHEMA_URLCONF = "config.urls_public"
WSGI_APPLICATION = "config.wsgi.application"

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
                "csp.context_processors.nonce",
                "tenants.context.navigation",
            ],
            "builtins": ["tenants.templatetags.ui"],
        },
    },
]

AUTH_USER_MODEL = "tenants.User"
AUTHENTICATION_BACKENDS = ["tenants.accounts.AuthenticationBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "tenants.passwords.StrengthValidator"},
    {"NAME": "tenants.passwords.LeakedPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
]
LOGIN_URL = "/accounts/login/"
LOGIN_REDIRECT_URL = "/agencies/"
ACCOUNT_ADAPTER = "tenants.accounts.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_FORMS = {"signup": "tenants.forms.accounts.SignupForm"}
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_CONFIRM_EMAIL_ON_GET = False
ACCOUNT_LOGIN_ON_EMAIL_CONFIRMATION = True
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_UNIQUE_EMAIL = True
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_LOGOUT_ON_PASSWORD_CHANGE = False
ACCOUNT_REAUTHENTICATION_TIMEOUT = 300
ACCOUNT_SESSION_REMEMBER = True  # for SESSION_COOKIE_AGE; nobody is asked
ACCOUNT_DEFAULT_HTTP_PROTOCOL = PUBLIC_SCHEME
MFA_ADAPTER = "tenants.accounts.MfaAdapter"
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
MFA_TOTP_TOLERANCE = 1  # a code of the half minute before or after counts: telephones run late
USERSESSIONS_TRACK_ACTIVITY = False
ALLAUTH_TRUSTED_PROXY_COUNT = env.number("TRUSTED_PROXY_COUNT", 0)

SESSION_ENGINE = "django.contrib.sessions.backends.db"
SESSION_COOKIE_NAME = "storewarden_session"
SESSION_COOKIE_AGE = 7 * 24 * 3600
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = PUBLIC_SCHEME == "https"
SESSION_COOKIE_HTTPONLY = True
CSRF_COOKIE_HTTPONLY = False
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
SECURE_HSTS_SECONDS = 31_536_000 if PUBLIC_SCHEME == "https" else 0
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if PUBLIC_SCHEME == "https" else None
X_FRAME_OPTIONS = "DENY"
DATA_UPLOAD_MAX_MEMORY_SIZE = 26 * 1024 * 1024  # tenants.middleware refuses bodies over 25 MB first
FILE_UPLOAD_MAX_MEMORY_SIZE = 26 * 1024 * 1024
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "img-src": [SELF, "data:", "blob:"],
        "script-src": [SELF, NONCE],
        "style-src": [SELF, NONCE],
        "worker-src": [SELF],
        "object-src": [NONE],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
        # A form's answer may lead over to the public host or an agency's, or to a consent page.
        "form-action": [
            SELF,
            f"{PUBLIC_SCHEME}://{PUBLIC_HOST}",
            f"{PUBLIC_SCHEME}://*.{PUBLIC_HOST}",
            *env.words("CSP_FORM_ACTION"),
        ],
        "report-uri": "/csp-report/",
    },
}

EMAIL_BACKEND = env.text("EMAIL_BACKEND", "django.core.mail.backends.smtp.EmailBackend")
EMAIL_FILE_PATH = env.text("EMAIL_FILE_PATH", str(RUN_DIR / "outbox"))
EMAIL_HOST = env.text("EMAIL_HOST", "localhost")
EMAIL_PORT = env.number("EMAIL_PORT", 25)
EMAIL_HOST_USER = env.text("EMAIL_HOST_USER", "")
EMAIL_HOST_PASSWORD = env.text("EMAIL_HOST_PASSWORD", "")
EMAIL_USE_TLS = env.flag("EMAIL_USE_TLS", default=False)
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = env.text("DEFAULT_FROM_EMAIL", "Storewarden <no-reply@localhost>")

LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English")), ("zh-hans", _("Simplified Chinese"))]
LOCALE_PATHS = [BASE_DIR / "locale"]
TIME_ZONE = "UTC"
USE_TZ = True

STATIC_URL = "/static/"
STATIC_ROOT = RUN_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "config" / "static"]
MEDIA_ROOT = Path(env.text("MEDIA_ROOT", str(RUN_DIR / "media")))
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
WHITENOISE_KEEP_ONLY_HASHED_FILES = True  # no page names a file without its hash
WHITENOISE_SKIP_COMPRESS_EXTENSIONS = [
    *("map", "svgz", "png", "jpg", "webp", "woff", "woff2", "gz", "br"),
]

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["tenants.api.authentication.ApiKeyAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["tenants.api.permissions.Declared"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["tenants.api.parsing.StrictJSONParser"],
    "DEFAULT_SCHEMA_CLASS": "drf_standardized_errors.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "drf_standardized_errors.handler.exception_handler",
    "NUM_PROXIES": ALLAUTH_TRUSTED_PROXY_COUNT,
    "UNAUTHENTICATED_USER": None,
    "COERCE_DECIMAL_TO_STRING": False,
}
DRF_STANDARDIZED_ERRORS = {
    "EXCEPTION_HANDLER_CLASS": "tenants.api.errors.Handler",
    "EXCEPTION_FORMATTER_CLASS": "tenants.api.errors.Formatter",
}
_ERROR_ENUMS = "drf_standardized_errors.openapi_serializers"
SPECTACULAR_SETTINGS = {
    "TITLE": "Storewarden API",
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    "DESCRIPTION": "Ratings, ledgers, violations and readings of your stores.",
    "SERVE_INCLUDE_SCHEMA": False,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "POSTPROCESSING_HOOKS": ["drf_standardized_errors.openapi_hooks.postprocess_schema_enums"],
    "ENUM_NAME_OVERRIDES": {
        "StoreState": "stores.models.Store.State",
        "ImportState": "stores.models.Import.State",
        "ViolationState": "stores.models.Violation.State",
        "ReadingSource": "stores.models.Reading.Source",
        "PushedSource": [("integration", "integration")],
        "NoticeKind": "stores.models.Notice.Kind",
        "NoticeState": "stores.models.Notice.State",
        "LedgerKind": "scoring.models.LedgerEntry.Kind",
        "QuizKind": "scoring.models.Quiz.Kind",
        "ForwardingState": "stores.models.Forwarding.State",
        "MailFlowState": "stores.selectors.mail_flow.STATES",
        "ConsentState": "stores.selectors.consents.STATES",
        "ValidationErrorType": f"{_ERROR_ENUMS}.ValidationErrorEnum.choices",
        "ClientErrorType": f"{_ERROR_ENUMS}.ClientErrorEnum.choices",
        "ServerErrorType": f"{_ERROR_ENUMS}.ServerErrorEnum.choices",
        **{
            f"ErrorCode{status}": f"{_ERROR_ENUMS}.ErrorCode{status}Enum.choices"
            for status in (401, 403, 404, 405, 406, 415, 429, 500)
        },
    },
}

TIKTOK_SHOP = {
    "app_key": env.text("TIKTOK_APP_KEY", ""),
    "app_secret": env.text("TIKTOK_APP_SECRET", ""),
    "service_id": env.text("TIKTOK_SERVICE_ID", ""),
    "api_url": env.text("TIKTOK_API_URL", "https://open-api.tiktokglobalshop.com"),
    "auth_url": env.text("TIKTOK_AUTH_URL", "https://auth.tiktok-shops.com"),
    "services_url": env.text("TIKTOK_SERVICES_URL", "https://services.tiktokshop.com"),
    "services_us_url": env.text("TIKTOK_SERVICES_US_URL", "https://services.us.tiktokshop.com"),
}
# How often one address may ask for the pages of links to stores' owners, who are not signed in.
CONSENT_RATE = env.text("CONSENT_RATE", "240/10m")
SUPPORT_ADDRESS = env.text("SUPPORT_ADDRESS", "support@localhost")  # whom members write to
MAILIN_DOMAIN = env.text("MAILIN_DOMAIN", "in.localhost")
MAILIN_HOST = env.text("MAILIN_HOST", "127.0.0.1")
MAILIN_PORT = env.number("MAILIN_PORT", 8025)
# Domains whose own DKIM signature proves a notice; the launcher adds the sandbox's.
MARKETPLACE_MAIL_DOMAINS = env.words(
    "MARKETPLACE_MAIL_DOMAINS", "tiktok.com,tiktokshop.com,shop.tiktok.com"
)
MAIL_KEYS_FILE = env.text("MAIL_KEYS_FILE", "")  # development: DKIM keys read here, not from DNS
SANDBOX_URL = env.text("SANDBOX_URL", "")

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"place": {"()": "tenants.logs.PlaceFilter"}},
    "formatters": {"json": {"()": "tenants.logs.JsonFormatter"}},
    "handlers": {
        "console": {
            "class": "logging.StreamHandler",
            "filters": ["place"],
            "formatter": "json",
        },
    },
    "root": {"handlers": ["console"], "level": env.text("LOG_LEVEL", "INFO")},
    "loggers": {
        # Django's own handlers go: they mail reports with a request's values, or print plain text.
        "django": {"handlers": [], "level": env.text("LOG_LEVEL", "INFO")},
        "django.server": {"handlers": [], "propagate": True},
        "django.request": {"level": "ERROR"},  # each request has its line: request_served
        "httpx": {"level": "WARNING"},
        "httpcore": {"level": "WARNING"},
        "psycopg.pool": {"level": "WARNING"},
        "mail.log": {"level": "WARNING"},  # it tells who writes to whom
    },
}
