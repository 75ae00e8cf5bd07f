"""HTML to the words a person would see: no scripts, no hidden text, no links."""

import html
import re

MAX_CHARACTERS = 2_000_000

# Each alternative begins with another letter and none crosses a "<", so a tag is read in one pass
# however broken it is.
_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9:-]{0,40})((?:[^<>\"']|\"[^\"<]*\"|'[^'<]*')*)>")
_LINK = re.compile(r"https?:/{1,3}(?:[^\s/@<>\"']{0,200}@)?([A-Za-z0-9.-]{1,253})", re.IGNORECASE)
_OF_ADDRESS = r"[^\s<>\"“”，。）)]+"
_ADDRESS = re.compile(rf"https?://{_OF_ADDRESS}", re.IGNORECASE)
_HIDDEN = re.compile(
    r"display\s*:\s*none|visibility\s*:\s*hidden|font-size\s*:\s*0(?![.\d])|opacity\s*:\s*0(?![.\d])"
    r"|\bhidden\b(?!\s*:)|mso-hide\s*:\s*all",
    re.IGNORECASE,
)
_STYLE = re.compile(r"<style[^>]{0,200}>(.{0,50000}?)</style", re.IGNORECASE | re.DOTALL)
_ONLY_SOMETIMES = re.compile(
    r"@[a-z-]+[^{}]{0,400}\{(?:[^{}]{0,2000}\{[^{}]{0,2000}\}){0,200}\s*\}"
)
_RULE = re.compile(r"([^{}]{1,400})\{([^{}]{0,2000})\}")
_BLOCKS = {
    "address", "article", "blockquote", "br", "center", "dd", "div", "dl", "dt", "footer", "form",
    "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "li", "main", "ol", "p", "pre", "section",
    "table", "tbody", "tfoot", "thead", "tr", "ul",
}  # fmt: skip
_CELLS = {"td", "th"}
_UNSEEN = {"head", "script", "style", "title", "template", "noscript", "object", "svg", "select"}
_VOID = {"br", "hr", "img", "input", "meta", "link", "wbr", "col", "area", "base", "source"}


def text_of(markup: str) -> str:
    """Return the visible text of ``markup``, a line for a block or row and a tab between cells."""
    markup = markup[:MAX_CHARACTERS]
    unseen = _hidden_classes(markup)
    written: list[str] = []
    hidden_by: list[str] = []  # open elements from the outermost hidden one inwards
    at = 0
    comments_end = True
    while at < len(markup):
        opens = markup.find("<", at)
        if opens < 0:
            opens = len(markup)
        if opens > at:
            if not hidden_by:
                written.append(re.sub(r"\s+", " ", html.unescape(markup[at:opens])))
            at = opens
            continue
        if comments_end and markup.startswith("<!--", at):
            ends = markup.find("-->", at + 4)
            comments_end = ends >= 0
            at = ends + 3 if comments_end else at + 4
            continue
        tag = _TAG.match(markup, at)
        if tag is None:
            at = _after_stray(markup, at, written, seen=not hidden_by)
            continue
        at = tag.end()
        _take_tag(tag, hidden_by, written, unseen)
    return _tidied("".join(written))


def link_hosts(text: str) -> tuple[str, ...]:
    """Return the hosts that the links in ``text`` or markup lead to, each once, sorted."""
    found = {
        host.lower().strip(".") for host in _LINK.findall(html.unescape(text[:MAX_CHARACTERS]))
    }
    return tuple(sorted(found))[:50]


def links_in(text: str) -> tuple[str, ...]:
    """Return the web addresses in ``text`` or markup as they stand, each once, in their order."""
    found = _ADDRESS.findall(html.unescape(text[:MAX_CHARACTERS]))
    return tuple(dict.fromkeys(found))[:50]


def without_links(text: str) -> str:
    """Return ``text`` with every web address replaced, so that nothing in it can be followed."""
    return re.sub(rf"(?:https?://|www\.){_OF_ADDRESS}", "[…]", text, flags=re.IGNORECASE)


def _after_stray(markup: str, at: int, written: list[str], *, seen: bool) -> int:
    """Step over a "<" that opens no element: a declaration is dropped, the rest is text."""
    if markup.startswith(("<!", "<?"), at):
        ends = markup.find(">", at, at + 2000)
        return ends + 1 if ends >= 0 else at + 2
    if seen:
        written.append("<")
    return at + 1


def _hidden_classes(markup: str) -> frozenset[str]:
    """Return the classes that the style sheets hide on every screen."""
    return frozenset(
        name
        for sheet in _STYLE.findall(markup)[:20]
        for selectors, body in _RULE.findall(_ONLY_SOMETIMES.sub("", sheet))
        if _HIDDEN.search(body)
        for name in re.findall(r"(?:^|,)\s*[a-z]*\.([\w-]{1,60})\s*(?=,|$)", selectors)
    )


def _take_tag(
    tag: re.Match[str], hidden_by: list[str], written: list[str], hidden: frozenset[str]
) -> None:
    closing, name, attributes = bool(tag[1]), tag[2].lower(), tag[3]
    if hidden_by:
        if closing and name in hidden_by:
            while hidden_by.pop() != name:
                pass
        elif not closing and name in hidden_by and not attributes.endswith("/"):
            hidden_by.append(name)
        return
    if name in _BLOCKS:
        written.append("\n")
    elif name in _CELLS and closing:
        written.append("\t")
    unseen = name in _UNSEEN or bool(attributes and _HIDDEN.search(attributes[:2000]))
    if hidden and (
        classes := re.search(r"\bclass\s*=\s*[\"']?([^\"'>]{1,300})", attributes[:2000])
    ):
        unseen = unseen or bool(hidden & set(classes[1].split()))
    if not closing and unseen and name not in _VOID and not attributes.endswith("/"):
        hidden_by.append(name)


def _tidied(text: str) -> str:
    lines = (re.sub(r" *\t[\t ]*", "\t", line).strip() for line in text.split("\n"))
    return re.sub(
        r"\n{3,}", "\n\n", "\n".join(re.sub(r" {2,}", " ", line) for line in lines)
    ).strip()
