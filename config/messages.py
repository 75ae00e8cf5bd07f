"""Find the texts that members read, and bring the translations' catalogs up to date.

Django's makemessages needs GNU gettext on the machine; Babel reads the same and needs nothing.
"""

import io
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from babel import Locale
from babel.messages import Catalog
from babel.messages.extract import extract_python
from babel.messages.pofile import read_po, write_po
from django.utils.translation.template import templatize

from config.launcher.bootstrap import ROOT

LANGUAGES: Final = ("zh_Hans",)
ROOMS: Final = ("config", "checklist", "appeals", "scoring", "stores", "tenants")
KEYWORDS: Final = dict.fromkeys(
    (
        "_",
        *("gettext", "gettext_lazy", "gettext_noop", "ngettext", "ngettext_lazy"),
        *("pgettext", "pgettext_lazy", "npgettext", "npgettext_lazy"),
    )
)
_HEAD: Final = """\
# Storewarden's texts in {name}. `make messages` finds new ones; Apache-2.0, as the whole.
msgid ""
msgstr ""
"Language: {language}\\n"
"Plural-Forms: {plural_forms}\\n"
"MIME-Version: 1.0\\n"
"Content-Type: text/plain; charset=utf-8\\n"
"Content-Transfer-Encoding: 8bit\\n"

"""


def template_as_python(text: str) -> str:
    """Return a Django template as an expression with the same texts, for a Python reader."""
    # Between brackets indentation means nothing, and a template has any.
    return f"({templatize(text)})"


def extract() -> Catalog:
    """Return a catalog of every text in the rooms and templates, by file."""
    catalog = Catalog(project="Storewarden", charset="utf-8")
    for path in _sources():
        text = path.read_text()
        source = text if path.suffix == ".py" else template_as_python(text)
        place = str(path.relative_to(ROOT))
        for function, words, comments in texts(source):
            _add(catalog, function, words, place, comments)
    return catalog


def _sources() -> Iterator[Path]:
    for room in ROOMS:
        yield from sorted((ROOT / room).rglob("*.py"))
    folders = [ROOT / "templates", *(ROOT / room for room in ROOMS)]
    for folder in folders:
        for suffix in ("html", "txt"):
            found = sorted(folder.rglob(f"*.{suffix}"))
            yield from (path for path in found if "templates" in path.parts)


def texts(source: str) -> Iterator[tuple[str, list[str | None], list[str]]]:
    reader: Any = extract_python  # its annotations tell another order than it keeps
    found = reader(io.BytesIO(source.encode()), KEYWORDS, ["Translators:"], {"encoding": "utf-8"})
    for _line, function, words, comments in found:
        if words:  # none where a name is handed over: its text stands where it was given
            yield function, [words] if isinstance(words, str) else list(words), comments


def _add(
    catalog: Catalog, function: str, words: list[str | None], place: str, comments: list[str]
) -> None:
    context = words.pop(0) if function.startswith(("pgettext", "npgettext")) else None
    count = 2 if function.startswith("n") else 1
    found = [text for text in words[:count] if text]
    if len(found) < count:
        return  # a name in place of a text
    message = tuple(found) if count > 1 else found[0]
    catalog.add(message, locations=[(place, 0)], auto_comments=comments, context=context)


def catalog_of(language: str) -> Path:
    return ROOT / "locale" / language / "LC_MESSAGES" / "django.po"


def update(language: str, found: Catalog) -> int:
    """Write the language's catalog with what was found; return how many texts it lacks."""
    path = catalog_of(language)
    catalog = Catalog(locale=language, project="Storewarden", charset="utf-8")
    if path.exists():
        with path.open("rb") as file:
            catalog = read_po(file, locale=language)
    catalog.update(found, no_fuzzy_matching=True)
    catalog.obsolete.clear()
    path.parent.mkdir(parents=True, exist_ok=True)
    written = io.BytesIO()
    # No dates and no line numbers: the file changes only when a text does.
    write_po(written, catalog, width=100, sort_output=True, include_lineno=False, omit_header=True)
    head = _HEAD.format(
        name=Locale.parse(language).english_name,
        language=language,
        plural_forms=catalog.plural_forms,
    )
    path.write_bytes(head.encode() + written.getvalue())
    return sum(1 for message in catalog if message.id and not _is_translated(message.string))


def _is_translated(string: Any) -> bool:
    return all(string) if isinstance(string, (list, tuple)) else bool(string)


def main() -> None:
    found = extract()
    for language in LANGUAGES:
        missing = update(language, found)
        sys.stderr.write(f"{language}: {len(found)} texts, {missing} not translated yet\n")


if __name__ == "__main__":
    main()
