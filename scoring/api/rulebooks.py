"""The rulebooks: listed, one with its sources, two compared; and the switch for figures."""

from typing import Any, ClassVar

from django.http import Http404
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_serializer
from rest_framework import serializers
from rest_framework.exceptions import PermissionDenied, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from scoring import books
from scoring.core.rulebook import Rulebook
from scoring.selectors import rulebooks as shelf
from scoring.selectors.facts import Fact, Row, difference, sections_of
from scoring.selectors.figures import switched_on
from scoring.services import figures
from stores.access import stores_of_key
from stores.api.fields import Strict
from tenants.api.views import AgencyView

_MOST_FIGURES = 100


class RulebookOut(serializers.Serializer[Any]):
    """For the schema: what ``_listed_json`` gives."""

    name = serializers.CharField(help_text="Marketplace, market, seller type and first day.")
    title = serializers.CharField()
    marketplace = serializers.CharField()
    market = serializers.CharField()
    seller_type = serializers.CharField()
    zone = serializers.CharField(help_text="Its days begin at 00:00 here.")
    state = serializers.CharField(help_text="One of: in_force, coming, preview, past.")
    effective_from = serializers.DateTimeField()
    known_from = serializers.DateTimeField()
    until = serializers.DateTimeField(
        allow_null=True, help_text="When another takes or took its place."
    )
    stores = serializers.IntegerField(
        help_text="How many stores of the key's go by it now; 0 unless it is in force."
    )


@extend_schema_serializer(many=False)
class RulebooksOut(serializers.Serializer[Any]):
    """All at once: there are few, and no page of them stands by itself."""

    next = serializers.CharField(allow_null=True)
    previous = serializers.CharField(allow_null=True)
    results = RulebookOut(many=True)


class FactOut(serializers.Serializer[Any]):
    code = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]
    value = serializers.CharField(help_text="In words.")
    raw = serializers.JSONField(help_text="The figure itself: number, pair, code or object.")
    source = serializers.CharField(allow_null=True)  # type: ignore[assignment]
    date = serializers.CharField(
        allow_null=True, help_text="The source's own, to the day or the month."
    )
    trust = serializers.ChoiceField(
        choices=["O", "O*", "S", "T"],
        allow_null=True,
        help_text="O official, O* official as quoted, S published account, T third party alone.",
    )
    figure = serializers.CharField(allow_null=True, help_text="Its name, where it can be switched.")
    counts = serializers.BooleanField(help_text="False only for what awaits your switch.")


class SectionOut(serializers.Serializer[Any]):
    code = serializers.CharField()
    title = serializers.CharField()
    facts = FactOut(many=True)


class WholeRulebookOut(RulebookOut):
    before = serializers.CharField(allow_null=True)
    after = serializers.CharField(allow_null=True)
    sections = SectionOut(many=True)


class DifferingOut(serializers.Serializer[Any]):
    code = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]
    kind = serializers.CharField(help_text="One of: added, removed, changed.")
    left = FactOut(allow_null=True)
    right = FactOut(allow_null=True)


class DifferingSectionOut(serializers.Serializer[Any]):
    code = serializers.CharField()
    title = serializers.CharField()
    rows = DifferingOut(many=True)


class DifferenceOut(serializers.Serializer[Any]):
    left = serializers.CharField()
    right = serializers.CharField()
    sections = DifferingSectionOut(many=True)


class SwitchIn(Strict):
    figures = serializers.ListField(
        child=serializers.CharField(max_length=80), min_length=1, max_length=_MOST_FIGURES
    )
    is_on = serializers.BooleanField()


class SwitchOut(serializers.Serializer[Any]):
    figures = serializers.ListField(child=serializers.CharField())
    is_on = serializers.BooleanField()
    stores = serializers.IntegerField(help_text="How many stores are rated anew.")


def _book(name: str) -> Rulebook:
    found = books.named(name)
    if found is None:
        raise Http404
    return found


def _listed_json(listed: shelf.Listed) -> dict[str, Any]:
    book = listed.book
    return {
        "name": book.name,
        "title": book.title,
        "marketplace": book.marketplace,
        "market": book.market,
        "seller_type": book.seller_type.value,
        "zone": str(book.zone),
        "state": listed.state,
        "effective_from": book.effective_from,
        "known_from": book.known_from,
        "until": listed.until,
        "stores": listed.stores,
    }


def _fact_json(fact: Fact, on: frozenset[str], book: Rulebook) -> dict[str, Any]:
    return {
        "code": fact.code,
        "label": fact.label,
        "value": fact.value,
        "raw": fact.raw,
        "source": fact.source or None,
        "date": fact.date,
        "trust": fact.trust.value if fact.trust else None,
        "figure": fact.figure or None,
        "counts": not fact.figure or book.qualified(fact.figure) in on,
    }


class RulebooksView(AgencyView):
    required_capabilities: ClassVar = {"GET": "ratings.view"}
    pagination_class = None  # type: ignore[assignment] # all come at once

    @extend_schema(
        operation_id="rulebooks_list",
        responses=RulebooksOut,
        parameters=[OpenApiParameter("marketplace", str), OpenApiParameter("market", str)],
    )
    def get(self, request: Request) -> Response:  # noqa: ARG002 - DRF's signature
        """List the rulebooks, by marketplace and market, the newest first; always all at once."""
        every = books.all_books()
        shown = shelf.listed(
            stores_of_key(self.api_key),
            self.now,
            marketplace=self.one_of("marketplace", sorted({book.marketplace for book in every}))
            or "",
            market=self.one_of("market", sorted({book.market for book in every})) or "",
        )
        results = [_listed_json(each) for each in shown]
        return Response({"next": None, "previous": None, "results": results})


class RulebookView(AgencyView):
    required_capabilities: ClassVar = {"GET": "ratings.view"}

    @extend_schema(responses=WholeRulebookOut)
    def get(self, request: Request, name: str) -> Response:  # noqa: ARG002 - DRF's signature
        """Return all that a rulebook says, each figure with its source, and what counts."""
        book = _book(name)
        library = books.library_of(book)
        on = switched_on(library)
        counted = shelf.counts_by_kind(shelf.stores_of_kind(stores_of_key(self.api_key), book))
        before, after = shelf.neighbours(book, library)
        return Response(
            {
                **_listed_json(shelf.listed_one(book, self.now, counted)),
                "before": before.name if before else None,
                "after": after.name if after else None,
                "sections": [
                    {
                        "code": section.code,
                        "title": section.title,
                        "facts": [_fact_json(fact, on, book) for fact in section.facts],
                    }
                    for section in sections_of(book)
                ],
            }
        )


class DifferenceView(AgencyView):
    required_capabilities: ClassVar = {"GET": "ratings.view"}

    @extend_schema(
        responses=DifferenceOut,
        parameters=[OpenApiParameter("to", str, required=True, description="The other's name.")],
    )
    def get(self, request: Request, name: str) -> Response:
        """Return the figures that differ from this rulebook to another; others are left out."""
        left = _book(name)
        right = books.named(request.query_params.get("to", ""))
        if right is None:
            raise ValidationError({"to": "Name a rulebook, as the list of them does."})
        on = {each.name: switched_on(books.library_of(each)) for each in (left, right)}

        def side(fact: Fact | None, book: Rulebook) -> dict[str, Any] | None:
            return _fact_json(fact, on[book.name], book) if fact else None

        def told(row: Row) -> dict[str, Any]:
            return {
                "code": row.code,
                "label": row.label,
                "kind": row.kind,
                "left": side(row.left, left),
                "right": side(row.right, right),
            }

        return Response(
            {
                "left": left.name,
                "right": right.name,
                "sections": [
                    {
                        "code": section.code,
                        "title": section.title,
                        "rows": [told(row) for row in section.differing],
                    }
                    for section in difference(left, right)
                    if section.differing
                ],
            }
        )


class FiguresView(AgencyView):
    required_capabilities: ClassVar = {"POST": "settings.agency"}

    @extend_schema(request=SwitchIn, responses=SwitchOut)
    def post(self, request: Request, name: str) -> Response:
        """Let figures that rest on third parties alone count, or count no more.

        All stores that the rulebook is for are rated anew, so a key of listed stores may not.
        """
        if self.api_key.store_ids is not None:
            raise PermissionDenied
        book = _book(name)
        serializer = SwitchIn(data=request.data)
        serializer.is_valid(raise_exception=True)
        values = serializer.validated_data
        strange = sorted(set(values["figures"]) - book.third_party)
        if strange:
            raise ValidationError({"figures": "This rulebook has no such figure to switch."})
        moved = figures.switch(
            book=book,
            figures=values["figures"],
            is_on=values["is_on"],
            at=self.now,
            by=self.api_key.made_by,
            via="api",
        )
        told = sorted(set(values["figures"]))
        return Response({"figures": told, "is_on": values["is_on"], "stores": moved})
