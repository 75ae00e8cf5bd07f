"""Turns what a member types about cases and remediations into clean values."""

from typing import Any
from uuid import UUID

from django import forms
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from appeals import core
from appeals.models import Attempt
from appeals.services import cases, evidence, outcomes, remediations
from stores.forms.moments import MomentField, set_zone
from stores.models import Store
from tenants.models import Membership


class MemberChoice(forms.ModelChoiceField):  # type: ignore[type-arg]
    def label_from_instance(self, obj: Any) -> str:
        return str(obj.user)


def able_members(agency_id: UUID, capability: str) -> QuerySet[Membership]:
    """Return the active members who hold ``capability``, by name."""
    return (
        Membership.objects.filter(
            agency_id=agency_id, is_active=True, role__capabilities__contains=[capability]
        )
        .select_related("user")
        .order_by("user__name", "user__email")
    )


class DraftForm(forms.Form):
    """The text of an attempt, for which form, in place of which revision."""

    channel = forms.ChoiceField(
        label=_("For"), choices=Attempt.Channel.choices, widget=forms.RadioSelect
    )
    grounds = forms.CharField(
        label=_("Grounds"),
        required=False,
        max_length=20 * core.APPEAL_FORM_LIMIT,  # the service says how long the form takes
        strip=False,
        widget=forms.Textarea(attrs={"rows": 14, "data-counted": ""}),
    )
    revision = forms.IntegerField(widget=forms.HiddenInput, min_value=0, max_value=10**9)


class EvidenceForm(forms.Form):
    """One document: a file, a link or an internal note."""

    title = forms.CharField(label=_("What it shows"), max_length=evidence.TITLE_LENGTH)
    file = forms.FileField(
        label=_("File"),
        required=False,
        help_text=_("PDF, JPEG, PNG, WebP or MP4, at most 20 MB."),
        widget=forms.FileInput(
            attrs={"accept": "application/pdf,image/jpeg,image/png,image/webp,video/mp4"}
        ),
    )
    url = forms.CharField(label=_("or a link"), max_length=evidence.URL_LENGTH, required=False)
    text = forms.CharField(
        label=_("or an internal note"),
        max_length=evidence.TEXT_LENGTH,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
    )

    def clean_file(self) -> "UploadedFile[bytes] | None":
        file: UploadedFile[bytes] | None = self.cleaned_data["file"]
        if file is not None and (file.size or 0) > evidence.MOST_BYTES:
            raise ValidationError(_("A file has at most 20 MB."))
        return file


class ReturnForm(forms.Form):
    reason = forms.CharField(
        label=_("What is missing"),
        max_length=cases.REASON_LENGTH,
        widget=forms.Textarea(attrs={"rows": 3}),
    )


class FileForm(forms.Form):
    filing_reference = forms.CharField(
        label=_("The marketplace's number of the appeal"),
        max_length=cases.REFERENCE_LENGTH,
        required=False,
        help_text=_("Optional."),
    )


class OutcomeForm(forms.Form):
    """The marketplace's decision; the moment is in the store's own time."""

    outcome = forms.ChoiceField(
        choices=[(outcome, outcome) for outcome in outcomes.OUTCOMES], widget=forms.HiddenInput
    )
    decided_at = MomentField(
        label=_("Decided, in the store's time"), required=False, help_text=_("Empty: now.")
    )
    points_back = forms.IntegerField(
        label=_("Points given back"),
        required=False,
        min_value=1,
        max_value=1000,
        help_text=_("Empty: all of them."),
    )
    note = forms.CharField(
        label=_("What the marketplace said"),
        required=False,
        max_length=outcomes.NOTE_LENGTH,
        widget=forms.Textarea(attrs={"rows": 3}),
    )

    def __init__(self, *args: Any, store: Store, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        set_zone(self, store)


class OwnerForm(forms.Form):
    owner = MemberChoice(
        label=_("Whose case"),
        queryset=Membership.objects.none(),
        required=False,
        empty_label=_("nobody"),
    )

    def __init__(self, *args: Any, agency_id: UUID, capability: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["owner"]
        assert isinstance(field, forms.ModelChoiceField)
        field.queryset = able_members(agency_id, capability)


class AssignForm(OwnerForm):
    """Whose work a remediation is, and until when."""

    due_at = MomentField(label=_("Due, in the store's time"), required=False)

    def __init__(self, *args: Any, store: Store, **kwargs: Any) -> None:
        super().__init__(*args, capability="remediations.work", **kwargs)
        set_zone(self, store)
        self.fields["owner"].label = _("Whose work")


class RemediationForm(AssignForm):
    """A new piece of work at one store."""

    title = forms.CharField(label=_("What to mend"), max_length=remediations.TITLE_LENGTH)
    steps = forms.CharField(
        label=_("Steps"),
        help_text=_("One step a line."),
        required=False,
        max_length=remediations.MOST_STEPS * remediations.TEXT_LENGTH,
        widget=forms.Textarea(attrs={"rows": 5}),
    )
    detail = forms.CharField(
        label=_("Internal note"),
        required=False,
        max_length=remediations.DETAIL_LENGTH,
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    field_order = ("title", "steps", "owner", "due_at", "detail")

    @property
    def step_lines(self) -> list[str]:
        lines: list[str] = self.cleaned_data["steps"].splitlines()
        return [line for line in lines if line.strip()]


class StepForm(forms.Form):
    text = forms.CharField(label=_("Another step"), max_length=remediations.TEXT_LENGTH)


class EndForm(forms.Form):
    """What was done, or why it is given up."""

    words = forms.CharField(
        label=_("In a sentence"),
        required=False,
        max_length=remediations.OUTCOME_LENGTH,
        widget=forms.Textarea(attrs={"rows": 2}),
    )
