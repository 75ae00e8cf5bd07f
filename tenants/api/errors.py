"""Maps refusals to answers, in one place."""

import logging
from typing import Any, Final

from django.db import Error as DatabaseFault
from drf_standardized_errors.formatter import ExceptionFormatter
from drf_standardized_errors.handler import ExceptionHandler
from rest_framework.exceptions import APIException
from rest_framework.response import Response
from rest_framework.status import HTTP_409_CONFLICT, HTTP_503_SERVICE_UNAVAILABLE

from tenants import answers
from tenants.errors import DomainError
from tenants.health.faults import is_connection_fault

logger = logging.getLogger(__name__)

_HEAD: Final = 100  # letters; what was sent may be megabytes
_TAIL: Final = 60


class Refused(APIException):
    """A member's refusal as the API tells it."""

    status_code = HTTP_409_CONFLICT


class Unavailable(APIException):
    """The database is away for a moment."""

    status_code = HTTP_503_SERVICE_UNAVAILABLE
    default_detail = answers.UNAVAILABLE
    default_code = "unavailable"
    wait = answers.RETRY_AFTER


class Handler(ExceptionHandler):
    """Answers 409 with code and text to a refusal, and as drf-standardized-errors does else."""

    def convert_known_exceptions(self, exc: Exception) -> Exception:
        if isinstance(exc, DomainError):
            return Refused(detail=str(exc), code=exc.code)
        if isinstance(exc, DatabaseFault) and is_connection_fault(exc):
            return Unavailable()
        known: Exception = super().convert_known_exceptions(exc)
        return known

    def report_exception(self, exc: APIException, response: Response) -> None:
        if isinstance(exc, Unavailable):
            logger.warning("database_away")  # no fault of this request's: no trace is of use
            response._has_been_logged = True  # type: ignore[attr-defined] # noqa: SLF001 - Django's
            return
        super().report_exception(exc, response)


class Formatter(ExceptionFormatter):
    """Tells errors without giving back at length what was sent."""

    def format_error_response(self, error_response: Any) -> Any:
        for error in error_response.errors:
            error.detail = _short(error.detail)
        return super().format_error_response(error_response)


def _short(text: str) -> str:
    return text if len(text) <= _HEAD + _TAIL else f"{text[:_HEAD]}…{text[-_TAIL:]}"
