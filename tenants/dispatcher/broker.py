"""The queue as the dispatcher sees it: how much waits there, and what it takes."""

import contextlib
from collections.abc import Iterable, Sequence
from typing import Any, Final

import kombu.exceptions
from celery import current_app
from kombu import Connection, Producer

from tenants import due
from tenants.dispatcher.claims import Claim
from tenants.tasks import run_due

# Brokers keep messages of the first number apart and hand them out before those of the second.
_ORDINARY, _BULK = 0, 9
_ANSWERS_WITHIN: Final = 2  # seconds


class Away(Exception):
    """The queue cannot be reached; ``unsent`` are the claims that it has not taken."""

    def __init__(self, unsent: Sequence[Claim] = ()) -> None:
        super().__init__(f"The queue cannot be reached; {len(unsent)} claims were not sent.")
        self.unsent = unsent


class Broker:
    """One connection to the queue, made when it is needed and made anew after a fault."""

    def __init__(self) -> None:
        self._connection: Connection | None = None

    def depths(self, queues: Iterable[str]) -> dict[str, int]:
        """Return how many messages wait on each queue, untaken by a worker.

        Raises:
            Away: if the queue does not answer.
        """
        try:
            channel = self._live().default_channel
            depths = {}
            for name in queues:
                answer: Any = current_app.amqp.queues[name](channel).queue_declare()
                depths[name] = int(answer.message_count)
        except self._faults as fault:
            self.close()
            raise Away from fault
        return depths

    def send(self, claims: Sequence[Claim]) -> None:
        """Put the ids of claimed rows on their queues, in order.

        Raises:
            Away: if the queue does not take one; it and those after it are unsent.
        """
        for number, claim in enumerate(claims):
            kind = due.kind(claim.kind)
            try:
                run_due.apply_async(
                    args=(claim.agency_id, claim.work_id, claim.number),
                    queue=kind.queue,
                    priority=_BULK if kind.bulk else _ORDINARY,
                    soft_time_limit=kind.seconds,
                    time_limit=kind.hard_limit,
                    producer=self._producer(),
                    retry=False,
                )
            except self._faults as fault:
                self.close()
                raise Away(claims[number:]) from fault

    def close(self) -> None:
        if self._connection is not None:
            with contextlib.suppress(Exception):  # it is broken already, or is ended anyhow
                self._connection.release()
            self._connection = None

    def _producer(self) -> Producer:
        return Producer(self._live(), auto_declare=False)

    def _live(self) -> Connection:
        if self._connection is None:
            connection = current_app.connection_for_write(connect_timeout=_ANSWERS_WITHIN)
            connection.ensure_connection(
                max_retries=1, interval_start=0, interval_step=0, timeout=_ANSWERS_WITHIN
            )
            self._connection = connection
        return self._connection

    @property
    def _faults(self) -> tuple[type[BaseException], ...]:
        live: Any = self._connection
        theirs = () if live is None else (*live.connection_errors, *live.channel_errors)
        return (kombu.exceptions.OperationalError, OSError, *theirs)
