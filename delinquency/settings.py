"""All settings, in one file; what differs between machines comes from the environment (docs/settings.md).

With no environment at all this describes the embedded engines under var/ and secrets made there, over plain HTTP on
this machine only. A database of one's own (DATABASE_URL) turns the strict defaults on and wants its secrets given.
"""

import time
from datetime import timedelta
from pathlib import Path

import bootstrap
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _
from psycopg.conninfo import conninfo_to_dict

from delinquency import engines
from delinquency.env import env, key, key_ring, moment, random_key, random_key_ring, random_text, secret

BASE_DIR = Path(__file__).resolve().parent.parent
VAR_DIR = engines.var_folder()
EMBEDDED = engines.database_is_embedded()

# --- Who we are, and secrets

DEBUG = env.bool("DELINQUENCY_DEBUG", default=False)
SECRET_KEY = secret("SECRET_KEY", random_text)
# What encrypts personal data: the first key writes, all of them read. And what makes it findable (accounts/vault.py).
FIELD_KEYS = key_ring("DELINQUENCY_FIELD_KEYS", secret("DELINQUENCY_FIELD_KEYS", random_key_ring))
INDEX_KEY = key("DELINQUENCY_INDEX_KEY", secret("DELINQUENCY_INDEX_KEY", random_key))

ALLOWED_HOSTS = env.list("DELINQUENCY_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])
CSRF_TRUSTED_ORIGINS = env.list("DELINQUENCY_TRUSTED_ORIGINS", default=[])

# --- Applications

INSTALLED_APPS = [
    "delinquency",
    "accounts",
    "restructuring",
    "desk",
    "freezing",
    "strategy",
    "waivers",
    "cases",
    "reminders",
    "compliance",
    "approvals",
    "staff",
    "audit",
    "runs",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django_otp",
    "django_otp.plugins.otp_totp",
    "django_otp.plugins.otp_static",
    "axes",
    "django_rq",
    "django_filters",
    "django_htmx",
    "csp",
    "lucide",
]

MIDDLEWARE = [
    "audit.middleware.RequestIdMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "staff.middleware.KeptNowhereMiddleware",
    # Nothing is shown to anyone who is not staff and signed in by both steps, unless a view says so.
    "staff.middleware.StaffRequiredMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "delinquency.middleware.PlainAddressMiddleware",
    # Turns the answer to one failure too many into the page that says so; it wants to be the last.
    "axes.middleware.AxesMiddleware",
]

ROOT_URLCONF = "delinquency.urls"
WSGI_APPLICATION = "delinquency.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "runs.context.business_day",
                "staff.context.preferences",
            ],
        },
    },
]
FORM_RENDERER = "delinquency.widgets.WidgetRenderer"

# --- The database

_connection = conninfo_to_dict(engines.database_url())
# Connections kept open by a web process (delinquency/wsgi.py); commands and workers, which fork, take one each.
_pool_size = env.int("DELINQUENCY_DB_POOL", default=0)

DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": _connection.pop("dbname", ""),
        "USER": _connection.pop("user", ""),
        "PASSWORD": _connection.pop("password", ""),
        "HOST": _connection.pop("host", ""),
        "PORT": _connection.pop("port", ""),
        "CONN_MAX_AGE": 0,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {
            "connect_timeout": 10,
            # For `runs.prepared`: it alone prepares statements, each planned once, whatever its parameters.
            "prepare_threshold": 0,
            "options": "-c plan_cache_mode=force_generic_plan",
            **_connection,
            **({"pool": {"min_size": 1, "max_size": _pool_size, "timeout": 10}} if _pool_size else {}),
        },
    }
}

# --- Queues: everything enters them through the one helper in runs/services.py

_queue = {
    "URL": engines.redis_url(),
    "DEFAULT_TIMEOUT": 3600,
    "SERIALIZER": "rq.serializers.JSONSerializer",
}
RQ_QUEUES = {"default": _queue, "outbox": _queue}
RQ = {"COMMIT_MODE": "on_db_commit"}
# The dashboard's own permission would let any member of staff read job arguments and empty queues.
RQ_SHOW_ADMIN_LINK = False

# --- Who may come in

AUTH_USER_MODEL = "staff.User"
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "login"
AUTHENTICATION_BACKENDS = ["axes.backends.AxesStandaloneBackend", "staff.backends.StaffBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}", "OPTIONS": options}
    for name, options in (
        (
            "UserAttributeSimilarityValidator",
            {"user_attributes": ("username", "display_name", "email"), "max_similarity": 0.6},
        ),
        ("MinimumLengthValidator", {"min_length": 12}),
        ("CommonPasswordValidator", {}),
        ("NumericPasswordValidator", {}),
    )
]

# A session ends after so long without a request, and in any case after so many hours (staff/sessions.py).
SESSION_ENGINE = "staff.sessions"
SESSION_IDLE_MINUTES = env.int("DELINQUENCY_SESSION_IDLE_MINUTES", default=30)
SESSION_COOKIE_AGE = env.int("DELINQUENCY_SESSION_HOURS", default=12) * 60 * 60

# The name in the app that makes the codes.
OTP_TOTP_ISSUER = "Delinquency"

# So many failures, of the password or the code, lock a name out at an address for a while.
BEHIND_PROXY = env.bool("DELINQUENCY_BEHIND_PROXY", default=False)
AXES_FAILURE_LIMIT = env.int("DELINQUENCY_LOCKOUT_FAILURES", default=5)
AXES_COOLOFF_TIME = timedelta(minutes=env.int("DELINQUENCY_LOCKOUT_MINUTES", default=15))
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_RESET_ON_SUCCESS = True
# Trying again while locked out does not prolong it: the page says how long to wait.
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False
AXES_LOCKOUT_CALLABLE = "staff.views.signing_in.locked_out"
AXES_CLIENT_IP_CALLABLE = "staff.requests.address_of"
# Nothing that was typed is kept with a failure but the name; signing in is recorded by us (audit).
AXES_SENSITIVE_PARAMETERS = ["username", "password", "code", "next", "csrfmiddlewaretoken"]
AXES_DISABLE_ACCESS_LOG = True
AXES_ENABLE_ADMIN = False
AXES_VERBOSE = False

# --- What a browser may do

_https = env.bool("DELINQUENCY_HTTPS", default=not (DEBUG or EMBEDDED))
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = LANGUAGE_COOKIE_SECURE = _https
SECURE_SSL_REDIRECT = _https
SECURE_HSTS_SECONDS = 365 * 24 * 60 * 60 if _https else 0
if BEHIND_PROXY:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        # Bootstrap's style sheet draws its own marks as data: pictures.
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        # Recordings are heard on the page of their contact.
        "media-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    }
}

# --- Static files: from the wheels and delinquency/static, served by WhiteNoise

STATIC_URL = "static/"
STATICFILES_DIRS = [("bootstrap", next(iter(bootstrap.__path__)))]
# With hashed names (after `manage.py collectstatic`) browsers keep them for ever; without, no step is needed.
_hashed = env.bool("DELINQUENCY_HASHED_STATIC", default=False)
STATIC_ROOT = VAR_DIR / "static" if _hashed else None
WHITENOISE_USE_FINDERS = not _hashed
WHITENOISE_AUTOREFRESH = DEBUG
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"
        if _hashed
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}
# What people hand in (recordings, documents): outside everything that is served (accounts/uploads.py).
MEDIA_ROOT = VAR_DIR / "media"
FILE_UPLOAD_PERMISSIONS = 0o600
UPLOAD_MOST_BYTES = env.int("DELINQUENCY_UPLOAD_MB", default=50) * 1024**2

# --- Language and time

LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English")), ("zh-hans", _("Simplified Chinese"))]
LOCALE_PATHS = [BASE_DIR / "delinquency" / "locale"]
# The language of letters to customers whose own is not known.
DEFAULT_CUSTOMER_LOCALE = env.str("DELINQUENCY_CUSTOMER_LOCALE", default="zh-hans")
FORMAT_MODULE_PATH = "delinquency.formats"
TIME_ZONE = "Asia/Shanghai"
USE_TZ = True

# The clock of the demo and of tests (runs/clock.py).
CLOCK_STARTS_AT = moment("DELINQUENCY_CLOCK")
# The real second at which it showed that moment: processes that start one after the other share one clock.
CLOCK_STARTED = env.float("DELINQUENCY_CLOCK_STARTED", default=time.time())
if CLOCK_STARTS_AT and not EMBEDDED:
    raise ImproperlyConfigured("DELINQUENCY_CLOCK is for demos and tests: it is refused with a database of your own.")

# --- E-mail: by default to the sink (manage.py smtp_sink), so that nothing leaves the machine unless told to

EMAIL_HOST = env.str("EMAIL_HOST", default="127.0.0.1")
EMAIL_PORT = env.int("EMAIL_PORT", default=8025)
EMAIL_HOST_USER = env.str("EMAIL_HOST_USER", default="")
EMAIL_HOST_PASSWORD = env.str("EMAIL_HOST_PASSWORD", default="")
EMAIL_USE_TLS = env.bool("EMAIL_USE_TLS", default=False)
EMAIL_USE_SSL = env.bool("EMAIL_USE_SSL", default=False)
# A message asks the server four things: all of them together stay well inside a claim on it (two minutes).
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", default="collections@localhost")

# --- Channels: which adapter serves each, and what the adapters need (collections/reminders/channels); by default all but
# letters goes to sinks on this machine (manage.py smtp_sink, http_sink)

CHANNEL_ADAPTERS = {
    "email": "smtp",
    "sms": env.str("SMS_ADAPTER", default="webhook"),
    "push": env.str("PUSH_ADAPTER", default="webhook"),
    "letter": "pdf",
}
# The lender's own gateway.
WEBHOOK_URL = env.str("WEBHOOK_URL", default="http://127.0.0.1:8026")
WEBHOOK_SECRET = secret("WEBHOOK_SECRET", random_text) if EMBEDDED else env.str("WEBHOOK_SECRET", default="")
# Our template and language → the provider's own code of the text, and its variables in order.
SMS_TEMPLATES = env.json("SMS_TEMPLATES", default={})
SMS_ALIYUN_URL = env.str("SMS_ALIYUN_URL", default="https://dysmsapi.aliyuncs.com")
SMS_ALIYUN_KEY_ID = env.str("SMS_ALIYUN_KEY_ID", default="")
SMS_ALIYUN_KEY_SECRET = env.str("SMS_ALIYUN_KEY_SECRET", default="")
SMS_ALIYUN_SIGN_NAME = env.str("SMS_ALIYUN_SIGN_NAME", default="")
SMS_TENCENT_URL = env.str("SMS_TENCENT_URL", default="https://sms.tencentcloudapi.com")
SMS_TENCENT_REGION = env.str("SMS_TENCENT_REGION", default="ap-guangzhou")
SMS_TENCENT_SECRET_ID = env.str("SMS_TENCENT_SECRET_ID", default="")
SMS_TENCENT_SECRET_KEY = env.str("SMS_TENCENT_SECRET_KEY", default="")
SMS_TENCENT_APP_ID = env.str("SMS_TENCENT_APP_ID", default="")
SMS_TENCENT_SIGN_NAME = env.str("SMS_TENCENT_SIGN_NAME", default="")
SMS_TWILIO_URL = env.str("SMS_TWILIO_URL", default="https://api.twilio.com")
SMS_TWILIO_ACCOUNT_SID = env.str("SMS_TWILIO_ACCOUNT_SID", default="")
SMS_TWILIO_KEY_SID = env.str("SMS_TWILIO_KEY_SID", default="")
SMS_TWILIO_KEY_SECRET = env.str("SMS_TWILIO_KEY_SECRET", default="")
SMS_TWILIO_FROM = env.str("SMS_TWILIO_FROM", default="")
SMS_TWILIO_STATUS_URL = env.str("SMS_TWILIO_STATUS_URL", default="")
SMS_TWILIO_AUTH_TOKEN = env.str("SMS_TWILIO_AUTH_TOKEN", default="")
PUSH_JPUSH_URL = env.str("PUSH_JPUSH_URL", default="https://api.jpush.cn")
PUSH_JPUSH_APP_KEY = env.str("PUSH_JPUSH_APP_KEY", default="")
PUSH_JPUSH_MASTER_SECRET = env.str("PUSH_JPUSH_MASTER_SECRET", default="")
PUSH_WEBPUSH_PRIVATE_KEY = env.str("PUSH_WEBPUSH_PRIVATE_KEY", default="")
PUSH_WEBPUSH_CONTACT = env.str("PUSH_WEBPUSH_CONTACT", default="")
# A subscription names the server that is asked: only these are, `.name` with all below it.
PUSH_WEBPUSH_HOSTS = env.list(
    "PUSH_WEBPUSH_HOSTS",
    default=[
        *("fcm.googleapis.com", "updates.push.services.mozilla.com", ".push.apple.com", ".notify.windows.com"),
    ],
)
# Where print batches are put, and the font of letters (found on the machine when blank).
LETTER_DIR = Path(env.str("LETTER_DIR", default=str(VAR_DIR / "letters")))
LETTER_FONT = env.str("LETTER_FONT", default="")

# What proves providers that tell us of receipts (/hooks/…); where none is set, the address is closed.
HOOK_ALIYUN_LOGIN = env.str("HOOK_ALIYUN_LOGIN", default="")
HOOK_TENCENT_LOGIN = env.str("HOOK_TENCENT_LOGIN", default="")
HOOK_WEBHOOK_SECRET = (
    secret("HOOK_WEBHOOK_SECRET", random_text) if EMBEDDED else env.str("HOOK_WEBHOOK_SECRET", default="")
)
HOOK_EMAIL_SECRET = secret("HOOK_EMAIL_SECRET", random_text) if EMBEDDED else env.str("HOOK_EMAIL_SECRET", default="")
# Where the demo's sinks tell what became of what they took: the address of its web process; blank: they tell nothing.
SINKS_TELL_URL = env.str("SINKS_TELL_URL", default="") if EMBEDDED else ""

# --- The core system that keeps the credit lines (freezing/core.py); where either is blank, commands wait

CORE_URL = env.str("CORE_URL", default="http://127.0.0.1:8027" if EMBEDDED else "")
CORE_SECRET = secret("CORE_SECRET", random_text) if EMBEDDED else env.str("CORE_SECRET", default="")

# --- The lender, as letters to customers name it

LENDER_NAME = env.str("LENDER_NAME", default="Demo Lender")
LENDER_CONTACT = env.str("LENDER_CONTACT", default="collections@localhost")
# Whose telephone numbers are those without a country (ISO 3166).
LENDER_COUNTRY = env.str("LENDER_COUNTRY", default="CN")
LENDER_PAY_URL = env.str("LENDER_PAY_URL", default="http://localhost/pay")

# --- Logs: to the standard error, and never a person's data

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s: %(message)s"}},
    "filters": {"refusals": {"()": "delinquency.logs.PlainRefusals"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line", "filters": ["refusals"]}},
    "root": {"handlers": ["stderr"], "level": env.str("DELINQUENCY_LOG_LEVEL", default="WARNING")},
    "loggers": {
        "django": {"handlers": [], "level": "WARNING", "propagate": True},
        # Would write the query, and with it whatever somebody searched for.
        "django.db.backends": {"level": "WARNING"},
        # Would write whole addresses, and with them whom a message goes to.
        "urllib3": {"level": "WARNING"},
        # Would write every glyph of a letter, and its text with them.
        "fpdf": {"level": "ERROR"},
        "fontTools": {"level": "ERROR"},
    },
}
