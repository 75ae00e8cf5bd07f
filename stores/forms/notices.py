"""What a person says that a waiting notice is."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final

from django import forms
from django.utils.translation import gettext_lazy as _

from stores.forms.moments import MomentField, set_zone
from stores.mailin.parsers import (
    AppealFinding,
    BalanceFinding,
    CorrectionFinding,
    Finding,
    InactivityFinding,
    RatingFinding,
    StoreHint,
)
from stores.models import Notice, Store

MOST_DAYS: Final = 400
MOST_RATING: Final = 1000
Kind = Notice.Kind
# A violation and a milestone have forms of their own.
CLASSIFIED: Final = (
    *(Kind.INACTIVITY, Kind.NEGATIVE_BALANCE, Kind.HEALTH_REPORT),
    *(Kind.APPEAL_RESULT, Kind.CORRECTION_RESULT, Kind.NEWS, Kind.OTHER),
)
WITHOUT_FACTS: Final = frozenset({Kind.NEWS, Kind.OTHER})


def _outcome(choices: list[tuple[str, Any]]) -> dict[str, Callable[[], forms.Field]]:
    return {
        "reference": lambda: forms.CharField(label=_("Reference of the violation"), max_length=64),
        "outcome": lambda: forms.ChoiceField(label=_("Outcome"), choices=choices),
        "decided_at": lambda: MomentField(
            label=_("Decided"), required=False, help_text=_("Empty: when the notice was sent.")
        ),
    }


_FIELDS: Final[Mapping[str, Mapping[str, Callable[[], forms.Field]]]] = {
    Kind.INACTIVITY: {
        "days": lambda: forms.IntegerField(
            label=_("Days inactive"), min_value=1, max_value=MOST_DAYS
        )
    },
    Kind.NEGATIVE_BALANCE: {
        "amount": lambda: forms.DecimalField(
            label=_("Amount owed"), min_value=0, max_digits=14, decimal_places=2
        )
    },
    Kind.HEALTH_REPORT: {
        "measure": lambda: forms.ChoiceField(
            label=_("What it shows"),
            choices=[("rating", _("The rating")), ("points_deducted", _("The points deducted"))],
        ),
        "value": lambda: forms.IntegerField(label=_("Value"), min_value=0, max_value=MOST_RATING),
    },
    Kind.APPEAL_RESULT: _outcome([("granted", _("Granted")), ("refused", _("Refused"))]),
    Kind.CORRECTION_RESULT: _outcome([("accepted", _("Accepted")), ("rejected", _("Rejected"))]),
    Kind.NEWS: {},
    Kind.OTHER: {},
}


class ClassifyForm(forms.Form):
    """The facts of one kind of notice, and the store that it is about."""

    def __init__(self, *args: Any, kind: str, stores: Any, store: Store | None, **kwargs: Any):  # noqa: ANN204
        super().__init__(*args, **kwargs)
        self.kind = kind
        if kind not in WITHOUT_FACTS and store is None:
            self.fields["store"] = forms.ModelChoiceField(label=_("Store"), queryset=stores)
        for name, make in _FIELDS[kind].items():
            self.fields[name] = make()
        if store is not None:
            set_zone(self, store)

    def facts(self) -> dict[str, Any]:
        return {name: value for name, value in self.cleaned_data.items() if name != "store"}

    def finding(self, *, told_at: datetime) -> Finding | None:
        """Return what the facts say; what they do not date was so at ``told_at``."""
        facts, store = self.facts(), StoreHint()
        match self.kind:
            case Kind.INACTIVITY:
                return InactivityFinding(facts["days"], told_at, store)
            case Kind.NEGATIVE_BALANCE:
                return BalanceFinding(-facts["amount"], "", told_at, store)
            case Kind.HEALTH_REPORT:
                return RatingFinding(facts["value"], facts["measure"], told_at, store)
            case Kind.APPEAL_RESULT:
                return AppealFinding(
                    facts["reference"], facts["outcome"], facts["decided_at"] or told_at, None,
                    store,
                )  # fmt: skip
            case Kind.CORRECTION_RESULT:
                return CorrectionFinding(
                    facts["reference"], facts["outcome"], facts["decided_at"] or told_at, None,
                    store,
                )  # fmt: skip
        return None
