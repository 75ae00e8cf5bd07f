"""The rules of a store's book, for those who record violations."""

from datetime import datetime

from django.utils.translation import get_language

from scoring import books
from stores.models import Store


def rules_of(store: Store, at: datetime) -> dict[str, str]:
    """Return the rules of the book in force, code to label in the reader's language."""
    book = books.library_for(store).in_force(at, at)
    if book is None:
        return {}
    is_zh = (get_language() or "").startswith("zh")
    return {rule.code: rule.label_zh if is_zh else rule.label for rule in book.violations}
