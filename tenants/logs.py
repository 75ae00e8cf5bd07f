"""Log lines as JSON, each with the agency in scope; constant messages, values in ``extra``."""

import json
import logging
from datetime import UTC, datetime
from typing import Any

from tenants import scope

_OWN = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "taskName"}
_PLAIN = (str, int, float, bool, type(None))


class PlaceFilter(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        place = scope.current()
        record.agency = str(place.id) if place else None
        return True


class JsonFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(),
            "level": record.levelname,
            "logger": record.name,
            "event": record.getMessage(),
        }
        for key, value in record.__dict__.items():
            if key not in _OWN:
                line[key] = value if isinstance(value, _PLAIN) else str(value)
        if record.exc_info:
            line["error"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False)
