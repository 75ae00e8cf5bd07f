import logging
import signal
import threading
from types import FrameType
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from stores.mailin import deliver
from stores.mailin.server import MailinServer
from tenants import fence_check, logs

logger = logging.getLogger(__name__)


class Command(BaseCommand):
    help = "Receive forwarded notices by SMTP, until stopped."

    def handle(self, *_args: Any, **_options: Any) -> None:
        logs.catch_all()
        stopped = threading.Event()

        def stop(_signal: int, _frame: FrameType | None) -> None:
            stopped.set()

        signal.signal(signal.SIGTERM, stop)
        signal.signal(signal.SIGINT, stop)
        fence_check.demand_whole()
        server = MailinServer(
            settings.MAILIN_HOST, settings.MAILIN_PORT, deliver.deliver, knows=deliver.knows
        )
        server.start()
        logger.info("mailin_started", extra={"port": settings.MAILIN_PORT})
        try:
            stopped.wait()
        finally:
            server.stop()
