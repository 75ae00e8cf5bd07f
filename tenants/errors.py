"""The family of refusals that a member is told about."""

from typing import ClassVar


class DomainError(Exception):
    """A refusal we expect; its text is for the member. The API answers 409 with ``code``."""

    code: ClassVar[str] = "refused"
