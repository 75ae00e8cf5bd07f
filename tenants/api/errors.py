"""Maps refusals to answers, in one place."""

from typing import Any, Final

from drf_standardized_errors.formatter import ExceptionFormatter
from drf_standardized_errors.handler import ExceptionHandler
from rest_framework.exceptions import APIException
from rest_framework.status import HTTP_409_CONFLICT

from tenants.errors import DomainError

_HEAD: Final = 100  # letters; what was sent may be megabytes
_TAIL: Final = 60


class Refused(APIException):
    """A member's refusal as the API tells it."""

    status_code = HTTP_409_CONFLICT


class Handler(ExceptionHandler):
    """Answers 409 with code and text to a refusal, and as drf-standardized-errors does else."""

    def convert_known_exceptions(self, exc: Exception) -> Exception:
        if isinstance(exc, DomainError):
            return Refused(detail=str(exc), code=exc.code)
        known: Exception = super().convert_known_exceptions(exc)
        return known


class Formatter(ExceptionFormatter):
    """Tells errors without giving back at length what was sent."""

    def format_error_response(self, error_response: Any) -> Any:
        for error in error_response.errors:
            error.detail = _short(error.detail)
        return super().format_error_response(error_response)


def _short(text: str) -> str:
    return text if len(text) <= _HEAD + _TAIL else f"{text[:_HEAD]}…{text[-_TAIL:]}"
