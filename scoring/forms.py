"""Turns what a member types about the ledger into clean values."""

from datetime import datetime, timedelta, tzinfo
from typing import Any, NamedTuple

from django import forms
from django.utils.translation import gettext_lazy as _

from scoring import books
from scoring.core.rulebook import Rulebook
from scoring.models import LedgerEntry, PlatformRating
from scoring.selectors import rulebooks
from stores.forms.moments import MomentField, set_zone
from stores.markets import MARKETS
from stores.models import Store

_MOST = 1000
_MOST_DAYS = 3660
_WEEK = 7
MOST_BACK = timedelta(days=366)


class _StoreForm(forms.Form):
    def __init__(self, *args: Any, store: Store, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        set_zone(self, store)


class AdjustForm(_StoreForm):
    """A bonus or an adjustment that a person writes into the ledger."""

    kind = forms.ChoiceField(
        label=_("What it is"),
        choices=[
            (LedgerEntry.Kind.BONUS, _("Bonus (quiz, orders)")),
            (LedgerEntry.Kind.ADJUSTMENT, _("Adjustment")),
        ],
    )
    points = forms.IntegerField(label=_("Points"), min_value=-_MOST, max_value=_MOST)
    occurred_at = MomentField(label=_("When, in the store's time"))
    note = forms.CharField(label=_("Why"), max_length=300)


class PlatformRatingForm(_StoreForm):
    value = forms.IntegerField(label=_("What the marketplace shows"), min_value=0, max_value=_MOST)
    measure = forms.ChoiceField(label=_("Measured in"), choices=PlatformRating.Measure.choices)
    observed_at = MomentField(label=_("Seen at, in the store's time"))


class Moments(NamedTuple):
    """What a reader looks at: a moment, what was known of it, and a stretch that ends there."""

    at: datetime
    known_at: datetime
    start: datetime
    end: datetime
    is_now: bool
    is_known_then: bool


class MomentForm(_StoreForm):
    """The moment that a store's rating is looked at, by what was known when, and a stretch before.

    Every field may be left out; one that is refused counts as left out.
    """

    at = MomentField(label=_("Look at"), required=False)
    known = forms.ChoiceField(
        label=_("By what was known"),
        choices=[("now", _("known now")), ("then", _("known then"))],
        required=False,
    )
    days = forms.IntegerField(label=_("Days"), min_value=1, max_value=_MOST_DAYS, required=False)

    def __init__(self, *args: Any, now: datetime, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.now = now
        self.fields["from"] = MomentField(label=_("From"), required=False)
        self.fields["to"] = MomentField(label=_("To"), required=False)
        set_zone(self, kwargs["store"])

    def clean(self) -> dict[str, Any]:
        values = super().clean() or self.cleaned_data
        for name in ("at", "from", "to"):
            if (moment := values.get(name)) is not None and moment > self.now:
                self.add_error(name, _("This moment has not come yet."))
        at = values.get("at") or self.now
        end, start = values.get("to") or at, values.get("from")
        if "to" not in self.errors and end > at:
            self.add_error("to", _("This is after the moment that you look at."))
        if start is not None and "from" not in self.errors and start >= end:
            self.add_error("from", _("This is not before the end."))
        return values

    def moments(self) -> Moments:
        """Return what is looked at; what the form refused is as if it had not been asked for."""
        self.is_valid()
        values = {name: value for name, value in self.cleaned_data.items() if value}
        at: datetime = values.get("at", self.now)
        is_known_then = "at" in values and values.get("known") == "then"
        end = min(values.get("to", at), at)
        start = values.get("from") or end - timedelta(days=values.get("days", _WEEK))
        return Moments(
            at=at,
            known_at=at if is_known_then else self.now,
            start=start if start < end else end - timedelta(days=_WEEK),
            end=end,
            is_now="at" not in values,
            is_known_then=is_known_then,
        )


class SinceForm(forms.Form):
    """Since when the fleet's changes are looked at: so many days, or a moment by her own clock."""

    days = forms.TypedChoiceField(
        label=_("Days"),
        choices=[(1, _("Yesterday")), (7, _("7 days")), (30, _("30 days"))],
        coerce=int,
        required=False,
    )
    since = MomentField(label=_("Since"), required=False)

    def __init__(self, *args: Any, now: datetime, zone: tzinfo, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.now = now
        self.fields["since"].zone = zone  # type: ignore[attr-defined]

    def clean_since(self) -> datetime | None:
        since: datetime | None = self.cleaned_data["since"]
        if since is not None and since >= self.now:
            raise forms.ValidationError(_("This moment has not come yet."))
        if since is not None and since < self.now - MOST_BACK:
            raise forms.ValidationError(_("Look back a year at most."))
        return since

    def moment(self) -> datetime:
        """Return since when; yesterday, where the form refused what was asked for."""
        self.is_valid()
        since: datetime | None = self.cleaned_data.get("since")
        days: int = self.cleaned_data.get("days") or 1
        return since or self.now - timedelta(days=days)


class ShelfForm(forms.Form):
    """Which rulebooks to list."""

    marketplace = forms.ChoiceField(label=_("Marketplace"), required=False)
    market = forms.ChoiceField(label=_("Market"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        all_books = books.all_books()
        places = {book.marketplace for book in all_books}
        markets = {book.market for book in all_books}
        self.fields["marketplace"].choices = [  # type: ignore[attr-defined] # a choice field
            ("", _("All marketplaces")),
            *(each for each in Store.Marketplace.choices if each[0] in places),
        ]
        self.fields["market"].choices = [  # type: ignore[attr-defined] # a choice field
            ("", _("All markets")),
            *((code, name) for code, name in MARKETS.items() if code in markets),
        ]


class DifferenceForm(forms.Form):
    """Which rulebook to lay beside one."""

    to = forms.ChoiceField(label=_("Beside"))

    def __init__(self, *args: Any, book: Rulebook, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["to"].choices = [  # type: ignore[attr-defined] # a choice field
            (each.name, rulebooks.title_of(each)) for each in rulebooks.comparable(book)
        ]


class SwitchForm(forms.Form):
    """Which figures of third parties shall count, or count no more."""

    figures = forms.MultipleChoiceField(label=_("Figures"))
    is_on = forms.ChoiceField(
        label=_("Counts"), choices=[("on", _("It counts")), ("off", _("It does not count"))]
    )

    def __init__(self, *args: Any, book: Rulebook, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["figures"].choices = [  # type: ignore[attr-defined] # a choice field
            (figure, figure) for figure in sorted(book.third_party)
        ]
