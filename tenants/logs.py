"""Log lines: one JSON object each, with agency, request or task, and nothing secret.

The message is constant, values go in ``extra``. What other packages write is brought into the same
form; ``tenants.redaction`` looks through every line on its way out.
"""

import json
import logging
import re
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Final

from django.http import HttpRequest

from tenants import redaction, scope

_OWN: Final = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "taskName"}
_PLACE: Final = ("agency", "request", "task", "work_id")
_REASON_AND_PATH: Final = 2  # what Django's lines about a request are made of
_bound: ContextVar[Mapping[str, Any]] = ContextVar("log_place", default={})  # noqa: B039 - never changed

logger = logging.getLogger(__name__)


@contextmanager
def bound(**values: Any) -> Iterator[None]:
    """Let every line written inside carry ``values``: which request, task, agency this is."""
    token = _bound.set({**_bound.get(), **values})
    try:
        yield
    finally:
        _bound.reset(token)


class PlaceFilter(logging.Filter):
    """Tells each line whose work it is part of."""

    def filter(self, record: logging.LogRecord) -> bool:
        place = scope.current()
        known = {**_bound.get(), **({"agency": place.id} if place else {})}
        record.place = {name: str(known[name]) for name in _PLACE if known.get(name) is not None}
        return True


class JsonFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        event, extra = _told(record)
        line: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(),
            "level": record.levelname,
            "logger": record.name,
            "event": redaction.clean_text(event),
            **getattr(record, "place", {}),
        }
        for name, value in extra.items():
            line.setdefault(name, redaction.clean_value(name, value))
        error = record.exc_info[1] if record.exc_info else None
        if error is not None:
            line["error"] = redaction.describe(error)
        return json.dumps(line, ensure_ascii=False)


def _told(record: logging.LogRecord) -> tuple[str, dict[str, Any]]:
    """Return a line's event and values; Django's and Celery's are brought into our form."""
    extra = {
        name: value
        for name, value in record.__dict__.items()
        if name not in _OWN and name != "place"
    }
    data, request = extra.get("data"), extra.pop("request", None)
    if record.name.startswith("celery.") and isinstance(data, dict) and "id" in data:
        return _of_celery(record, data)
    if isinstance(request, HttpRequest):
        return _of_django(record, request, extra)
    return _message(record), extra


def _message(record: logging.LogRecord) -> str:
    """Return a line's message, its values looked at by name and kind before they are put in."""
    if not isinstance(record.msg, str):
        return str(redaction.clean_value("", record.msg))
    args: Any = record.args
    if isinstance(args, Mapping):
        args = {name: redaction.clean_value(str(name), value) for name, value in args.items()}
    else:
        args = tuple(redaction.clean_value("", value) for value in args or ())
    try:
        return record.msg % args if args else record.msg
    except (TypeError, ValueError, KeyError):  # logging itself would print them to say so
        return record.msg


def _of_django(
    record: logging.LogRecord, request: HttpRequest, extra: dict[str, Any]
) -> tuple[str, dict[str, Any]]:
    """Return what became of a request: the path, which may hold a token, is told as its route."""
    what = "failed" if record.levelno >= logging.ERROR else "refused"
    if isinstance(record.args, tuple) and len(record.args) == _REASON_AND_PATH:
        extra["reason"] = str(record.args[0])
    kind = record.name.rpartition(".")[2].lower()
    return f"{kind}_{what}", {"route": route_of(request), **extra}


_CELERY_SAYS: Final = re.compile(r"\] (received|succeeded|retry)")


def _of_celery(record: logging.LogRecord, data: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """Return what befell a task; its arguments and the text of its error stay out."""
    said = _CELERY_SAYS.search(str(record.msg))
    what = said.group(1) if said else str(data.get("description", "ended")).replace(" ", "_")
    known = {"task": data["id"], "task_name": data.get("name"), "seconds": data.get("runtime")}
    return f"task_{what.lower()}", {k: v for k, v in known.items() if v is not None}


def route_of(request: HttpRequest) -> str:
    """Return the name or pattern of the view that answers ``request``, never its path."""
    match = request.resolver_match
    return (match.view_name or match.route) if match else "none"


def catch_all() -> None:
    """Let what nobody caught, and what Python warns of, be log lines too."""
    logging.captureWarnings(capture=True)
    sys.excepthook = _uncaught
    threading.excepthook = _uncaught_in_thread


def _uncaught(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        return
    logger.critical("uncaught", exc_info=(kind, error, trace))


def _uncaught_in_thread(caught: threading.ExceptHookArgs) -> None:
    if caught.exc_value is not None:
        _uncaught(caught.exc_type, caught.exc_value, caught.exc_traceback)
