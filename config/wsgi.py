"""What granian serves."""

import os

from django.core.wsgi import get_wsgi_application

from tenants import logs
from tenants.health import folder

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

logs.catch_all()
application = get_wsgi_application()

folder.settle()

from scoring import books  # noqa: E402 - it needs the apps
from tenants import fence_check  # noqa: E402

fence_check.demand_whole()
books.demand_whole()
