"""Files brought in by an integration: rows or a file, checked, then written on its word."""

import csv
import io
from collections.abc import Mapping, Sequence
from typing import IO, Any, ClassVar, Final

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import PermissionDenied, ValidationError
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.status import HTTP_201_CREATED

from stores.access import import_of_key, imports_of_key, stores_of_key
from stores.api.fields import NothingIn, StoreField, Strict
from stores.models import Import
from stores.selectors import imports as selectors
from stores.services import imports as services
from stores.services.imports.base import LEAVE_OUT, LIKES
from tenants.api.parsing import StrictJSONParser
from tenants.api.views import AgencyView
from tenants.models import ApiKey

_MOST_ROWS: Final = 5_000
_MOST_FIELDS: Final = 200
_TOLD_ERRORS: Final = 100
_FILE_NAME: Final = "rows.csv"


class _ImportIn(Strict):
    kind = serializers.ChoiceField(choices=sorted(services.KINDS), required=False)
    store = StoreField(required=False)
    file_name = serializers.CharField(max_length=120, required=False)
    rows = serializers.ListField(
        child=serializers.DictField(child=serializers.JSONField()),
        required=False,
        min_length=1,
        max_length=_MOST_ROWS,
        help_text="Each an object: a column's name, as a file's header would say it, to its cell.",
    )
    file = serializers.FileField(required=False, allow_empty_file=True)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if ("rows" in attrs) == ("file" in attrs):
            raise serializers.ValidationError(
                "Send rows as JSON or a file as multipart: one of the two.", code="rows_or_file"
            )
        key: ApiKey = self.context["key"]
        if key.store_ids is not None and "store" not in attrs:
            raise serializers.ValidationError(
                {"store": "This key reaches listed stores only: say which one it is."},
                code="required",
            )
        return attrs


class _ConfirmIn(Strict):
    likes = serializers.ChoiceField(
        choices=LIKES,
        default=LEAVE_OUT,
        help_text="What becomes of violations without a reference that are like one known.",
    )


class _ErrorOut(serializers.Serializer[Any]):
    line = serializers.IntegerField()
    column = serializers.CharField(allow_blank=True)
    value = serializers.CharField(allow_blank=True)
    detail = serializers.CharField()


class _ImportOut(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    kind = serializers.CharField()
    file_name = serializers.CharField()
    sheet = serializers.CharField(allow_blank=True)
    store = serializers.UUIDField(allow_null=True)
    state = serializers.ChoiceField(choices=Import.State.choices)
    rows = serializers.IntegerField()
    checked = serializers.IntegerField()
    written = serializers.IntegerField()
    result = serializers.DictField(child=serializers.IntegerField())
    refused = serializers.CharField(allow_blank=True)
    made_at = serializers.DateTimeField()
    done_at = serializers.DateTimeField(allow_null=True)
    undone_at = serializers.DateTimeField(allow_null=True)


class _ImportWithErrorsOut(_ImportOut):
    missing = serializers.ListField(child=serializers.CharField())
    errors = _ErrorOut(many=True)  # type: ignore[assignment] # the field is called so


def _json(kept: Import) -> dict[str, Any]:
    return {
        "id": str(kept.pk),
        "kind": kept.kind,
        "file_name": kept.file_name,
        "sheet": kept.sheet,
        "store": str(kept.store_id) if kept.store_id else None,
        "state": kept.state,
        "rows": kept.rows,
        "checked": kept.checked,
        "written": kept.written,
        "result": kept.result,
        "refused": kept.refused,
        "made_at": kept.made_at,
        "done_at": kept.done_at,
        "undone_at": kept.undone_at,
    }


def _whole_json(kept: Import) -> dict[str, Any]:
    waits = kept.state == Import.State.PREVIEW
    rows = selectors.wrong_rows(kept, most=_TOLD_ERRORS) if waits else []
    errors = [
        {"line": row.line, "column": header, "value": value, "detail": why}
        for row in rows
        for header, value, why in row.troubles
    ]
    missing = services.missing(kept) if waits else []
    return {**_json(kept), "missing": missing, "errors": errors[:_TOLD_ERRORS]}


def _file_of(rows: Sequence[Mapping[str, Any]]) -> IO[bytes]:
    """Return rows that came as objects as the file that they would be.

    Raises:
        ValidationError: if they name too many columns, or a cell holds more than one value.
    """
    names = list(dict.fromkeys(name for row in rows for name in row))
    if len(names) > _MOST_FIELDS:
        raise ValidationError({"rows": "These are more than 200 columns."}, code="too_many")
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(names)
    for row in rows:
        writer.writerow([_cell(row.get(name)) for name in names])
    return io.BytesIO(out.getvalue().encode())


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, (dict, list)):
        raise ValidationError({"rows": "A cell holds one value."}, code="invalid")
    return str(value)


class ImportsView(AgencyView):
    """Files that this key's maker brought in."""

    required_capabilities: ClassVar = {"GET": "stores.view", "POST": "readings.record"}
    parser_classes = (StrictJSONParser, MultiPartParser)
    orderings: ClassVar = {"-made_at": "-made_at"}

    @extend_schema(
        responses=_ImportOut(many=True),
        parameters=[
            OpenApiParameter("state", enum=Import.State.values),
            OpenApiParameter("kind", enum=sorted(services.KINDS)),
        ],
    )
    def get(self, request: Request) -> Response:  # noqa: ARG002 - DRF's signature
        rows = imports_of_key(self.api_key)
        if state := self.one_of("state", Import.State.values):
            rows = rows.filter(state=state)
        if kind := self.one_of("kind", sorted(services.KINDS)):
            rows = rows.filter(kind=kind)
        return self.paged(rows, _json)

    @extend_schema(
        request={"application/json": _ImportIn, "multipart/form-data": _ImportIn},
        responses={201: _ImportWithErrorsOut},
    )
    def post(self, request: Request) -> Response:
        """Bring in rows or a file; nothing is written before it is confirmed.

        Up to 200 rows are checked at once, more of them behind the scenes: ``checked`` tells how
        far it is.
        """
        serializer = _ImportIn(data=_plain(request.data), context={"key": self.api_key})
        serializer.is_valid(raise_exception=True)
        values = serializer.validated_data
        file = values["file"].file if "file" in values else _file_of(values["rows"])
        name = values.get("file_name") or getattr(values.get("file"), "name", None) or _FILE_NAME
        kept = services.bring(
            file=file,
            file_name=" ".join(str(name).split())[:120],
            kind=values.get("kind", ""),
            among=[code for code in services.KINDS if _covers(self.api_key, code)],
            store=values.get("store"),
            stores=stores_of_key(self.api_key),
            by=self.api_key.made_by,
            at=self.now,
        )
        if not _covers(self.api_key, kept.kind):
            raise PermissionDenied
        return Response(_whole_json(kept), status=HTTP_201_CREATED)


class ImportView(AgencyView):
    required_capabilities: ClassVar = {"GET": "stores.view"}

    @extend_schema(responses=_ImportWithErrorsOut)
    def get(self, request: Request, pk: str) -> Response:  # noqa: ARG002 - DRF's signature
        """Return how far a file is, and what stands in its way."""
        return Response(_whole_json(import_of_key(self.api_key, pk)))


class _ActView(AgencyView):
    required_capabilities: ClassVar = {"POST": "readings.record"}

    def _import(self, pk: str) -> Import:
        kept = import_of_key(self.api_key, pk)
        if not _covers(self.api_key, kept.kind):
            raise PermissionDenied
        return kept


class ImportConfirmView(_ActView):
    @extend_schema(request=_ConfirmIn, responses=_ImportWithErrorsOut)
    def post(self, request: Request, pk: str) -> Response:
        """Write all rows of a file or none; a large one is written behind the scenes.

        Rows without a reference that are like a violation known are left out and counted, unless
        ``likes`` says that they are others.
        """
        kept = self._import(pk)
        said = _ConfirmIn(data=request.data)
        said.is_valid(raise_exception=True)
        services.confirm(
            kept=kept,
            stores=stores_of_key(self.api_key),
            by=self.api_key.made_by,
            at=self.now,
            likes=said.validated_data["likes"],
        )
        return Response(_whole_json(kept))


class ImportDiscardView(_ActView):
    @extend_schema(request=None, responses=_ImportWithErrorsOut)
    def post(self, request: Request, pk: str) -> Response:
        """Throw a waiting file away; nothing was written from it."""
        kept = self._import(pk)
        NothingIn(data=request.data).is_valid(raise_exception=True)
        services.discard(kept=kept, by=self.api_key.made_by, at=self.now)
        kept.refresh_from_db()
        return Response(_whole_json(kept))


class ImportUndoView(_ActView):
    @extend_schema(request=None, responses=_ImportWithErrorsOut)
    def post(self, request: Request, pk: str) -> Response:
        """Take back all that a file wrote, unless something was built on it since."""
        kept = self._import(pk)
        NothingIn(data=request.data).is_valid(raise_exception=True)
        stores = stores_of_key(self.api_key)
        services.undo(kept=kept, stores=stores, by=self.api_key.made_by, at=self.now)
        return Response(_whole_json(kept))


def _covers(key: ApiKey, code: str) -> bool:
    """Tell whether a key may write what this kind of file holds."""
    if key.store_ids is not None and not services.KINDS[code].of_a_store:
        return False  # it would not reach what it adds
    area = services.KINDS[code].capability.partition(".")[0]
    return "write" in key.scopes or f"{area}:write" in key.scopes


def _plain(data: Any) -> Any:
    """Return a form's fields as plain values; JSON is so already."""
    return data.dict() if hasattr(data, "dict") else data
