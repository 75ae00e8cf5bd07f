"""Quizzes by the API: listed, recorded, passed, withdrawn."""

from typing import Any, ClassVar

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.status import HTTP_201_CREATED

from scoring.access import quiz_of_key
from scoring.models import Quiz
from scoring.services import quizzes
from stores.api.fields import (
    STORE,
    MomentField,
    NothingIn,
    StoreField,
    Strict,
    stores_asked,
)
from tenants.api.views import AgencyView


class QuizIn(Strict):
    store = StoreField()
    kind = serializers.ChoiceField(choices=Quiz.Kind.choices)
    title = serializers.CharField(max_length=160)
    milestone = serializers.CharField(max_length=40, required=False)
    worth = serializers.IntegerField(
        min_value=1,
        max_value=1000,
        required=False,
        allow_null=True,
        help_text="So many points it gives, > 0.",
    )
    offered_at = MomentField(required=False)
    open_until = MomentField(required=False, allow_null=True)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        is_milestone = attrs["kind"] == Quiz.Kind.MILESTONE
        if is_milestone and "milestone" not in attrs:
            raise ValidationError({"milestone": "A milestone quiz names its milestone."})
        if not is_milestone and "milestone" in attrs:
            raise ValidationError({"milestone": "Only a milestone quiz names a milestone."})
        if is_milestone and attrs.get("worth") is not None:
            raise ValidationError({"worth": "A milestone quiz gives no points."})
        return attrs


class PassIn(Strict):
    passed_at = MomentField(required=False)
    points = serializers.IntegerField(
        min_value=1, max_value=1000, required=False, help_text="So many points it gave, > 0."
    )
    ends_at = MomentField(required=False)


class QuizOut(serializers.Serializer[Any]):
    """For the schema: what ``quiz_json`` gives."""

    id = serializers.CharField()
    store = serializers.CharField()
    kind = serializers.ChoiceField(choices=Quiz.Kind.choices)
    title = serializers.CharField()
    milestone = serializers.CharField(allow_null=True)
    worth = serializers.IntegerField(
        allow_null=True, help_text="So many points it gives, > 0; null where nobody tells."
    )
    offered_at = serializers.DateTimeField()
    open_until = serializers.DateTimeField(allow_null=True)
    state = serializers.ChoiceField(choices=Quiz.State.choices)
    passed_at = serializers.DateTimeField(allow_null=True)
    passed_by = serializers.CharField(allow_null=True)
    entry = serializers.CharField(allow_null=True)
    ends_at = serializers.DateTimeField(allow_null=True)
    source = serializers.CharField()  # type: ignore[assignment]
    recorded_at = serializers.DateTimeField()


def quiz_json(quiz: Quiz) -> dict[str, Any]:
    return {
        "id": str(quiz.pk),
        "store": str(quiz.store_id),
        "kind": quiz.kind,
        "title": quiz.title,
        "milestone": quiz.milestone or None,
        "worth": quiz.worth,
        "offered_at": quiz.offered_at,
        "open_until": quiz.open_until,
        "state": quiz.state,
        "passed_at": quiz.passed_at,
        "passed_by": str(quiz.passed_by_id) if quiz.passed_by_id else None,
        "entry": str(quiz.entry_id) if quiz.entry_id else None,
        "ends_at": quiz.ends_at,
        "source": quiz.source,
        "recorded_at": quiz.recorded_at,
    }


class QuizzesView(AgencyView):
    """Which store may take which quiz."""

    required_capabilities: ClassVar = {"GET": "ratings.view", "POST": "readings.record"}
    orderings: ClassVar = {"-recorded_at": "-recorded_at", "-offered_at": "-offered_at"}

    @extend_schema(
        responses=QuizOut(many=True),
        parameters=[
            OpenApiParameter("state", str, enum=Quiz.State.values),
            STORE,
        ],
    )
    def get(self, request: Request) -> Response:
        rows = Quiz.objects.filter(store__in=stores_asked(self.api_key, request.query_params))
        state = self.one_of("state", Quiz.State.values)
        if state is not None:
            rows = rows.filter(state=state)
        return self.paged(rows, quiz_json)

    @extend_schema(request=QuizIn, responses={201: QuizOut})
    def post(self, request: Request) -> Response:
        """Record a quiz as the marketplace offers it; leave ``worth`` out where it is unknown."""
        serializer = QuizIn(data=request.data, context={"key": self.api_key})
        serializer.is_valid(raise_exception=True)
        try:
            quiz = quizzes.record_quiz(
                **serializer.validated_data,
                source="integration",
                at=self.now,
                by=self.api_key.made_by,
                via="api",
            )
        except quizzes.QuizUnusable as refusal:
            raise ValidationError({refusal.field: str(refusal)}) from refusal
        return Response(quiz_json(quiz), status=HTTP_201_CREATED)


class PassQuizView(AgencyView):
    """A quiz was passed: a bonus in the ledger, or a milestone's restriction that ends sooner."""

    required_capabilities: ClassVar = {"POST": "readings.record"}

    @extend_schema(request=PassIn, responses=QuizOut)
    def post(self, request: Request, pk: str) -> Response:
        """``points`` are by default the quiz's worth; a milestone quiz takes ``ends_at``."""
        quiz = quiz_of_key(self.api_key, pk)
        serializer = PassIn(data=request.data)
        serializer.is_valid(raise_exception=True)
        try:
            quiz = quizzes.pass_quiz(
                quiz=quiz,
                **serializer.validated_data,
                at=self.now,
                by=self.api_key.made_by,
                via="api",
            )
        except quizzes.QuizUnusable as refusal:
            raise ValidationError({refusal.field: str(refusal)}) from refusal
        return Response(quiz_json(quiz))


class WithdrawQuizView(AgencyView):
    """A quiz that is not on offer after all."""

    required_capabilities: ClassVar = {"POST": "readings.record"}

    @extend_schema(request=None, responses=QuizOut)
    def post(self, request: Request, pk: str) -> Response:
        quiz = quiz_of_key(self.api_key, pk)
        NothingIn(data=request.data).is_valid(raise_exception=True)
        quizzes.withdraw_quiz(quiz=quiz, at=self.now, by=self.api_key.made_by, via="api")
        return Response(quiz_json(quiz))
