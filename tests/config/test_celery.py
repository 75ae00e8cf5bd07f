import json
from pathlib import Path

import pytest
import redis
from celery import Celery

from config import celery
from config.launcher.servers import ValkeyServer


@pytest.mark.parametrize("queue", celery.QUEUES)
def test_a_message_goes_to_its_own_queue_and_no_other(tmp_path: Path, queue: str) -> None:
    with (
        ValkeyServer(tmp_path / "valkey") as server,
        Celery("probe", set_as_current=False) as app,
    ):
        app.conf.update(celery.configuration() | {"broker_url": server.url})
        with app.connection_for_write() as connection:  # as the workers do when they start
            for each in app.amqp.queues.values():
                each(connection.default_channel).declare()

        app.send_task("probe", queue=queue)

        with redis.Redis.from_url(server.url) as client:
            waiting = {name: client.llen(name) for name in celery.QUEUES}
    assert waiting == {name: int(name == queue) for name in celery.QUEUES}


def test_messages_of_a_dead_worker_come_back_by_the_same_clock_everywhere() -> None:
    conf = celery.configuration()
    seconds = {
        conf["visibility_timeout"],
        conf["broker_transport_options"]["visibility_timeout"],
        conf["result_backend_transport_options"]["visibility_timeout"],
    }
    assert (seconds, conf["task_time_limit"] < min(seconds)) == ({300}, True)


def test_a_worker_keeps_its_connection_to_the_database_between_tasks() -> None:
    # Celery reads it from the app's configuration; without it each task opens a new one.
    reuse = celery.app.conf.get("CELERY_DB_REUSE_MAX")
    assert reuse > celery.app.conf.worker_max_tasks_per_child


def test_what_a_worker_says_as_it_ends_is_a_log_line_too(capfd: pytest.CaptureFixture[str]) -> None:
    celery._say("\nworker: Warm shutdown (MainProcess)\n")

    told = json.loads(capfd.readouterr().err)
    assert told | {"at": ""} == {
        "at": "",
        "level": "INFO",
        "logger": "celery.apps.worker",
        "event": "worker: Warm shutdown (MainProcess)",
    }
