"""Due work of this room."""

from django.utils.translation import gettext_lazy as _

from scoring.services import rating
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
