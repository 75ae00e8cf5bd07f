"""The forms of a file that is brought in: the file or the pasted rows, and its columns."""

import io
from collections.abc import Mapping, Sequence
from typing import IO, Any, Final

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from stores import tables
from stores.models import Import, Store
from stores.services.imports.base import AS_OTHERS, LEAVE_OUT, Kind

_MOST_PASTED: Final = 5_000_000  # characters
_EXAMPLE: Final = 24
_ACCEPTED: Final = ".csv,.tsv,.txt,.xlsx,text/csv"


class ImportForm(forms.Form):
    """A file or pasted rows; clean, ``file`` and ``file_name`` hold what was brought."""

    kind = forms.ChoiceField(label=gettext_lazy("What it holds"), required=False)
    store = forms.ModelChoiceField(
        label=gettext_lazy("Store"),
        queryset=Store.objects.none(),
        required=False,
        empty_label=gettext_lazy("A column of the file names it"),
    )
    upload = forms.FileField(
        label=gettext_lazy("CSV or XLSX file"),
        required=False,
        allow_empty_file=True,
        widget=forms.FileInput(attrs={"accept": _ACCEPTED}),
    )
    text = forms.CharField(
        label=gettext_lazy("Or paste the rows, headers first"),
        required=False,
        strip=False,
        max_length=_MOST_PASTED,
        widget=forms.Textarea(attrs={"rows": 8, "spellcheck": "false"}),
    )

    def __init__(
        self, *args: Any, stores: QuerySet[Store], kinds: Sequence[Kind], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.file: IO[bytes] = io.BytesIO()
        self.file_name = ""
        chosen = self.fields["kind"]
        assert isinstance(chosen, forms.ChoiceField)
        chosen.choices = [
            ("", _("as its headers tell")),
            *((kind.code, kind.label) for kind in kinds),
        ]
        field = self.fields["store"]
        assert isinstance(field, forms.ModelChoiceField)
        field.queryset = stores.order_by("name", "pk")

    def clean(self) -> dict[str, Any]:
        clean = super().clean() or self.cleaned_data
        upload, text = clean.get("upload"), clean.get("text") or ""
        if self.errors:
            return clean
        if bool(upload) == bool(text.strip()):
            raise ValidationError(_("Choose a file or paste the rows: one of the two."))
        if upload is not None:
            self.file, self.file_name = upload.file, _plain_name(upload.name or "")
        else:
            self.file, self.file_name = io.BytesIO(text.encode()), _("Pasted rows")
        return clean

    def refuse(self, why: object) -> None:
        """Say why the file cannot be taken, where it was given."""
        name = "upload" if self.cleaned_data.get("upload") else "text"
        self.add_error(name, str(why))


class MappingForm(forms.Form):
    """Which column of a file holds which field."""

    def __init__(
        self, *args: Any, kept: Import, kind: Kind, examples: Sequence[str], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.kind = kind
        mapping: Mapping[str, Any] = kept.mapping
        columns = [
            (str(at), _named(header, examples[at] if at < len(examples) else ""))
            for at, header in enumerate(kept.headers)
        ]
        for name, field in kind.fields.items():
            self.fields[name] = forms.ChoiceField(
                label=str(field.label),
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
        self.fields["decimals"] = forms.ChoiceField(
            label=_("Numbers like 1.234 or 1,234"),
            choices=[
                ("", _("as the column itself tells")),
                ("point", _("a point before the decimals: 1,234.56")),
                ("comma", _("a comma before the decimals: 1.234,56")),
            ],
            required=False,
            initial=mapping.get("decimals", ""),
        )

    @property
    def columns(self) -> dict[str, int]:
        """Return field to column; only after ``is_valid()``."""
        chosen = {name: self.cleaned_data[name] for name in self.kind.fields}
        return {name: int(column) for name, column in chosen.items() if column}


class ConfirmForm(forms.Form):
    """What becomes of rows that may be the same as what is known."""

    likes = forms.ChoiceField(
        label=gettext_lazy("Rows like one that is known"),
        choices=[
            (LEAVE_OUT, gettext_lazy("Leave them out: they are the same")),
            (AS_OTHERS, gettext_lazy("Import them as others")),
        ],
        required=False,
        initial=LEAVE_OUT,
    )

    def clean_likes(self) -> str:
        return self.cleaned_data["likes"] or LEAVE_OUT


def _named(header: str, example: str) -> str:
    header = tables.excerpt(header) or "–"
    example = tables.excerpt(example)[:_EXAMPLE]
    return f"{header} ({example})" if example else header


def _plain_name(name: str) -> str:
    plain = "".join(letter if letter.isprintable() else " " for letter in name)
    return " ".join(plain.split())[:120] or _("The file")
