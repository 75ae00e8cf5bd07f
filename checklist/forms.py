"""Turns what a member types about checks into clean values."""

from collections.abc import Sequence
from datetime import time, timedelta
from typing import Any, Final
from uuid import UUID

from django import forms
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.db.models import QuerySet
from django.utils.dates import WEEKDAYS_ABBR
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from checklist.core import picture_suffix
from checklist.models import Assignee, ItemLimit, ProcedureItem, Proof, Schedule, Tick
from checklist.models.rounds import NOTE_LENGTH
from checklist.services.procedures import ItemText, LimitText, SchedulePlan
from checklist.services.ticks import Answer
from stores.metrics import METRICS
from stores.models import Client, Store, StoreGroup
from tenants.forms.names import NameField
from tenants.models import Membership, Role

MOST_PHOTO_BYTES: Final = 10 * 1024 * 1024
LIMITS_OF_AN_ITEM: Final = 4
_MOST_TIMES: Final = 12
_HOURS: Final = 24


class PhotoField(forms.FileField):
    """A photo by what it holds, whatever its name says."""

    widget = forms.FileInput(attrs={"accept": "image/jpeg,image/png,image/webp"})

    def clean(self, data: Any, initial: Any = None) -> "UploadedFile[bytes] | None":
        photo: UploadedFile[bytes] | None = super().clean(data, initial)
        if photo is None or not hasattr(photo, "chunks"):
            return None
        if (photo.size or 0) > MOST_PHOTO_BYTES:
            raise ValidationError(_("A photo has at most 10 MB."), code="too_large")
        suffix = picture_suffix(photo.read(16))
        photo.seek(0)
        if suffix is None:
            raise ValidationError(_("Only JPEG, PNG and WebP photos are kept."), code="not_a_photo")
        photo.name = f"photo.{suffix}"
        return photo


class TickForm(forms.Form):
    """An answer: which, with what value, note and photo, and in place of which."""

    tick = forms.ChoiceField(choices=Tick.Result.choices, widget=forms.HiddenInput)
    replaces = forms.UUIDField(required=False, widget=forms.HiddenInput)
    value = forms.DecimalField(
        label=gettext_lazy("Value"),
        required=False,
        max_digits=16,
        decimal_places=4,
        error_messages={"invalid": gettext_lazy("Give the value as a number.")},
    )
    note = forms.CharField(
        label=gettext_lazy("What you saw"),
        required=False,
        max_length=NOTE_LENGTH,
        widget=forms.Textarea(attrs={"rows": 2}),
    )
    photo = PhotoField(label=gettext_lazy("Photo"), required=False)
    remedy = forms.BooleanField(
        label=gettext_lazy("If it fails, open a remediation"), required=False
    )

    @property
    def answer(self) -> Answer:
        data = self.cleaned_data
        return Answer(
            result=data["tick"], value=data["value"], note=data["note"], photo=data["photo"]
        )


class AssignForm(forms.Form):
    member = forms.ModelChoiceField(
        label=gettext_lazy("Whose work"), queryset=Membership.objects.none()
    )

    def __init__(self, *args: Any, agency_id: UUID, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _choices(self, "member").queryset = able_members(agency_id)


class ProcedureForm(forms.Form):
    name = NameField(label=gettext_lazy("Name"), max_length=80)
    name_zh = NameField(label=gettext_lazy("Name in Chinese"), max_length=80, required=False)
    is_active = forms.BooleanField(label=gettext_lazy("In use"), required=False, initial=True)


class ItemForm(forms.Form):
    """An item with up to four limits on readings."""

    title = forms.CharField(label=gettext_lazy("Title"), max_length=120)
    title_zh = forms.CharField(
        label=gettext_lazy("Title in Chinese"), max_length=120, required=False
    )
    how_to = forms.CharField(
        label=gettext_lazy("How to check"),
        help_text=gettext_lazy("One step a line."),
        max_length=2000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 4}),
    )
    how_to_zh = forms.CharField(
        label=gettext_lazy("How to check, in Chinese"),
        max_length=2000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 4}),
    )
    proof = forms.ChoiceField(
        label=gettext_lazy("Proof"),
        choices=Proof.choices,
        help_text=gettext_lazy(
            "Data: passed by fresh readings alone. Mixed: data does its part, a person confirms."
        ),
    )
    needs_value = forms.BooleanField(label=gettext_lazy("Asks for a value"), required=False)

    def __init__(self, *args: Any, item: ProcedureItem | None = None, **kwargs: Any) -> None:
        if item is not None:
            kwargs["initial"] = _item_initial(item)
        super().__init__(*args, **kwargs)
        metrics = [("", _("none"))] + [(code, one.label) for code, one in METRICS.items()]
        for place in range(LIMITS_OF_AN_ITEM):
            self.fields[f"metric_{place}"] = forms.ChoiceField(
                label=_("Reading"), choices=metrics, required=False
            )
            self.fields[f"comparator_{place}"] = forms.ChoiceField(
                label=_("is"), choices=ItemLimit.Comparator.choices, required=False
            )
            self.fields[f"limit_{place}"] = forms.DecimalField(
                label=_("Limit"), required=False, max_digits=16, decimal_places=4
            )
            self.fields[f"hours_{place}"] = forms.IntegerField(
                label=_("Counts for hours"), required=False, min_value=1, max_value=24 * 14
            )

    @property
    def text_fields(self) -> list[forms.BoundField]:
        return [field for field in self if not field.name.rsplit("_", 1)[-1].isdigit()]

    @property
    def limit_rows(self) -> list[list[forms.BoundField]]:
        return [
            [self[f"{name}_{place}"] for name in ("metric", "comparator", "limit", "hours")]
            for place in range(LIMITS_OF_AN_ITEM)
        ]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        chosen = [data.get(f"metric_{place}") for place in range(LIMITS_OF_AN_ITEM)]
        named = [metric for metric in chosen if metric]
        if len(named) != len(set(named)):
            self.add_error(None, _("Each reading can have one limit only."))
        for place, metric in enumerate(chosen):
            if (
                metric
                and data.get(f"limit_{place}") is None
                and f"limit_{place}" not in self.errors
            ):
                self.add_error(f"limit_{place}", _("Give the limit."))
        if data.get("proof") in {Proof.DATA, Proof.MIXED} and not named:
            self.add_error("proof", _("Data can only prove what a reading measures: choose one."))
        return data

    @property
    def text(self) -> ItemText:
        data = self.cleaned_data
        return ItemText(
            title=data["title"],
            title_zh=data["title_zh"],
            how_to=data["how_to"],
            how_to_zh=data["how_to_zh"],
            proof=data["proof"],
            needs_value=data["needs_value"],
            limits=[
                self._limit(place) for place in range(LIMITS_OF_AN_ITEM) if data[f"metric_{place}"]
            ],
        )

    def _limit(self, place: int) -> LimitText:
        data = self.cleaned_data
        metric, hours = data[f"metric_{place}"], data[f"hours_{place}"]
        return LimitText(
            metric=metric,
            comparator=data[f"comparator_{place}"] or ItemLimit.Comparator.AT_MOST,
            value=data[f"limit_{place}"],
            max_age=timedelta(hours=hours) if hours else METRICS[metric].max_age,
        )


class ScheduleForm(forms.Form):
    """Where, when and for whom."""

    reach = forms.ChoiceField(label=gettext_lazy("Stores"), choices=Schedule.Reach.choices)
    group = forms.ModelChoiceField(
        label=gettext_lazy("Group"), queryset=StoreGroup.objects.none(), required=False
    )
    client = forms.ModelChoiceField(
        label=gettext_lazy("Client"), queryset=Client.objects.none(), required=False
    )
    store = forms.ModelChoiceField(
        label=gettext_lazy("Store"), queryset=Store.objects.none(), required=False
    )
    times = forms.CharField(
        label=gettext_lazy("Opens at"),
        max_length=120,
        help_text=gettext_lazy("Times of the store's own clock, such as 09:00, 16:00."),
    )
    hours = forms.DecimalField(label=gettext_lazy("Hours to do it"), max_digits=5, decimal_places=2)
    weekdays = forms.TypedMultipleChoiceField(
        label=gettext_lazy("Days"),
        coerce=int,
        choices=list(WEEKDAYS_ABBR.items()),
        widget=forms.CheckboxSelectMultiple,
    )
    assignee = forms.ChoiceField(label=gettext_lazy("Whose work"), choices=Assignee.choices)
    member = forms.ModelChoiceField(
        label=gettext_lazy("Member"), queryset=Membership.objects.none(), required=False
    )
    role = forms.ModelChoiceField(
        label=gettext_lazy("Role"), queryset=Role.objects.none(), required=False
    )
    is_active = forms.BooleanField(label=gettext_lazy("In use"), required=False)

    def __init__(
        self,
        *args: Any,
        agency_id: UUID,
        stores: QuerySet[Store],
        schedule: Schedule | None = None,
        **kwargs: Any,
    ) -> None:
        kwargs["initial"] = _schedule_initial(schedule)
        super().__init__(*args, **kwargs)
        _choices(self, "group").queryset = StoreGroup.objects.all()
        _choices(self, "client").queryset = Client.objects.all()
        _choices(self, "store").queryset = stores.order_by("name", "id")
        _choices(self, "member").queryset = able_members(agency_id)
        _choices(self, "role").queryset = Role.objects.filter(
            agency_id=agency_id, capabilities__contains=["checks.tick"]
        )

    @property
    def where_fields(self) -> list[forms.BoundField]:
        return [self[name] for name in ("reach", "group", "client", "store")]

    @property
    def when_fields(self) -> list[forms.BoundField]:
        return [self[name] for name in ("times", "hours", "weekdays", "is_active")]

    @property
    def whose_fields(self) -> list[forms.BoundField]:
        return [self[name] for name in ("assignee", "member", "role")]

    def clean_times(self) -> Sequence[time]:
        words = self.cleaned_data["times"].replace("，", ",").replace("：", ":").split(",")
        times = {_time(word.strip()) for word in words if word.strip()}
        if not times:
            raise ValidationError(_("Give at least one time."))
        if len(times) > _MOST_TIMES:
            raise ValidationError(_("A day has at most twelve times."))
        return sorted(times)

    def clean_hours(self) -> timedelta:
        length = timedelta(hours=float(self.cleaned_data["hours"]))
        if not timedelta(minutes=15) <= length <= timedelta(hours=_HOURS):
            raise ValidationError(_("Give between a quarter of an hour and 24 hours."))
        return length

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        for choice, field in (("reach", data.get("reach")), ("assignee", data.get("assignee"))):
            if field in {"all", "team", None} or data.get(field) is not None:
                continue
            if field not in self.errors:
                words = _("Choose which one.") if choice == "reach" else _("Choose who.")
                self.add_error(field, words)
        return data

    @property
    def plan(self) -> SchedulePlan:
        data = self.cleaned_data
        return SchedulePlan(
            reach=data["reach"],
            group=data["group"],
            client=data["client"],
            store=data["store"],
            times=data["times"],
            weekdays=data["weekdays"],
            length=data["hours"],
            assignee=data["assignee"],
            member=data["member"],
            role=data["role"],
            is_active=data["is_active"],
        )


def able_members(agency_id: UUID) -> QuerySet[Membership]:
    """Return the active members who may tick, by name."""
    return (
        Membership.objects.filter(
            agency_id=agency_id, is_active=True, role__capabilities__contains=["checks.tick"]
        )
        .select_related("user", "role")
        .order_by("user__name", "user__email")
    )


def _choices(form: forms.Form, name: str) -> "forms.ModelChoiceField[Any]":
    field = form.fields[name]
    assert isinstance(field, forms.ModelChoiceField)
    return field


def _time(word: str) -> time:
    try:
        found = time.fromisoformat(word.zfill(5))
    except ValueError:
        raise ValidationError(
            _("“%(word)s” is no time of day. Write it like 09:00.") % {"word": word[:20]}
        ) from None
    if found.tzinfo is not None:
        raise ValidationError(_("Leave the zone out: times are of the store's own clock."))
    return found.replace(second=0, microsecond=0)


def _item_initial(item: ProcedureItem) -> dict[str, Any]:
    values: dict[str, Any] = {
        name: getattr(item, name)
        for name in ("title", "title_zh", "how_to", "how_to_zh", "proof", "needs_value")
    }
    for place, limit in enumerate(item.limits.all()[:LIMITS_OF_AN_ITEM]):
        values |= {
            f"metric_{place}": limit.metric,
            f"comparator_{place}": limit.comparator,
            f"limit_{place}": f"{limit.value.normalize():f}",
            f"hours_{place}": max(1, int(limit.max_age.total_seconds() // 3600)),
        }
    return values


def _schedule_initial(schedule: Schedule | None) -> dict[str, Any]:
    if schedule is None:
        return {"reach": "all", "assignee": "team", "weekdays": list(range(7)), "is_active": True}
    return {
        "reach": schedule.reach,
        "group": schedule.group_id,
        "client": schedule.client_id,
        "store": schedule.store_id,
        "times": ", ".join(f"{clock:%H:%M}" for clock in sorted(schedule.times)),
        "hours": f"{schedule.length.total_seconds() / 3600:g}",
        "weekdays": schedule.weekdays,
        "assignee": schedule.assignee,
        "member": schedule.member_id,
        "role": schedule.role_id,
        "is_active": schedule.is_active,
    }
