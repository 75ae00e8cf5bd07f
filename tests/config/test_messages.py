import re

import pytest
from babel.messages.catalog import Message
from babel.messages.pofile import read_po

from config import messages


def test_template_texts_are_found_with_context_and_plural() -> None:
    template = """{% load i18n %}
        <p class="it's">{% translate "Hello" %}</p>
      {% blocktranslate count n=5 %}One store{% plural %}{{ n }} stores{% endblocktranslate %}
    <a title="{% translate 'State' context 'store' %}">don't</a> {{ _("Kept")|upper }}
    """

    source = messages.template_as_python(template)
    found = [(name, words) for name, words, _ in messages.texts(source)]

    assert found == [
        ("gettext", ["Hello"]),
        ("ngettext", ["One store", "%(n)s stores", None]),
        ("pgettext", ["store", "State"]),
        ("_", ["Kept"]),
    ]


def test_a_name_handed_to_gettext_is_no_text() -> None:
    assert list(messages.texts("_(name); gettext('Kept')")) == [("gettext", ["Kept"], [])]


@pytest.mark.parametrize("language", messages.LANGUAGES)
def test_every_text_is_translated_with_its_placeholders(language: str) -> None:
    with messages.catalog_of(language).open("rb") as file:
        catalog = read_po(file, locale=language)
    wrong = []
    for message in messages.extract():
        if not message.id:
            continue
        source = message.id if isinstance(message.id, str) else message.id[-1]
        held = catalog.get(message.id, message.context)
        words = _words(held) if held else ""
        if not words or _placeholders(words) != _placeholders(source):
            wrong.append(f"{source!r} -> {words!r}")

    assert wrong == [], "run make messages, then translate"


def _words(message: Message) -> str:
    return message.string if isinstance(message.string, str) else str((message.string or [""])[0])


def _placeholders(text: str) -> set[str]:
    return set(re.findall(r"%\(\w+\)[sd]|%[sd]|\{\w*\}", text))
