"""The alerts that a rating raises."""

from django.utils.translation import gettext_noop

from stores.alert_kinds import CRITICAL, WARNING, AlertKind, Texts, register

_AT_A_MILESTONE = gettext_noop(
    "Look which restriction is in force, and open an appeal for the largest deduction."
)
_NEAR_ONE = gettext_noop(
    "Correct or appeal what is pending before it is enforced, and watch late orders today."
)
_DRIFTS = gettext_noop(
    "Look for a notice that we missed, or an appeal whose points did not come back."
)
_KINDS = (
    AlertKind(
        code="milestone_reached",
        title=gettext_noop("Milestone %(milestone)s reached: rating %(value)s"),
        instruction=_AT_A_MILESTONE,
        severity=CRITICAL,
        of_points=Texts(
            gettext_noop("Milestone %(milestone)s reached: %(value)s points deducted"),
            _AT_A_MILESTONE,
        ),
    ),
    AlertKind(
        code="milestone_near",
        title=gettext_noop("Close to milestone %(milestone)s: rating %(value)s"),
        instruction=_NEAR_ONE,
        severity=WARNING,
        of_points=Texts(
            gettext_noop("Close to milestone %(milestone)s: %(value)s points deducted"),
            _NEAR_ONE,
        ),
    ),
    AlertKind(
        code="store_closed",
        title=gettext_noop("The store is closed"),
        instruction=gettext_noop(
            "Read the marketplace's notice and file an appeal within its window."
        ),
        severity=CRITICAL,
    ),
    AlertKind(
        code="drift",
        title=gettext_noop("The marketplace shows %(drift)s points off our rating"),
        instruction=_DRIFTS,
        severity=WARNING,
        of_points=Texts(
            gettext_noop("The points deducted that the marketplace shows are %(drift)s off ours"),
            _DRIFTS,
        ),
        page="scoring:store_drift",
    ),
    AlertKind(
        code="not_restored",
        title=gettext_noop("%(points)s points given back are not back at the marketplace"),
        instruction=gettext_noop(
            "%(case)s was decided more than %(days)s days ago, and no rating that the marketplace "
            "has shown since agrees. Record what it shows now, or write to its support."
        ),
        severity=WARNING,
        page="scoring:store_drift",
    ),
)


def register_all() -> None:
    for kind in _KINDS:
        register(kind)
