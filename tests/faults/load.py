"""Clients that write over HTTP, and note each answer and what it acknowledged."""

import http.client
import json
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from tests.faults import journal
from tests.faults.journal import Journal, Told
from tests.faults.stage import Place, Stage

TOO_LONG = 20.0  # seconds until a client gives up


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer, or "refused", "closed" and the like where none came; moments are monotonic."""

    began: float
    ended: float
    what: str
    retry_after: str | None = None
    body: str = ""


@dataclass
class Writing:
    """What came of a load."""

    path: Path
    answers: list[Answer] = field(default_factory=list)

    def counted(self) -> dict[str, int]:
        return dict(Counter(answer.what for answer in self.answers))

    def told(self) -> Told:
        return journal.read(self.path)

    def first_success_after(self, moment: float) -> float | None:
        """Return the seconds from ``moment`` to the end of the first write begun since."""
        since = [a.ended for a in self.answers if a.began >= moment and a.what in {"200", "201"}]
        return round(min(since) - moment, 2) if since else None

    def is_back_since(self, moment: float) -> bool:
        return self.first_success_after(moment) is not None

    def without_retry_after(self) -> int:
        """Return how many answers of 503 do not say when to come again."""
        return sum(a.what == "503" and a.retry_after is None for a in self.answers)


@contextmanager
def writing(
    stage: Stage, prefix: str, *, clients: int = 4, keep_alive: bool = False, pause: float = 0.02
) -> Iterator[Writing]:
    """Post violations from so many clients until the block ends.

    With ``keep_alive`` each keeps its connection as long as the server does.
    """
    made = Writing(stage.folder / f"{prefix}.journal")
    over = threading.Event()
    with Journal(made.path) as kept:
        threads = [
            threading.Thread(
                target=_write,
                args=(stage, f"{prefix}-{client}", kept, made, over, keep_alive, pause),
            )
            for client in range(clients)
        ]
        for thread in threads:
            thread.start()
        try:
            yield made
        finally:
            over.set()
            for thread in threads:
                thread.join()


def sign_in_page(stage: Stage) -> str:
    """Return what the sign-in page answers: its status, or what went wrong."""
    line = http.client.HTTPConnection("127.0.0.1", stage.web_port, timeout=TOO_LONG)
    try:
        line.request("GET", "/accounts/login/", headers={"Host": stage.public_host})
        got = line.getresponse()
        got.read()
    except (OSError, http.client.HTTPException) as fault:
        return type(fault).__name__
    else:
        return str(got.status)
    finally:
        line.close()


def _write(
    stage: Stage,
    name: str,
    kept: Journal,
    made: Writing,
    over: threading.Event,
    keep_alive: bool,  # noqa: FBT001 - a thread's arguments have no names
    pause: float,
) -> None:
    line: http.client.HTTPConnection | None = None
    number = 0
    while not over.wait(pause):
        place = stage.agencies[number % len(stage.agencies)]
        reference, number = f"{name}-{number}", number + 1
        kept.try_(reference)
        line = line or http.client.HTTPConnection("127.0.0.1", stage.web_port, timeout=TOO_LONG)
        answer, goes_on = _post(line, stage, place, reference)
        if answer.what in {"200", "201"}:
            kept.keep(reference)
        made.answers.append(answer)
        if not (goes_on and keep_alive):
            line.close()
            line = None
    if line is not None:
        line.close()


def _post(
    line: http.client.HTTPConnection, stage: Stage, place: Place, reference: str
) -> tuple[Answer, bool]:
    """Return the answer, and whether the connection stays open."""
    body = {
        "store": place.stores[0],
        "reference": reference,
        "points": -1,
        "reported_at": datetime.now(UTC).isoformat(),
    }
    headers = {
        "Host": stage.public_host,
        "Authorization": f"Bearer {place.key}",
        "Content-Type": "application/json",
    }
    began = time.monotonic()
    reused = "" if line.sock is None else " on a kept connection"
    try:
        line.request("POST", "/api/v1/violations/", json.dumps(body), headers)
        got = line.getresponse()
        text = got.read().decode(errors="replace")
    except (OSError, http.client.HTTPException) as fault:
        return Answer(began, time.monotonic(), f"{type(fault).__name__}{reused}"), False
    return (
        Answer(began, time.monotonic(), str(got.status), got.getheader("Retry-After"), text[:300]),
        not got.will_close,
    )
