"""Maps refusals to answers, in one place."""

from drf_standardized_errors.handler import ExceptionHandler
from rest_framework.exceptions import APIException
from rest_framework.status import HTTP_409_CONFLICT

from tenants.errors import DomainError


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
