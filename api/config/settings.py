"""Django's settings, derived from the lakehouse's settings; nothing here needs editing to run the API."""

import os
from datetime import timedelta
from pathlib import Path

from config import environment, keys, logs
from lakehouse import clients
from lakehouse import settings as lakehouse_settings

BASE = Path(__file__).resolve().parents[1]
LAKEHOUSE = lakehouse_settings.load()
API = environment.load()
STATE = LAKEHOUSE.stack_home / "api"
# What the workers share of the newest versions; a server makes it anew, for it may have another lake than the last one.
NEWEST = STATE / "newest"
# Answers that are sent as files; they are deleted as soon as the server has opened them.
EXPORTS = STATE / "exports"
STATE.mkdir(parents=True, exist_ok=True, mode=0o700)
# Where each worker counts its requests; prometheus_client reads this name when it is imported.
REQUESTS = STATE / "requests"
REQUESTS.mkdir(parents=True, exist_ok=True, mode=0o700)
os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(REQUESTS)

# The clients of the store read the environment when the first table is opened.
clients.prepare(LAKEHOUSE, LAKEHOUSE.hdfs_reader)

SECRET_KEY, SIGNING_KEY = keys.load(STATE)
ALLOWED_HOSTS = API.hosts
ROOT_URLCONF = "config.urls"
APPEND_SLASH = False
USE_I18N = False
TIME_ZONE = "UTC"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.staticfiles",
    "corsheaders",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "accounts",
    "lakes",
    "metrics",
    "query",
    "catalogue",
    "health",
    "monitoring",
    "page",
    "reference",
]
MIDDLEWARE = [
    "config.middleware.Edge",
    "django.middleware.security.SecurityMiddleware",
    "corsheaders.middleware.CorsMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.middleware.gzip.GZipMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
TEMPLATES = [{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}]

# One small file for users, tokens and login attempts. Transactions take the write lock at their start, so that what
# they check still holds when they write, whichever worker process they run in.
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": STATE / "api.sqlite3",
        "CONN_MAX_AGE": None,
        "OPTIONS": {
            "transaction_mode": "IMMEDIATE",
            "timeout": 5,
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
        },
    }
}
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("MinimumLengthValidator", "CommonPasswordValidator", "NumericPasswordValidator")
]

# Browsers ask for a file each time, lest they mix modules from before and after an upgrade.
STATIC_URL = "/static/"
WHITENOISE_USE_FINDERS, WHITENOISE_AUTOREFRESH, WHITENOISE_MAX_AGE = True, False, 0

# No page of another origin reads the API unless it is named; tokens travel in a header, so no cookie needs to come.
CORS_ALLOWED_ORIGINS = API.origins
CORS_URLS_REGEX = "^/api/"
CORS_EXPOSE_HEADERS = ["ETag", "Link", "Retry-After", "X-Next-Page", "X-Request-Id", "X-Table-Version", "X-Total-Rows"]

# Longest body of a request and longest path with its query, in bytes.
DATA_UPLOAD_MAX_MEMORY_SIZE = 64 * 1024
MAX_URL = 8000

SECURE_SSL_REDIRECT = API.https
SECURE_HSTS_SECONDS = 31_536_000 if API.https or API.tls else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = bool(SECURE_HSTS_SECONDS)
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if API.https else None
SECURE_REFERRER_POLICY = "no-referrer"
CSRF_COOKIE_SECURE = True
CSRF_FAILURE_VIEW = "config.errors.forbidden"

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["accounts.authentication.Bearer"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["config.media.JSONBody"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "config.media.FirstRenderer",
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "DEFAULT_METADATA_CLASS": None,
    "EXCEPTION_HANDLER": "config.errors.answer",
    "UNAUTHENTICATED_USER": None,
}
SIMPLE_JWT = {
    "ACCESS_TOKEN_LIFETIME": timedelta(minutes=5),
    "REFRESH_TOKEN_LIFETIME": timedelta(days=1),
    "ALGORITHM": "HS256",
    "SIGNING_KEY": SIGNING_KEY,
    "CHECK_REVOKE_TOKEN": True,
}
SPECTACULAR_SETTINGS = {
    "OAS_VERSION": "3.1.0",
    "TITLE": "Lakehouse",
    "VERSION": "1",
    "DESCRIPTION": "The metrics and tables of the lakehouse. Ask `/api/token/` for a token first.",
    "COMPONENT_SPLIT_REQUEST": True,
    "POSTPROCESSING_HOOKS": ["reference.documents.add_what_every_route_may_answer"],
    "SCHEMA_PATH_PREFIX": "/api",
}
LOGGING = logs.CONFIG
