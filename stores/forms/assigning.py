"""Forms that give many stores at once to clients, groups and people: ticked, or as a list."""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from stores import tables
from stores.models import Client, Store, StoreGroup
from stores.services.assigning import Placing
from stores.services.stores import MOST_STORES
from stores.tables import RowError
from tenants.errors import DomainError
from tenants.models import Membership

MOST_LETTERS: Final = 500_000
_PASTED: Final = "list.csv"
_COLUMNS: Final = {
    "store": (
        "shop",
        "store name",
        "shop name",
        "shop id",
        "店铺",
        "店铺名称",
        "店铺id",
        "店铺编号",
    ),
    "client": ("customer", "owner", "客户", "客户名称"),
    "groups": ("group", "store group", "分组", "店铺分组", "组"),
    "people": ("staff", "team", "members", "member", "人员", "成员", "团队", "负责人"),
}
_LONGEST: Final = {"store": 120, "client": 120, "group": 80, "person": 254}


class MembersChoice(forms.ModelMultipleChoiceField):  # type: ignore[type-arg]
    def label_from_instance(self, obj: Any) -> str:
        return f"{obj.user} · {obj.role}"


class AssignForm(forms.Form):
    """What the picked stores get; what is left empty stays as it is."""

    client = forms.ModelChoiceField(
        label=gettext_lazy("Client"),
        queryset=Client.objects.none(),
        required=False,
        empty_label=gettext_lazy("as it is"),
    )
    groups = forms.ModelMultipleChoiceField(
        label=gettext_lazy("Add to groups"),
        queryset=StoreGroup.objects.none(),
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    members = MembersChoice(
        label=gettext_lazy("Share with"),
        queryset=Membership.objects.none(),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=gettext_lazy("Who reaches all stores needs no share and is not listed."),
    )

    def __init__(
        self,
        *args: Any,
        clients: QuerySet[Client],
        groups: QuerySet[StoreGroup],
        members: QuerySet[Membership] | None,
        **kwargs: Any,
    ) -> None:
        """``members`` None: whoever fills the form in may not share stores."""
        super().__init__(*args, **kwargs)
        for name, choices in (("client", clients), ("groups", groups), ("members", members)):
            field = self.fields[name]
            assert isinstance(field, forms.ModelChoiceField)
            if choices is None:
                del self.fields[name]
            else:
                field.queryset = choices

    def placings(self, stores: Iterable[Store]) -> list[Placing]:
        clean = self.cleaned_data
        groups, members = tuple(clean["groups"]), tuple(clean.get("members", ()))
        return [Placing(store, clean["client"], groups, members) for store in stores]


class AssignListForm(forms.Form):
    """Rows of store, client, groups and people; headings first."""

    rows = forms.CharField(
        label=gettext_lazy("Rows, headings first"),
        required=False,
        strip=False,
        max_length=MOST_LETTERS,
        widget=forms.Textarea(attrs={"rows": 10, "spellcheck": "false"}),
        help_text=gettext_lazy(
            "Headings: store, client, groups, people. A store by name or shop ID; several groups or"
            " people in one cell, with commas between them; people by mail address."
        ),
    )
    file = forms.FileField(
        label=gettext_lazy("Or a CSV file"),
        required=False,
        allow_empty_file=True,
        widget=forms.FileInput(attrs={"accept": ".csv,.tsv,.txt,text/csv"}),
    )
    is_making = forms.BooleanField(
        label=gettext_lazy("Add clients and groups that are not there yet"), required=False
    )

    table: tables.Table | None = None

    def clean(self) -> None:
        file, text = self.cleaned_data.get("file"), self.cleaned_data.get("rows") or ""
        if self.errors:
            return
        if not file and not text.strip():
            raise ValidationError(_("Choose a file or paste the rows."))
        try:
            data = file.read() if file else text.encode("utf-8", "replace")
            self.table = tables.read_table(data, filename=_PASTED)
        except DomainError as refusal:
            raise ValidationError(str(refusal)) from refusal
        if "store" not in tables.map_headers(self.table.headers, _COLUMNS).at:
            raise ValidationError(_("A column named store is missing."))
        if len(self.table.rows) > MOST_STORES:
            raise ValidationError(_("At most %(most)s rows at once.") % {"most": MOST_STORES})
        if not self.table.rows and not self.table.problems:
            raise ValidationError(_("There is no row below the headings."))

    @property
    def text(self) -> str:
        """Return the rows as read, to be sent again with the form."""
        assert self.table is not None
        lines = [self.table.headers, *(row.cells for row in self.table.rows)]
        return "\n".join("\t".join(" ".join(cell.split()) for cell in line) for line in lines)


@dataclass(frozen=True, slots=True)
class Line:
    """One row of a list: what it does, or why it cannot be taken."""

    number: int
    store: Store | None
    client: str
    groups: tuple[str, ...]
    members: tuple[Membership, ...]
    errors: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AssignList:
    """A list as read. ``new_clients`` and ``new_groups`` are named in it and not there yet."""

    lines: tuple[Line, ...]
    not_taken: tuple[str, ...]
    new_clients: tuple[str, ...]
    new_groups: tuple[str, ...]

    @property
    def wrong(self) -> int:
        return sum(bool(line.errors) for line in self.lines)


class Known:
    """The stores, clients, groups and members that a list may name, by how it may name them."""

    def __init__(
        self,
        *,
        stores: Iterable[Store],
        clients: Iterable[Client],
        groups: Iterable[StoreGroup],
        members: Iterable[Membership] | None,
    ) -> None:
        self.stores: dict[str, list[Store]] = defaultdict(list)
        for store in stores:
            for called in {_plain(store.name), _plain(store.external_id)} - {""}:
                self.stores[called].append(store)
        self.clients = {_plain(client.name): client for client in clients}
        self.groups = {_plain(group.name): group for group in groups}
        self.may_share = members is not None
        self.members = {_plain(member.user.email): member for member in members or ()}


def read_list(table: tables.Table, known: Known, *, is_making: bool) -> AssignList:
    """Read the rows of ``table``; nothing is written."""
    columns = tables.map_headers(table.headers, _COLUMNS)
    new_clients: dict[str, str] = {}
    new_groups: dict[str, str] = {}
    lines = [Line(problem.line, None, "", (), (), (problem.message,)) for problem in table.problems]
    seen: set[Any] = set()
    for row in table.rows:
        errors: list[str] = []
        store = _store(columns.cell(row, "store"), known, row.line, errors)
        if store is not None and store.pk in seen:
            errors.append(_("This store stands further up already."))
        if store is not None:
            seen.add(store.pk)
        names = _several(columns.cell(row, "groups"))
        client = _text(columns.cell(row, "client"), "client", row.line, errors)
        groups = [_text(name, "group", row.line, errors) for name in names]
        if client and _plain(client) not in known.clients:
            new_clients.setdefault(_plain(client), client)
            if not is_making:
                errors.append(_("There is no client %(name)s.") % {"name": client})
        for group in groups:
            if group and _plain(group) not in known.groups:
                new_groups.setdefault(_plain(group), group)
                if not is_making:
                    errors.append(_("There is no group %(name)s.") % {"name": group})
        members = _members(_several(columns.cell(row, "people")), known, errors)
        if not (client or any(groups) or members or errors):
            errors.append(_("This row gives the store nothing."))
        lines.append(Line(row.line, store, client, tuple(groups), members, tuple(errors)))
    return AssignList(
        lines=tuple(sorted(lines, key=lambda line: line.number)),
        not_taken=(
            *columns.unmapped,
            *(name for each in columns.ambiguous.values() for name in each),
        ),
        new_clients=tuple(new_clients.values()),
        new_groups=tuple(new_groups.values()),
    )


def placings_of(
    lines: Sequence[Line], clients: Mapping[str, Client], groups: Mapping[str, StoreGroup]
) -> list[Placing]:
    """Return what ``lines`` without errors ask for; clients and groups by their plain names."""
    found = []
    for line in lines:
        assert line.store is not None, "A line with an error places nothing."
        found.append(
            Placing(
                store=line.store,
                client=clients[_plain(line.client)] if line.client else None,
                groups=tuple(groups[_plain(name)] for name in line.groups),
                members=line.members,
            )
        )
    return found


def by_plain_name(rows: Iterable[Any]) -> dict[str, Any]:
    return {_plain(row.name): row for row in rows}


def _store(cell: str, known: Known, line: int, errors: list[str]) -> Store | None:
    name = _text(cell, "store", line, errors)
    if not name:
        if not errors:
            errors.append(_("The store is missing."))
        return None
    found = known.stores.get(_plain(name), [])
    if len(found) == 1:
        return found[0]
    said = (
        _("Several stores are called %(name)s. Give the shop ID.")
        if found
        else _("There is no store %(name)s.")
    )
    errors.append(said % {"name": tables.excerpt(name)})
    return None


def _members(names: Sequence[str], known: Known, errors: list[str]) -> tuple[Membership, ...]:
    if names and not known.may_share:
        errors.append(_("You may not say who reaches which store."))
        return ()
    found = {}
    for name in names:
        member = known.members.get(_plain(name))
        if member is None:
            errors.append(
                _("There is nobody with this address to share with: %(name)s.")
                % {"name": tables.excerpt(name)}
            )
        else:
            found[member.pk] = member
    return tuple(found.values())


def _text(cell: str, kind: str, line: int, errors: list[str]) -> str:
    try:
        return tables.read_text(
            cell.replace("\x00", " "), line=line, field=kind, longest=_LONGEST[kind]
        )
    except RowError as error:
        errors.append(str(error))
        return ""


def _several(cell: str) -> list[str]:
    """Return the names in a cell that may hold several, each once."""
    names = re.split(r"[,;|\n、，；]", cell)
    return list(dict.fromkeys(name.strip() for name in names if name.strip()))


def _plain(name: str) -> str:
    return " ".join(name.casefold().split())
