"""Turns what a member types about the ledger into clean values."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta, tzinfo
from typing import Any, NamedTuple

from django import forms
from django.utils.translation import gettext_lazy as _

from scoring import books
from scoring.core.rulebook import Rulebook
from scoring.models import LedgerEntry, PlatformRating, Quiz
from scoring.selectors import rulebooks
from scoring.selectors.causes import Cause
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


class CauseForm(_StoreForm):
    """What acting on a proposed cause takes; of these fields those that the cause names."""

    rule = forms.ChoiceField(label=_("Rule"), choices=[])
    reference = forms.CharField(
        label=_("Reference"),
        max_length=64,
        required=False,
        help_text=_("The marketplace's own number. With it nothing is counted twice."),
    )
    points = forms.IntegerField(label=_("Points"), min_value=1, max_value=_MOST)
    occurred_at = MomentField(label=_("When, in the store's time"))
    reason = forms.ChoiceField(
        label=_("Why they came back"),
        choices=[
            (reason.value, reason.label)
            for reason in LedgerEntry.Reason
            if reason != LedgerEntry.Reason.MISTAKE
        ],
    )
    decided_at = MomentField(label=_("Decided, in the store's time"))
    expires_at = MomentField(label=_("Leaves at, in the store's time"))
    note = forms.CharField(label=_("Why"), max_length=300)

    def __init__(self, *args: Any, cause: Cause, rules: Mapping[str, str], **kwargs: Any) -> None:
        """Offer ``cause.first`` as first values and ``rules`` (code to label) to choose from."""
        first = dict(cause.first)
        super().__init__(*args, initial=first, **kwargs)
        for name in set(self.fields) - first.keys():
            del self.fields[name]
        rule = self.fields.get("rule")
        if isinstance(rule, forms.ChoiceField):
            rule.choices = [("", "–"), *rules.items()]


class QuizForm(_StoreForm):
    """A quiz that the marketplace offers to a store."""

    kind = forms.ChoiceField(label=_("What it gives"), choices=[])
    title = forms.CharField(
        label=_("Quiz"),
        max_length=160,
        help_text=_("As the marketplace calls it, or the rule that it is about."),
    )
    milestone = forms.ChoiceField(
        label=_("Milestone"),
        choices=[],
        required=False,
        help_text=_("Of a milestone quiz: whose restriction it shortens."),
    )
    worth = forms.IntegerField(
        label=_("Points that it gives"),
        required=False,
        min_value=1,
        max_value=_MOST,
        help_text=_("Empty where the marketplace does not say."),
    )
    offered_at = MomentField(label=_("On offer since, in the store's time"), required=False)
    open_until = MomentField(label=_("Open until, in the store's time"), required=False)

    def __init__(
        self, *args: Any, milestones: Sequence[tuple[str, str]] = (), **kwargs: Any
    ) -> None:
        """Offer ``milestones`` (code, label) of the store's rulebook."""
        super().__init__(*args, **kwargs)
        kinds = [(Quiz.Kind.POINTS.value, _("Points"))]
        if milestones:
            kinds.append((Quiz.Kind.MILESTONE.value, _("A shorter restriction of a milestone")))
        else:
            del self.fields["milestone"]
        for name, choices in (("kind", kinds), ("milestone", [("", "–"), *milestones])):
            field = self.fields.get(name)
            if isinstance(field, forms.ChoiceField):
                field.choices = choices

    def clean(self) -> dict[str, Any]:
        clean = super().clean() or self.cleaned_data
        if clean.get("kind") == Quiz.Kind.MILESTONE and not clean.get("milestone"):
            self.add_error("milestone", _("Choose the milestone."))
        return clean


class PassQuizForm(_StoreForm):
    """How a quiz was passed: points it gave, or the new end of the restriction."""

    passed_at = MomentField(label=_("Passed, in the store's time"))
    points = forms.IntegerField(
        label=_("Points that the marketplace gave"), min_value=1, max_value=_MOST
    )
    ends_at = MomentField(
        label=_("The restriction now ends, in the store's time"),
        help_text=_("As the marketplace says; the rulebook does not tell by how much."),
    )

    def __init__(self, *args: Any, quiz: Quiz, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        del self.fields["ends_at" if quiz.kind == Quiz.Kind.POINTS else "points"]
