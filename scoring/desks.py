"""The pages that show the ratings of many stores, in the order of their tabs."""

from typing import Final, NamedTuple

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


class Desk(NamedTuple):
    url: str
    label: Promise | str


DESKS: Final = (
    Desk("stores:fleet", _("Stores")),
    Desk("scoring:changes", _("Changes")),
    Desk("scoring:calendar", _("Roll-offs")),
    Desk("scoring:drift", _("Drift")),
    Desk("scoring:quizzes", _("Quizzes")),
)
