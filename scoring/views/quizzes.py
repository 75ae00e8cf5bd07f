"""The quiz desk: which store may take which quiz, until when, and what it is worth."""

from typing import Final

from django.contrib import messages
from django.forms import Form
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from scoring import books
from scoring.access import quiz_for
from scoring.desks import DESKS
from scoring.forms import PassQuizForm, QuizForm
from scoring.models import Quiz
from scoring.selectors import quizzes as selectors
from scoring.services import quizzes as services
from scoring.views.of_whom import of_whom
from stores.access import store_for, visible_stores
from stores.models import Store
from tenants.access import MemberRequest, requires
from tenants.errors import DomainError

_MOST: Final = 200
_STATES: Final = (Quiz.State.OPEN, Quiz.State.PASSED, Quiz.State.LAPSED, Quiz.State.WITHDRAWN)


@requires("ratings.view")
@require_GET
def quizzes(request: MemberRequest) -> HttpResponse:
    at = timezone.now()
    state = request.GET.get("state", "")
    state = state if state in _STATES else Quiz.State.OPEN.value
    whom = of_whom(request)
    is_open = state == Quiz.State.OPEN
    context = {
        **whom.context,
        "desks": DESKS,
        "rows": selectors.quizzes_of(whom.stores, state=state)[:_MOST],
        "offers": selectors.offers_of(whom.stores, at=at) if is_open else [],
        "state": state,
        "tabs": [(one.value, one.label) for one in _STATES],
        "stores": visible_stores(request.member).order_by("name", "pk"),
        "may_record": request.member.can("readings.record"),
        "now": at,
    }
    return render(request, "scoring/quizzes.html", context)


@requires("readings.record")
@require_GET
def choose(request: MemberRequest) -> HttpResponse:
    """Go to the form of the store that was chosen."""
    asked = request.GET.get("store", "")
    if not asked:
        return redirect("scoring:quizzes")
    return redirect("scoring:quiz_new", pk=store_for(request.member, asked).pk)


@requires("readings.record")
@require_http_methods(["GET", "POST"])
def record(request: MemberRequest, pk: str) -> HttpResponse:
    store, at = store_for(request.member, pk), timezone.now()
    milestones = _milestones(store)
    asked = request.GET.get("milestone", "")
    first = {"offered_at": at}
    if asked in dict(milestones):
        first |= {"kind": Quiz.Kind.MILESTONE, "milestone": asked}  # type: ignore[dict-item]
    form = QuizForm(request.POST or None, store=store, milestones=milestones, initial=first)
    if request.method == "POST" and form.is_valid():
        clean = form.cleaned_data
        try:
            services.record_quiz(
                store=store,
                kind=clean["kind"],
                title=clean["title"],
                milestone=clean.get("milestone", ""),
                worth=clean["worth"],
                offered_at=clean["offered_at"],
                open_until=clean["open_until"],
                at=at,
                by=request.member,
            )
        except services.QuizUnusable as refusal:
            form.add_error(refusal.field if refusal.field in form.fields else None, str(refusal))
        else:
            messages.success(request, _("The quiz was recorded."))
            return redirect("scoring:quizzes")
    lead = _(
        "As the seller centre shows it. What it does not say, leave empty: it is never guessed."
    )
    return _page(request, store, form, title=_("Record a quiz"), lead=lead)


@requires("readings.record")
@require_http_methods(["GET", "POST"])
def pass_quiz(request: MemberRequest, pk: str) -> HttpResponse:
    quiz, at = quiz_for(request.member, pk), timezone.now()
    form = PassQuizForm(
        request.POST or None,
        store=quiz.store,
        quiz=quiz,
        initial={"passed_at": at, "points": quiz.worth},
    )
    if request.method == "POST" and form.is_valid():
        try:
            services.pass_quiz(
                quiz=quiz,
                passed_at=min(form.cleaned_data["passed_at"], at),
                points=form.cleaned_data.get("points"),
                ends_at=form.cleaned_data.get("ends_at"),
                at=at,
                by=request.member,
            )
        except services.QuizUnusable as refusal:
            form.add_error(refusal.field if refusal.field in form.fields else None, str(refusal))
        except DomainError as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, _("Passed: the rating has been computed anew."))
            return redirect("scoring:quizzes")
    lead = _("“%(quiz)s” shortens the restriction of its milestone.")
    if quiz.kind == Quiz.Kind.POINTS:
        lead = _(
            "“%(quiz)s” writes its points as a bonus into the ledger; the rating follows at once."
        )
    return _page(request, quiz.store, form, title=_("Quiz passed"), lead=lead % {"quiz": quiz})


def _page(request: MemberRequest, store: Store, form: Form, **words: str) -> HttpResponse:
    desk = reverse("scoring:quizzes")
    context = {
        "store": store,
        "form": form,
        "up": {"href": desk, "word": _("Quizzes")},
        "back": desk,
        "button": _("Record"),
        **words,
    }
    return render(request, "scoring/form_page.html", context)


@requires("readings.record")
@require_POST
def withdraw(request: MemberRequest, pk: str) -> HttpResponse:
    quiz = quiz_for(request.member, pk)
    try:
        services.withdraw_quiz(quiz=quiz, by=request.member, at=timezone.now())
    except DomainError as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, _("The quiz was withdrawn."))
    return redirect("scoring:quizzes")


def _milestones(store: Store) -> list[tuple[str, str]]:
    """Return code and words of the milestones whose restriction a quiz can shorten."""
    at = timezone.now()
    book = books.library_for(store).in_force(at, at)
    if book is None:
        return []
    return [
        (each.code, _("at %(at)s") % {"at": each.at.value})
        for each in book.milestones
        if not all(action.permanent for action in each.actions)
    ]
