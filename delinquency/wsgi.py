"""The web process. Its threads share a pool of database connections."""

import gc
import os

from django.core.wsgi import get_wsgi_application

from delinquency import engines

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "delinquency.settings")
os.environ.setdefault("DELINQUENCY_DB_POOL", "8")
engines.ensure()
application = get_wsgi_application()
# What is loaded now stays: a full collection would read it all again, for a tenth of a second, while somebody waits.
gc.collect()
gc.freeze()
