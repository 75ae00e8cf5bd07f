"""Fields of the control page's forms, read or refused."""

from stores.sandbox.shops import Directory, Shop

ALL = "all"
MOST_MINUTES = 365 * 24 * 60
Form = dict[str, str]


class Wrong(ValueError):
    """A field of a form makes no sense; the text says which."""


def shop(form: Form, known: Directory) -> Shop:
    found = known.by_id.get(form.get("shop", ""))
    if found is None:
        raise Wrong("shop: there is no such shop.")
    return found


def shops(form: Form, known: Directory) -> tuple[str, list[Shop]]:
    """Return whom a form is about: the id and the shop, or "" and all shops."""
    if form.get("shop", ALL) in {"", ALL}:
        return "", list(known.all)
    found = shop(form, known)
    return found.id, [found]


def number(form: Form, name: str, default: int, *, least: int, most: int) -> int:
    try:
        value = int(form.get(name) or default)
    except ValueError:
        raise Wrong(f"{name}: this is not a number.") from None
    if not least <= value <= most:
        raise Wrong(f"{name}: this is not from {least} to {most}.")
    return value


def end(form: Form, now: int) -> int | None:
    """Return when something ends that begins now; None: when someone ends it."""
    minutes = number(form, "minutes", 0, least=0, most=MOST_MINUTES)
    return now + 60 * minutes if minutes else None


def line(form: Form, name: str) -> str:
    return " ".join(form.get(name, "").split())
