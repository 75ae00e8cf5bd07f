"""Turns what a member types about the ledger into clean values."""

from typing import Any

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
