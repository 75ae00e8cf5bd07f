"""The SMTP door: known addresses only, and "250" only for what is kept."""

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from enum import Enum
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

MAX_BYTES = 5 * 1024 * 1024
MAX_LINE = 64 * 1024  # bytes; real senders overstep the standard's 1000
MAX_RECIPIENTS = 20
MAX_CONNECTIONS = 50
IDLE_SECONDS = 60
DELIVER_SECONDS = 30
WORKERS = 4

logger = logging.getLogger(__name__)


class Verdict(Enum):
    """What became of a mail for one recipient, as the answer that the sender gets."""

    STORED = "250 2.0.0 OK"
    UNKNOWN = "550 5.1.1 No such address"
    REFUSED = "554 5.6.0 Message refused"
    LATER = "451 4.3.0 Try again later"


# (recipient in lower case, the mail's bytes, the sending machine's address) -> verdict
Deliver = Callable[[str, bytes, str], Verdict]
Knows = Callable[[str], Verdict]


class MailinServer(Controller):
    """An SMTP receiver on its own event loop; ``start`` and ``stop`` it.

    ``deliver`` is called in a worker thread, once a recipient, and must have stored the mail
    durably before it returns STORED. A sender tries again after LATER, and to some recipients for
    a second time, so the same mail twice must do no harm. If ``deliver`` raises or takes longer
    than DELIVER_SECONDS, the sender is told LATER. ``knows`` refuses strangers before the mail is
    sent at all; it answers STORED for a known address. Port 0 takes any; ``port`` tells which.
    """

    def __init__(
        self,
        host: str,
        port: int,
        deliver: Deliver,
        *,
        knows: Knows | None = None,
        max_bytes: int = MAX_BYTES,
    ) -> None:
        self._pool = ThreadPoolExecutor(WORKERS, thread_name_prefix="mailin")
        self._open: set[_Session] = set()
        super().__init__(
            _Handler(deliver, knows, self._pool),
            hostname=host,
            port=port,
            server_hostname="storewarden",
            ident="mailin",
            data_size_limit=max_bytes,
            timeout=IDLE_SECONDS,
        )

    def factory(self) -> SMTP:
        return _Session(self._open, self.handler, **self.SMTP_kwargs)

    def stop(self, no_assert: bool = False) -> None:  # noqa: FBT001, FBT002 - aiosmtpd's signature
        super().stop(no_assert=no_assert)
        self._pool.shutdown(wait=True)

    def _trigger_server(self) -> None:
        if not self.port and isinstance(self.server, asyncio.Server):
            self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()  # type: ignore[no-untyped-call]  # aiosmtpd leaves it untyped


class _Session(SMTP):
    line_length_limit = MAX_LINE

    def __init__(self, open_sessions: set["_Session"], *args: Any, **options: Any) -> None:
        self._open_sessions = open_sessions
        super().__init__(*args, **options)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if len(self._open_sessions) >= MAX_CONNECTIONS and isinstance(transport, asyncio.Transport):
            transport.write(b"421 4.3.2 Too many connections\r\n")
            transport.close()
            return
        self._open_sessions.add(self)
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        if self in self._open_sessions:
            self._open_sessions.discard(self)
            super().connection_lost(error)


class _Handler:
    def __init__(self, deliver: Deliver, knows: Knows | None, pool: ThreadPoolExecutor) -> None:
        self._deliver = deliver
        self._knows = knows
        self._pool = pool

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, _server: SMTP, session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        if len(envelope.rcpt_tos) >= MAX_RECIPIENTS:
            return "452 4.5.3 Too many recipients"
        if self._knows is not None:
            verdict = await self._in_time(self._knows, address.lower())
            if verdict is not Verdict.STORED:
                logger.info(
                    "mailin_refused", extra={"verdict": verdict.name, "peer": _peer(session)}
                )
                return str(verdict.value)
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(  # noqa: N802 - aiosmtpd's name
        self, _server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        raw = bytes(envelope.original_content or b"")
        verdicts = [
            await self._in_time(self._deliver, address.lower(), raw, _peer(session))
            for address in dict.fromkeys(envelope.rcpt_tos)
        ]
        # One answer stands for all recipients: a sender that tries again loses nothing.
        weight = (Verdict.LATER, Verdict.STORED, Verdict.REFUSED, Verdict.UNKNOWN)
        verdict = min(verdicts, key=weight.index)
        logger.info("mailin_answered", extra={"verdict": verdict.name, "size": len(raw)})
        return str(verdict.value)

    async def handle_exception(self, error: Exception) -> str:
        logger.error("mailin_failed", exc_info=error)
        return str(Verdict.LATER.value)

    async def _in_time(self, ask: Callable[..., Verdict], *args: object) -> Verdict:
        running = asyncio.get_running_loop().run_in_executor(self._pool, ask, *args)
        try:
            return await asyncio.wait_for(asyncio.shield(running), DELIVER_SECONDS)
        except TimeoutError:
            # It may still store the mail; the sender's next try then finds it there.
            running.add_done_callback(_take_result)
            logger.warning("mailin_slow", extra={"seconds": DELIVER_SECONDS})
            return Verdict.LATER


def _take_result(running: "asyncio.Future[Verdict]") -> None:
    if not running.cancelled() and (error := running.exception()) is not None:
        logger.error("mailin_failed", exc_info=error)


def _peer(session: Session) -> str:
    return str(session.peer[0]) if isinstance(session.peer, tuple) else str(session.peer or "")
