"""The web process. Its threads share a pool of database connections."""

import os

from django.core.wsgi import get_wsgi_application

from delinquency import engines, serving

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "delinquency.settings")
os.environ.setdefault("DELINQUENCY_DB_POOL", "8")
engines.ensure()
application = get_wsgi_application()
serving.get_ready()
