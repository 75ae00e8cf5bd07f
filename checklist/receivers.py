"""Hears the news of lower rooms inside their transaction, and only writes rows."""

from datetime import datetime
from typing import Any

from django.dispatch import receiver

from checklist.services import defaults, proofs, rounds
from stores import signals as stores_signals
from stores.models import Reading, Store
from tenants import signals as tenants_signals


@receiver(tenants_signals.agency_ready, dispatch_uid="checklist.found_procedures")
def found_procedures(sender: object, *, at: datetime, **_news: Any) -> None:  # noqa: ARG001
    defaults.found_procedures(at=at)


@receiver(stores_signals.reading_recorded, dispatch_uid="checklist.hear_reading")
def hear_reading(sender: object, *, reading: Reading, at: datetime, **_news: Any) -> None:  # noqa: ARG001
    proofs.hear_reading(reading=reading, at=at)


@receiver(stores_signals.store_changed, dispatch_uid="checklist.hear_of_store")
def hear_of_store(sender: object, *, store: Store, at: datetime, **_news: Any) -> None:  # noqa: ARG001
    rounds.hear_of_store(store=store, at=at)
