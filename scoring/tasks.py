"""Due work of this room."""

from scoring.services import rating
from stores.models import Store
from tenants.due import Work
from tenants.models import Agency
from tenants.tasks import due_task


@due_task("scoring.next", queue="rate")
def next_change(_agency: Agency, work: Work) -> None:
    """Compute a store's rating at the moment when time alone changes it."""
    store = Store.objects.filter(pk=work.subject).first()
    if store is not None:
        rating.rate(store=store, at=work.at)
