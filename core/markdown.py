"""Markdown as the HTML of a mail, and of the portal.

Nothing is loaded from anywhere: an image becomes a link to it, tags in the text are text, and a link leads
to http, https or mailto or is none. markdown-it-py reads the Markdown, as it does inside Textual, so that a
preview and the mail agree.
"""

import re
from collections.abc import Iterator, Sequence
from functools import cache
from typing import TYPE_CHECKING
from urllib.parse import unquote

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.renderer import RendererHTML
    from markdown_it.token import Token
    from markdown_it.utils import EnvType, OptionsDict

SCHEMES = ("http:", "https:", "mailto:")
"""Where a link in a mail may lead."""

_PLACEHOLDER = re.compile(r"\{\{\s*([\w.-]{1,64})\s*\}\}")
_FENCES = ("```", "~~~")
_DIRECTED = frozenset(
    f"{block}_open" for block in ("paragraph", "heading", "blockquote", "list_item", "th", "td")
)


def render(text: str) -> str:
    """The HTML of a whole text; each block finds its own writing direction."""
    return str(_reader().render(_without_laziness(text)))


def render_line(text: str) -> str:
    """The HTML of a text without blocks, such as a signature: a leading dash makes no list."""
    return str(_reader().renderInline(text))


def placeholders(text: str) -> list[str]:
    """Names in `{{name}}` that nobody has filled in; code and quotes may hold any braces."""
    tokens = _reader().parse(_without_laziness(text))
    found = (match for piece in _written(tokens) for match in _PLACEHOLDER.findall(piece))
    return list(dict.fromkeys(found))


def _without_laziness(text: str) -> str:
    """An empty line after each quote: CommonMark would take the answer written below it into the quote."""
    lines: list[str] = []
    fenced = False
    for line in text.split("\n"):
        if lines and not fenced and lines[-1].startswith(">") and line.strip() and not line.startswith(">"):
            lines.append("")
        fenced ^= line.lstrip().startswith(_FENCES)
        lines.append(line)
    return "\n".join(lines)


def _written(tokens: Sequence["Token"]) -> Iterator[str]:
    """What the author wrote: the text of each block in one piece, and the addresses of its links."""
    quotes = 0
    for token in tokens:
        quotes += (token.type == "blockquote_open") - (token.type == "blockquote_close")
        if quotes or token.type != "inline":
            continue
        children = token.children or []
        yield "".join("\n" if child.type.endswith("break") else _text(child) for child in children)
        for child in children:
            yield unquote(str(child.attrs.get("href") or child.attrs.get("src") or ""))


def _text(token: "Token") -> str:
    return "" if token.type in ("code_inline", "html_inline") else token.content


@cache
def _reader() -> "MarkdownIt":
    from markdown_it import MarkdownIt

    reader = MarkdownIt("commonmark", {"html": False, "breaks": True, "linkify": True})
    reader.enable(["linkify", "table", "strikethrough"])
    if reader.linkify is not None:
        # Only what has a scheme or is a mail address: "file.txt" and "e.g.it" are no links.
        reader.linkify.set({"fuzzy_link": False, "fuzzy_email": True})
    reader.validateLink = _is_safe  # type: ignore[method-assign, assignment]
    reader.core.ruler.push("direction", _direct)
    reader.add_render_rule("image", _image)
    return reader


def _is_safe(address: str) -> bool:
    return address.strip().lower().startswith(SCHEMES)


def _direct(state: "object") -> None:
    for token in getattr(state, "tokens", []):
        if token.type in _DIRECTED:
            token.attrSet("dir", "auto")


def _image(
    renderer: "RendererHTML", tokens: Sequence["Token"], index: int, options: "OptionsDict", env: "EnvType"
) -> str:
    from markdown_it.common.utils import escapeHtml

    token = tokens[index]
    address = str(token.attrs.get("src", ""))
    label = renderer.renderInlineAsText(token.children or [], options, env) or address
    return f'<a href="{escapeHtml(address)}">{escapeHtml(label)}</a>'
