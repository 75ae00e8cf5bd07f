"""Due work of this room."""

from datetime import datetime
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from scoring.models import Quiz, Restoration
from scoring.selectors.ledgers import options_of
from scoring.services import awards, fleet, quizzes, rating, restored
from stores.models import Store
from stores.tasks import store_names
from tenants.due import Work
from tenants.models import Agency
from tenants.tasks import due_task


@due_task("scoring.next", words=_("Compute a store's next rating"), names=store_names, queue="rate")
def next_change(_agency: Agency, work: Work) -> None:
    """Compute a store's rating at the moment when time alone changes it."""
    store = Store.objects.filter(pk=work.subject).first()
    if store is not None:
        rating.rate(store=store, at=work.at)


@due_task(
    restored.SETTLE,
    words=_("Look whether points given back are back at the marketplace"),
    queue="rate",
)
def look_for_points(_agency: Agency, work: Work) -> None:
    """Raise what the marketplace has not shown in time; the rating's own settling does it."""
    check = Restoration.objects.select_related("store").filter(pk=work.subject).first()
    if check is not None:
        rating.rate(store=check.store, at=work.at)


@due_task(quizzes.LAPSE, words=_("Let a quiz lapse when it closes"), queue="rate")
def lapse_quiz(_agency: Agency, work: Work) -> None:
    quiz = Quiz.objects.filter(pk=work.subject).first()
    if quiz is not None:
        quizzes.lapse_quiz(quiz=quiz, at=work.at)


@due_task(
    awards.AWARD, words=_("Award a store's weekly order bonus"), names=store_names, queue="rate"
)
def award(_agency: Agency, work: Work) -> datetime | None:
    """Write the order bonus of the weeks that have ended, and come again for the next."""
    store = Store.objects.filter(pk=work.subject).first()
    if store is None:
        return None
    again_at = awards.keep(store=store, options=options_of(store), at=work.at)
    rating.rate(store=store, at=work.at)
    return again_at


@due_task(fleet.VERIFY, words=_("Verify the stores' ratings"), queue="rate", seconds=60, bulk=True)
def verify(agency: Agency, work: Work) -> datetime | None:
    """Verify a slice of the stores: the first each night, and from there one after another.

    The row of the first comes again the next night; the subject of the others is the store that
    they begin with.
    """
    since = UUID(work.subject) if work.subject else None
    verified = fleet.verify(at=work.at, via="task", since=since)
    if verified.next_store is not None:
        fleet.go_on(verified.next_store, at=work.at)
    return None if work.subject else fleet.next_night(agency.pk, work.at)
