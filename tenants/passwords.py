"""What a password must be: strong by kind or by length, and on no list of leaked ones."""

import gzip
from functools import cache
from pathlib import Path
from typing import Any, Final

from django.contrib.auth import password_validation
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

SHORT: Final = 8
LONG: Final = 15
# Django's own list of the 20,000 passwords seen most often in leaks.
_LEAKED = Path(password_validation.__file__).parent / "common-passwords.txt.gz"


@cache
def leaked_passwords() -> frozenset[str]:
    with gzip.open(_LEAKED, "rt", encoding="utf-8") as lines:
        return frozenset(line.strip().lower() for line in lines)


def _is_mixed(password: str) -> bool:
    return (
        any(letter.isupper() for letter in password)
        and any(letter.islower() for letter in password)
        and any(letter.isdigit() for letter in password)
        and any(not letter.isalnum() and not letter.isspace() for letter in password)
    )


class StrengthValidator:
    """Takes 8 characters with upper, lower, digit and symbol, or 15 of any kind."""

    def validate(self, password: str, user: Any = None) -> None:  # noqa: ARG002 - Django's
        if len(password) >= LONG or (len(password) >= SHORT and _is_mixed(password)):
            return
        raise ValidationError(self.get_help_text(), code="password_too_weak")

    def get_help_text(self) -> str:
        return _(
            "Use at least 15 characters, or at least 8 with a capital and a small letter,"
            " a digit and a symbol."
        )


class LeakedPasswordValidator:
    """Refuses passwords that are on the list of leaked ones, in capitals or not."""

    def validate(self, password: str, user: Any = None) -> None:  # noqa: ARG002 - Django's
        if password.strip().lower() in leaked_passwords():
            raise ValidationError(
                _("This password is on a list of leaked ones. Choose another."),
                code="password_leaked",
            )

    def get_help_text(self) -> str:
        return _("It must not be on a list of leaked passwords.")
