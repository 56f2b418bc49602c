"""Settings of the portal. What differs between installations comes from the environment (docs/operations.md)."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Any

import django_stubs_ext
from csp.constants import NONCE, NONE, SELF
from django.utils.translation import gettext_lazy as _

from portal import place, strict

# Lets Django's generic classes be written with their parameters, as the type checker wants them.
django_stubs_ext.monkeypatch()

BASE_DIR = Path(__file__).resolve().parent.parent
HOME = Path(os.environ.get("SLIPWAY_HOME", ".slipway")).resolve()
LOCAL = place.flag("SLIPWAY_LOCAL")
DEBUG = place.flag("SLIPWAY_DEBUG")
VERSION = "0.1.0"

if LOCAL:
    HOME.mkdir(mode=0o700, parents=True, exist_ok=True)
SECRET_KEY = place.key("SLIPWAY_SECRET_KEY", HOME / "keys" / "secret-key", place.new_secret_key, local=LOCAL)
_FIELD_KEYS = place.key("SLIPWAY_FIELD_KEYS", HOME / "keys" / "field-keys", place.new_field_key, local=LOCAL)
FIELD_KEYS = [part.strip() for part in _FIELD_KEYS.split(",")]

ALLOWED_HOSTS = place.words("SLIPWAY_ALLOWED_HOSTS", "localhost,127.0.0.1,[::1]")
CSRF_TRUSTED_ORIGINS = place.words("SLIPWAY_TRUSTED_ORIGINS")

INSTALLED_APPS = [
    "web",
    "durable",
    "audit",
    "accounts",
    "notifications",
    "sinks",
    "clusters",
    "services",
    "deployments",
    "charts",
    "installs",
    "metrics",
    "webhooks",
    "portal",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "rest_framework",
    "drf_spectacular",
    "template_partials",
    "django_htmx",
    "csp",
    "axes",
]

MIDDLEWARE = [
    "portal.measures.requests.MeasureMiddleware",
    "web.request_id.RequestIdMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "web.headers.HeadersMiddleware",
    # Probes ask by address, before anybody checks which host was meant.
    "portal.probes.ProbeMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "accounts.sessions.SeenMiddleware",
    "accounts.oidc.vouching.VouchedMiddleware",
    "accounts.new_sessions.NewSessionMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "web.problems.ProblemMiddleware",
    "accounts.factors.gate.RequiredMiddleware",
    "axes.middleware.AxesMiddleware",
]

ROOT_URLCONF = "portal.urls"
ASGI_APPLICATION = "portal.asgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "builtins": [
                "template_partials.templatetags.partials",
                "django.templatetags.i18n",
                "django.templatetags.static",
                "web.templatetags.parts",
            ],
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.csrf",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "web.context.frame",
                "accounts.sessions.session_end",
            ],
        },
    }
]

DATABASES = {"default": place.database(HOME)}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
REDIS_URL = place.redis_url(HOME)
REDIS_PREFIX = os.environ.get("SLIPWAY_REDIS_PREFIX", "")

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["axes.backends.AxesBackend", "django.contrib.auth.backends.ModelBackend"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
]
LOGIN_URL = "/sign-in/"
LOGIN_REDIRECT_URL = "/"

# Cookies ignore ports, so two local runs on one machine would sign each other out under one name.
_COOKIE = f"slipway-{hashlib.sha256(str(HOME).encode()).hexdigest()[:8]}" if LOCAL else "__Host-slipway"
SESSION_COOKIE_NAME = f"{_COOKIE}-session"
SESSION_COOKIE_SECURE = not LOCAL
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_ENGINE = "accounts.session_store"
SESSION_COOKIE_AGE = 12 * 3600
CSRF_COOKIE_NAME = f"{_COOKIE}-csrf"
CSRF_COOKIE_SECURE = not LOCAL
CSRF_COOKIE_HTTPONLY = True
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_FAILURE_VIEW = "web.problems.csrf_failure"
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"

SECURE_HSTS_SECONDS = 0 if LOCAL else 31536000
SECURE_HSTS_INCLUDE_SUBDOMAINS = not LOCAL
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
SECURE_REFERRER_POLICY = "same-origin"
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if place.flag("SLIPWAY_BEHIND_PROXY") else None
X_FRAME_OPTIONS = "DENY"
DATA_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 1000

CONTENT_SECURITY_POLICY: dict[str, Any] = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF, NONCE],
        "style-src": [SELF],
        "img-src": [SELF],
        "font-src": [SELF],
        "connect-src": [SELF],
        "manifest-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
        "require-trusted-types-for": ["'script'"],
        "trusted-types": ["htmx"],
    }
}

# A lock is on user name and address together, so that a stranger cannot lock a colleague out of every place.
AXES_HANDLER = "accounts.lockout.Doorkeeper"
AXES_FAILURE_LIMIT = 5
GUESSES_OF_NAME = 50
AXES_COOLOFF_TIME = 0.25
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_RESET_ON_SUCCESS = True
AXES_LOCKOUT_CALLABLE = "accounts.lockout.locked_out"
AXES_CLIENT_IP_CALLABLE = "web.addresses.client_address"
AXES_USERNAME_CALLABLE = "accounts.lockout.folded_username"
AXES_DISABLE_ACCESS_LOG = True
AXES_VERBOSE = False
TRUST_FORWARDED_FOR = place.flag("SLIPWAY_BEHIND_PROXY")

LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English"))]
LOCALE_PATHS = [BASE_DIR / "locale"]
TIME_ZONE = "UTC"
USE_TZ = True

STATIC_URL = "/static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
# Our own files alone: no page uses those that packages bring, and one of them cannot be hashed.
STATICFILES_FINDERS = ["django.contrib.staticfiles.finders.FileSystemFinder"]
STATIC_ROOT = Path(os.environ.get("SLIPWAY_STATIC", HOME / "static"))
WHITENOISE_USE_FINDERS = not (STATIC_ROOT / "staticfiles.json").exists()
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "web.static_files.HashedStorage"},
}

REST_FRAMEWORK: dict[str, Any] = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "accounts.api_auth.BearerAuthentication",
        "accounts.api_auth.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_PARSER_CLASSES": ["web.parsers.StrictJSONParser"],
    "DEFAULT_RENDERER_CLASSES": ["web.renderers.FastJSONRenderer"],
    "DEFAULT_THROTTLE_CLASSES": ["web.throttle.RateLimit"],
    "DEFAULT_SCHEMA_CLASS": "web.schema.Schema",
    "DEFAULT_VERSIONING_CLASS": None,
    "EXCEPTION_HANDLER": "web.problems.answer_error",
    "DATETIME_FORMAT": "iso-8601",
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
    "NUM_PROXIES": 0,
    "URL_FORMAT_OVERRIDE": None,
    "DEFAULT_METADATA_CLASS": None,
}
# Links in what is told outside of the portal lead here.
PUBLIC_URL = os.environ.get("SLIPWAY_PUBLIC_URL", f"http://localhost:{os.environ.get('PORT', '8000')}").rstrip("/")
# Without a host no mail is sent, and channels say so.
EMAIL_HOST = os.environ.get("SLIPWAY_SMTP_HOST", "")
EMAIL_PORT = int(os.environ.get("SLIPWAY_SMTP_PORT", "587"))
EMAIL_HOST_USER = os.environ.get("SLIPWAY_SMTP_USER", "")
EMAIL_HOST_PASSWORD = place.secret("SLIPWAY_SMTP_PASSWORD")
EMAIL_USE_SSL = os.environ.get("SLIPWAY_SMTP_TLS", "starttls") == "tls"
EMAIL_USE_TLS = os.environ.get("SLIPWAY_SMTP_TLS", "starttls") == "starttls"
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = os.environ.get("SLIPWAY_MAIL_FROM", "slipway@localhost")

# Without a path, the Helm on PATH or the one that the sandbox built: see charts.program.
HELM = os.environ.get("SLIPWAY_HELM", "").strip()

# Offline bundles for installs, each in a folder of its name: see installs.bundle.
BUNDLES = Path(os.environ.get("SLIPWAY_BUNDLES", HOME / "bundles"))

# How often an identity provider is asked whether it still vouches for a session, and how long one lasts that cannot be
# asked about: see accounts.oidc.vouching.
PROVIDER_CHECK_SECONDS = int(os.environ.get("SLIPWAY_PROVIDER_CHECK_SECONDS", "300"))
PROVIDER_GRACE_SECONDS = int(os.environ.get("SLIPWAY_PROVIDER_GRACE_SECONDS", "900"))
# The page of signing in shows the providers alone; user name and password stay at /sign-in/local/.
HIDE_LOCAL_SIGN_IN = place.flag("SLIPWAY_HIDE_LOCAL_SIGN_IN")
# The audit log: how long it is kept (0: for ever), where it is written before it goes, how often the chain is verified.
AUDIT_KEEP_DAYS = int(os.environ.get("SLIPWAY_AUDIT_KEEP_DAYS", "0"))
AUDIT_ARCHIVE = os.environ.get("SLIPWAY_AUDIT_ARCHIVE", "")
AUDIT_VERIFY_HOURS = float(os.environ.get("SLIPWAY_AUDIT_VERIFY_HOURS", "24"))
# Tokens may last so many days at most; 0: until they are revoked.
TOKEN_MAX_DAYS = int(os.environ.get("SLIPWAY_TOKEN_MAX_DAYS", "0"))

RATE_LIMIT_PER_MINUTE = int(os.environ.get("SLIPWAY_RATE_LIMIT", "600"))
ANONYMOUS_RATE_LIMIT_PER_MINUTE = int(os.environ.get("SLIPWAY_ANONYMOUS_RATE_LIMIT", "60"))
BEGUN_SIGN_INS_PER_MINUTE = int(os.environ.get("SLIPWAY_BEGUN_SIGN_INS", "60"))
OPEN_CALLS_PER_PERSON = int(os.environ.get("SLIPWAY_OPEN_CALLS", "300"))

SPECTACULAR_SETTINGS: dict[str, Any] = {
    "TITLE": "Slipway",
    "DESCRIPTION": "Everything the browser can do, the API can do, through the same commands and permissions.",
    "VERSION": "v1",
    "OAS_VERSION": "3.1.1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "COMPONENT_SPLIT_REQUEST": True,
    "ENUM_GENERATE_CHOICE_DESCRIPTION": False,
    "ENUM_NAME_OVERRIDES": {
        "ClusterStatus": ["building", "connected", "unreachable", "unknown"],
        "ApprovalState": "deployments.models.Approval.State",
        "Health": ["healthy", "degraded", "unhealthy", "unknown"],
        "ValidityOf": ["server_certificate", "client_certificate", "token"],
        "TokenState": ["usable", "expired", "revoked"],
        "UserKind": "accounts.models.User.Kind",
        "TokenWay": "accounts.models.Token.Way",
        "WebhookSourceKind": "webhooks.models.WebhookSource.Kind",
        "SavedViewOf": "accounts.models.SavedView.Of",
        "RoleEnum": "accounts.models.Role",
        "InstallHostRole": "installs.models.InstallHost.Role",
        "InstallRunKind": "installs.models.InstallRun.Kind",
        "InstallRunState": "installs.models.InstallRun.State",
        "InstallStepState": "installs.models.InstallStep.State",
    },
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "web.schema.add_problems",
        "web.schema.add_headers",
        "web.schema.let_any_json_be_null",
    ],
}
# W004 of security: HSTS is off in a local run. W004 of auth: names are unique by a constraint that ignores case.
SILENCED_SYSTEM_CHECKS = ["security.W004", "auth.W004"]
LOGGING_CONFIG = "web.logs.configure"
LOGGING: dict[str, Any] = {
    "level": "DEBUG" if DEBUG else "INFO",
    "json": os.environ.get("SLIPWAY_LOG_FORMAT", "text" if LOCAL else "json") == "json",
}

if not LOCAL:
    strict.refuse_what_is_unsafe(
        debug=DEBUG,
        secret_key=SECRET_KEY,
        field_keys=FIELD_KEYS,
        allowed_hosts=ALLOWED_HOSTS,
        database=DATABASES["default"],
        redis_url=REDIS_URL,
    )
