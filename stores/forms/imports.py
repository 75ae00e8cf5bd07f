"""The forms of a file that is brought in: the file or the pasted rows, and its columns."""

from collections.abc import Mapping
from typing import Any, Final

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from stores import tables
from stores.models import Store
from stores.services.imports import FIELDS, MOST_ROWS
from tenants.errors import DomainError

_MOST_PASTED: Final = 5_000_000  # characters
_EXAMPLE: Final = 24


class ImportForm(forms.Form):
    """A CSV file or pasted rows; clean, ``table`` and ``file_name`` hold what was read."""

    store = forms.ModelChoiceField(
        label=gettext_lazy("Store"),
        queryset=Store.objects.none(),
        required=False,
        empty_label=gettext_lazy("A column of the file names it"),
    )
    file = forms.FileField(
        label=gettext_lazy("CSV file"),
        required=False,
        allow_empty_file=True,
        widget=forms.FileInput(attrs={"accept": ".csv,.tsv,.txt,text/csv"}),
    )
    text = forms.CharField(
        label=gettext_lazy("Or paste the rows, headers first"),
        required=False,
        strip=False,
        max_length=_MOST_PASTED,
        widget=forms.Textarea(attrs={"rows": 8, "spellcheck": "false"}),
    )

    def __init__(self, *args: Any, stores: QuerySet[Store], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.table: tables.Table | None = None
        self.file_name = ""
        field = self.fields["store"]
        assert isinstance(field, forms.ModelChoiceField)
        field.queryset = stores.order_by("name", "pk")

    def clean(self) -> dict[str, Any]:
        clean = super().clean() or self.cleaned_data
        file, text = clean.get("file"), clean.get("text") or ""
        if self.errors:
            return clean
        if bool(file) == bool(text.strip()):
            raise ValidationError(_("Choose a file or paste the rows: one of the two."))
        if file is not None:
            data, self.file_name = file.read(), _plain_name(file.name or "")
        else:
            data, self.file_name = text.encode(), _("Pasted rows")
        try:
            self.table = tables.read_table(data, filename=self.file_name)
        except DomainError as refusal:
            self.add_error("file" if file is not None else "text", str(refusal))
            return clean
        if not self.table.rows and not self.table.problems:
            raise ValidationError(_("There is no row below the headers."))
        if len(self.table.rows) > MOST_ROWS:
            raise ValidationError(
                _("%(file)s has %(rows)s rows; at most 5,000 are taken at once. Split it.")
                % {"file": self.file_name, "rows": f"{len(self.table.rows):,}"}
            )
        return clean


class MappingForm(forms.Form):
    """Which column of a file holds which field."""

    def __init__(
        self, *args: Any, table: tables.Table, mapping: Mapping[str, Any], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        columns = [
            (str(at), _named(header, table.rows[0].cells[at] if table.rows else ""))
            for at, header in enumerate(table.headers)
        ]
        for name, (label, _known) in FIELDS.items():
            self.fields[name] = forms.ChoiceField(
                label=label,
                choices=[("", _("not in this file")), *columns],
                required=False,
                initial=str(mapping.get("columns", {}).get(name, "")),
            )
        self.fields["dates"] = forms.ChoiceField(
            label=_("Dates like 03/04/2026"),
            choices=[
                ("", _("as the column itself tells")),
                ("day", _("day first: 3 April")),
                ("month", _("month first: March 4")),
            ],
            required=False,
            initial=mapping.get("dates", ""),
        )

    @property
    def columns(self) -> dict[str, int]:
        """Return field to column; only after ``is_valid()``."""
        chosen = {name: self.cleaned_data[name] for name in FIELDS}
        return {name: int(column) for name, column in chosen.items() if column}


def _named(header: str, example: str) -> str:
    header = tables.excerpt(header) or "–"
    example = tables.excerpt(example)[:_EXAMPLE]
    return f"{header} ({example})" if example else header


def _plain_name(name: str) -> str:
    plain = "".join(letter if letter.isprintable() else " " for letter in name)
    return " ".join(plain.split())[:120] or _("The file")
