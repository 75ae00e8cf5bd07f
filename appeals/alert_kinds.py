"""The alerts that cases raise."""

from typing import Final

from django.utils.translation import gettext_noop

from scoring.selectors.checks import NOT_RESTORED
from stores.alert_kinds import CRITICAL, WARNING, AlertKind, Texts, register

WINDOW_CLOSES: Final = "appeal.window_closes"
POINTS_MISSING: Final = "appeal.points_missing"
OUTCOME_UNPLACED: Final = "appeal.outcome_unplaced"

_NOT_BACK: Final = gettext_noop("%(case)s was granted, but its points are not back")
_KINDS = (
    AlertKind(
        code=WINDOW_CLOSES,
        title=gettext_noop("The appeal window of %(case)s closes within 48 hours"),
        instruction=gettext_noop(
            "File attempt %(attempt)s before it closes, or withdraw it if it cannot win."
        ),
        severity=CRITICAL,
    ),
    AlertKind(
        code=POINTS_MISSING,
        title=_NOT_BACK,
        instruction=gettext_noop(
            "The marketplace still shows %(drift)s against our rating. Write to its support with "
            "the number of the appeal."
        ),
        severity=WARNING,
        of_points=Texts(
            _NOT_BACK,
            gettext_noop(
                "The points deducted that the marketplace shows are still %(drift)s off ours. "
                "Write to its support with the number of the appeal."
            ),
        ),
        replaced_by=NOT_RESTORED,
    ),
    AlertKind(
        code=OUTCOME_UNPLACED,
        title=gettext_noop("A notice tells the outcome of an appeal that was not filed here"),
        instruction=gettext_noop(
            "Read the notice about %(reference)s, and enter the outcome in its case if it is true."
        ),
        severity=WARNING,
    ),
)


def register_all() -> None:
    for kind in _KINDS:
        register(kind)
