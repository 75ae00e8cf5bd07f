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


def test_what_a_worker_says_as_it_ends_is_a_log_line_too(capfd: pytest.CaptureFixture[str]) -> None:
    celery._say("\nworker: Warm shutdown (MainProcess)\n")

    told = json.loads(capfd.readouterr().err)
    assert told | {"at": ""} == {
        "at": "",
        "level": "INFO",
        "logger": "celery.apps.worker",
        "event": "worker: Warm shutdown (MainProcess)",
    }
