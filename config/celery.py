"""The Celery app: transport only. What is to be done stands in the database as due work."""

import logging
import os
from typing import Any, Final

from celery import Celery, signals
from kombu import Queue

QUEUES: Final = ("default", "sync", "rate", "notify", "provision")
# Unacknowledged messages come back after this long; above every time limit below.
_VISIBILITY_SECONDS: Final = 300
_STDERR: Final = 2

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")


def configuration() -> dict[str, Any]:
    """Return Celery's settings; called when they are first needed, for they need Django's."""
    from django.conf import settings

    return {
        "broker_url": settings.REDIS_URL,
        "broker_connection_max_retries": None,
        "broker_connection_retry_on_startup": True,
        "broker_transport_options": {
            "visibility_timeout": _VISIBILITY_SECONDS,
            "unacked_restore_interval": 1,
            "unacked_restore_throttle": 1,
            "socket_timeout": 5,
            "socket_connect_timeout": 2,
            "health_check_interval": 10,
        },
        # The shortest of all three counts, whichever of them a part of Celery reads.
        "result_backend_transport_options": {"visibility_timeout": _VISIBILITY_SECONDS},
        "visibility_timeout": _VISIBILITY_SECONDS,
        "task_acks_late": True,
        "task_reject_on_worker_lost": True,
        "task_ignore_result": True,
        "task_store_errors_even_if_ignored": False,
        "task_serializer": "json",
        "accept_content": ["json"],
        # The outermost limits; each kind of work has narrower ones of its own (tenants.due.Kind).
        "task_soft_time_limit": 250,
        "task_time_limit": 270,
        "task_default_queue": "default",
        "task_queues": [Queue(name) for name in QUEUES],
        "task_create_missing_queues": False,
        "worker_pool": "prefork",
        "worker_prefetch_multiplier": 1,
        "worker_max_tasks_per_child": 500,
        "worker_max_memory_per_child": 200_000,  # KiB
        "worker_proc_alive_timeout": 30,  # a new child on a busy machine; by default it has 4 s
        "worker_soft_shutdown_timeout": 30,
        "worker_enable_soft_shutdown_on_idle": True,
        "worker_cancel_long_running_tasks_on_connection_loss": True,
        "worker_redirect_stdouts": False,
        "timezone": "UTC",
    }


app = Celery("storewarden")
app.add_defaults(configuration)
# Celery would open a connection to the database for every task. A run looks by itself whether the
# one it has still works (tenants.tasks), and a child ends before it has run so many.
app.conf["CELERY_DB_REUSE_MAX"] = 1_000
app.autodiscover_tasks()
app.set_default()  # the dispatcher enqueues through it without knowing it


@signals.worker_init.connect
def _start_whole(**_kwargs: Any) -> None:
    from scoring import books
    from tenants import fence_check

    fence_check.demand_whole()
    books.demand_whole()


@signals.celeryd_init.connect
@signals.setup_logging.connect  # Celery leaves logging alone where anybody hears this
def _log_as_all_do(**_told: Any) -> None:
    import django
    from billiard import util
    from celery.apps import worker

    from tenants import logs

    django.setup()
    logs.catch_all()
    util.get_logger().propagate = True  # how a pool's child ended is told as all else is
    worker.safe_say = _say  # type: ignore[attr-defined]  # its stubs do not know it


@signals.worker_process_init.connect
def _take_over_counts(**_told: Any) -> None:
    from tenants.health import folder

    folder.settle()


def _say(message: str, _file: Any = None) -> None:
    """Write what Celery prints from its signal handlers, where a log's locks may be held."""
    from tenants.logs import JsonFormatter

    told = {"name": "celery.apps.worker", "levelname": "INFO", "msg": message.strip()}
    line = JsonFormatter().format(logging.makeLogRecord(told))
    os.write(_STDERR, f"{line}\n".encode())
