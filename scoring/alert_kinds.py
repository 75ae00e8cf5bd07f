"""The alerts that a rating raises."""

from django.utils.translation import gettext_noop

from stores.alert_kinds import CRITICAL, WARNING, AlertKind, register

_KINDS = (
    AlertKind(
        code="milestone_reached",
        title=gettext_noop("Milestone %(milestone)s reached at %(value)s"),
        instruction=gettext_noop(
            "Look which restriction is in force, and open an appeal for the largest deduction."
        ),
        severity=CRITICAL,
    ),
    AlertKind(
        code="milestone_near",
        title=gettext_noop("Close to milestone %(milestone)s: now %(value)s"),
        instruction=gettext_noop(
            "Correct or appeal what is pending before it is enforced, and watch late orders today."
        ),
        severity=WARNING,
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
        instruction=gettext_noop(
            "Look for a notice that we missed, or an appeal whose points did not come back."
        ),
        severity=WARNING,
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
