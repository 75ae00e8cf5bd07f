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
