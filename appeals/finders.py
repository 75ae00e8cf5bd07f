"""What the jump finds in this room: cases, and the violations that have none."""

from collections.abc import Sequence

from django.db.models import Exists, OuterRef, Q
from django.urls import reverse
from django.utils.translation import gettext as _

from appeals.access import sees_drafts, visible_appeals
from appeals.models import Appeal, Attempt
from appeals.models.cases import UNFILED
from appeals.selectors import cases, rules
from scoring.selectors.rules import codes_named
from stores.access import visible_stores
from stores.models import Enforcement, Store, Violation
from tenants.models import Membership
from tenants.slots import Hit


def find_cases(member: Membership, words: Sequence[str], most: int) -> list[Hit]:
    """Return cases by the marketplace's references, rule, subject or kind, newest change first."""
    if not member.can("cases.view"):
        return []
    found = cases.listed(visible_appeals(member))
    for word in words:
        filed = Attempt.objects.filter(appeal=OuterRef("pk"), filing_reference__icontains=word)
        kinds = [
            kind
            for kind, label in Enforcement.Kind.choices
            if word.casefold() in str(label).casefold()
        ]
        found = found.filter(
            _told("violation__", word) | Q(enforcement__kind__in=kinds) | Exists(filed)
        )
    is_inside = sees_drafts(member)
    return [
        _hit(
            cases.subject_of(appeal),
            store=appeal.store,
            state=str(appeal.get_state_display())
            if is_inside or appeal.state not in UNFILED
            else _("Being prepared"),
            href=appeal.get_absolute_url(),
        )
        for appeal in found.order_by("-changed_at", "-id")[:most]
    ]


def find_violations(member: Membership, words: Sequence[str], most: int) -> list[Hit]:
    """Return violations without a case by reference, rule or subject, newest first."""
    if not member.can("cases.view"):
        return []
    found = Violation.objects.filter(
        ~Exists(Appeal.objects.filter(violation=OuterRef("pk"))), store__in=visible_stores(member)
    )
    for word in words:
        found = found.filter(_told("", word))
    return [
        _hit(
            violation,
            store=violation.store,
            state=str(violation.get_state_display()),
            href=reverse("stores:violation", args=[violation.pk]),
        )
        for violation in found.select_related("store").order_by("-reported_at", "-id")[:most]
    ]


def _told(prefix: str, word: str) -> Q:
    """Return the condition of a violation in whose own words, or whose rule's, ``word`` stands."""
    return (
        Q(**{f"{prefix}reference__icontains": word})
        | Q(**{f"{prefix}subject__icontains": word})
        | Q(**{f"{prefix}rule__in": codes_named(word)})
    )


def _hit(subject: Violation | Enforcement | None, *, store: Store, state: str, href: str) -> Hit:
    title = rules.name_of(subject)
    told = (subject.reference, subject.subject) if isinstance(subject, Violation) else ()
    parts = [store.name, *(part for part in told if part and part != title), state]
    return Hit(title=title, note=" · ".join(parts), href=href)
