"""HTML to readable text, with what its client marked as quoted.

One pass over the tags without a tree: tree builders take minutes for 100,000 nested or misnested elements,
and mail is hostile. Links stay as `label <address>`, quotes get "> " as in a text mail, so that one splitter
reads both.
"""

import html as entities
import re
from dataclasses import dataclass, field

BLOCK = frozenset(
    [
        "address",
        "article",
        "aside",
        "blockquote",
        "body",
        "center",
        "dd",
        "details",
        "div",
        "dl",
        "dt",
        "fieldset",
        "figure",
        "footer",
        "form",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "header",
        "hr",
        "li",
        "main",
        "nav",
        "ol",
        "p",
        "pre",
        "section",
        "table",
        "tbody",
        "tfoot",
        "thead",
        "tr",
        "ul",
    ]
)
SPACED = frozenset(["p", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "table", "pre", "dl"])
SKIPPED = frozenset(["script", "style", "head", "title", "template", "object", "svg"])
NESTED = frozenset(["div", "blockquote", "section", "table"])
MARKED = frozenset(["div", "blockquote", "hr", "span", "p", "table", "td", "section", "body"])
# Possessive throughout: no tag is read past the next "<", so no input makes this slower than linear.
TAG = re.compile(
    r"<(?:(!--)|[!?][^<>]*+>|(/?)([a-zA-Z][^\s/<>]*+)((?:[^<>\"']++|\"[^\"<]*+\"|'[^'<]*+')*+)>"
    r"|(/?)([a-zA-Z][^\s/<>]*+)([^<>]*+)>)"
)
ATTRIBUTE = re.compile(r"([a-zA-Z][\w:-]*+)\s*+=\s*+(?:\"([^\"]*+)\"|'([^']*+)'|([^\s\"'>]++))")
SPACE = re.compile(r"[ \t\n\r\f\u00a0]{2,}|[\t\n\r\f\u00a0]")
INVISIBLE = re.compile(r"[\u00ad\u200b\u2060\ufeff]")

# Containers whose whole content is quoted, by class or id, in the words of the clients that write them.
CONTAINERS = re.compile(
    r"\b(?:x_)*(?:gmail_quote(?:_container)?|yahoo_quoted(?:_\d+)?|protonmail_quote|tutanota_quote"
    r"|zmail_extra"
    r"|moz-forward-container"
    r"|messageReplySection|cite_wrap|quotedReplyMessage|mail-quote-collapse|replyQuote)(?=[\s\"]|$)"
)
# From here on everything is quoted: separators that Outlook, Hotmail, Zimbra, Sparrow, Spark and AOL write.
CUTS = re.compile(
    r"\b(?:x_)*(?:divRplyFwdMsg|divFwdMsg|appendonsend|stopSpelling|zwchr|OLK_SRC_BODY_SECTION|replySplit"
    r"|OutlookMessageHeader|mail-editor-reference-message-container|ms-outlook-mobile-reference-message"
    r"|zm_quote_separator|MailOriginal|reply_header)(?=[\s\"]|$)",
    re.IGNORECASE,
)
# The signature as its client marks it.
SIGNATURES = re.compile(
    r"\b(?:x_)*(?:gmail_signature(?:_prefix)?|moz-signature|protonmail_signature_block|composer_signature"
    r"|ms-outlook-(?:ios|mobile|android)-signature|messageSignatureSection|mb_sig|AppleMailSignature"
    r"|tutanota_signature|zm_signature|front-signature|sh-signature|reply-signature|Signature)(?=[\s\"]|$)"
)
# The line over a quote, in a box of its own.
HEADS = re.compile(r"\b(?:x_)*(?:moz-cite-prefix|gmail_attr|reply-intro|protonmail_quote_header)(?=[\s\"]|$)")
# Outlook draws one line above the header of what it answers, and no other.
BORDER = re.compile(
    r"border(?:-top)?:\s*(?:none;\s*border-top:\s*)?solid\s+(?:#?[\w]+|rgb\([^)]*\))\s+1(?:\.0)?p[tx]"
    r"|border-top:\s*1(?:\.0)?p[tx]\s+solid|border-top-style:\s*solid|border-top:\s*(?:#?\w+"
    r"|rgb\([^)]*\))\s+1(?:\.0)?p[tx]\s+solid",
    re.IGNORECASE,
)
INDENT = re.compile(r"margin:\s*0(?:px)?\s+0(?:px)?\s+0(?:px)?\s+40px", re.IGNORECASE)
# A link with more pieces in its label than this is judged by the last ones.
LABEL = 40
# Deeper quotes are shown at this depth.
QUOTES = 20
CLOSING = {
    name: re.compile(rf"</{name}\s*+>" + (r"|<body[\s>]" if name == "head" else ""), re.IGNORECASE)
    for name in SKIPPED
}
SCHEMES = ("http:", "https:", "mailto:", "tel:", "ftp:")


@dataclass(slots=True)
class Rendered:
    """Lines of text with what the client marked: `quoted` lines, `heads` over one, `signs` of a signature.

    From `cut` on all is quoted; from `border` on all is if a header block follows there. -1: no such mark.
    """

    lines: list[str] = field(default_factory=list)
    quoted: set[int] = field(default_factory=set)
    heads: set[int] = field(default_factory=set)
    signs: set[int] = field(default_factory=set)
    cut: int = -1
    border: int = -1


class _Page:
    """The lines while they are written."""

    __slots__ = (
        "containers",
        "count",
        "heads",
        "line",
        "links",
        "nested",
        "pre",
        "quotes",
        "rendered",
        "signs",
        "unclosed",
    )

    def __init__(self) -> None:
        self.rendered = Rendered()
        self.line: list[str] = []
        self.quotes = 0
        self.containers = 0
        self.heads = 0
        self.signs = 0
        self.pre = 0
        self.nested: list[tuple[str, str]] = []
        self.unclosed: set[str] = set()
        self.count: dict[str, int] = {}
        self.links: list[tuple[str, int, int]] = []

    def write(self, text: str) -> None:
        if self.pre:
            first, *more = text.split("\n")
            self.line.append(first)
            for line in more:
                self.end_line()
                self.line.append(line)
            return
        text = SPACE.sub(" ", text)
        if text == " " and (not self.line or self.line[-1].endswith(" ")):
            return
        self.line.append(text.lstrip() if not self.line else text)

    def end_line(self, force: bool = True) -> None:
        if not self.line and not force:
            return
        text = "".join(self.line)
        text = text.rstrip() if self.pre else text.strip()
        self.line = []
        lines = self.rendered.lines
        prefix = ">" * min(self.quotes, QUOTES)
        if self.containers:
            self.rendered.quoted.add(len(lines))
        if self.heads and text:
            self.rendered.heads.add(len(lines))
        if self.signs and text:
            self.rendered.signs.add(len(lines))
        lines.append(f"{prefix} {text}" if prefix and text else prefix or text)

    def gap(self) -> None:
        self.end_line(force=False)
        lines = self.rendered.lines
        if lines and lines[-1].strip("> "):
            self.end_line()

    def _here(self) -> int:
        self.end_line(force=False)
        return len(self.rendered.lines)

    def open(self, tag: str, written: str) -> None:
        role = (
            self._mark(tag, _attributes(written))
            if tag in MARKED and (written or tag == "blockquote")
            else ""
        )
        if tag in NESTED:
            self.nested.append((tag, role))
            self.count[tag] = self.count.get(tag, 0) + 1
        if tag == "br":
            self.end_line()
        elif tag == "img":
            self._image(_attributes(written))
        elif tag == "a":
            self.links.append(
                (_attributes(written).get("href", "").strip(), len(self.line), len(self.rendered.lines))
            )
        elif tag in BLOCK:
            self.gap() if tag in SPACED else self.end_line(force=False)
            if tag == "li":
                self.line.append("- ")
            self.pre += tag == "pre"
        elif tag in ("td", "th") and self.line:
            self.line.append(" ")

    def close(self, tag: str) -> None:
        if tag == "a" and self.links:
            self._link(*self.links.pop())
        elif tag in SPACED:
            self.gap()
            self.pre = max(0, self.pre - (tag == "pre"))
        elif tag in BLOCK:
            self.end_line(force=False)
        if tag in NESTED and self.count.get(tag):
            while self.nested:
                name, role = self.nested.pop()
                self.count[name] -= 1
                self.quotes -= role == "quote"
                if role in ("head", "sign"):
                    self.end_line(force=False)
                self.containers -= role == "container"
                self.heads -= role == "head"
                self.signs -= role == "sign"
                if name == tag:
                    break

    def _mark(self, tag: str, attributes: dict[str, str]) -> str:
        if tag == "blockquote":
            if INDENT.search(attributes.get("style", "")):
                return ""
            self.end_line(force=False)
            self.quotes += 1
            return "quote"
        named = " ".join(attributes.get(key, "") for key in ("class", "id", "name", "data-marker"))
        if tag in NESTED and CONTAINERS.search(named):
            self.end_line(force=False)
            self.containers += 1
            return "container"
        if tag in NESTED and HEADS.search(named):
            self.end_line(force=False)
            self.heads += 1
            return "head"
        if tag in NESTED and SIGNATURES.search(named):
            self.end_line(force=False)
            self.signs += 1
            return "sign"
        if self.quotes:
            return ""
        if self.rendered.cut < 0 and CUTS.search(named):
            self.rendered.cut = self._here()
        elif self.rendered.border < 0 and tag in ("div", "p") and BORDER.search(attributes.get("style", "")):
            self.rendered.border = self._here()
        return ""

    def _image(self, attributes: dict[str, str]) -> None:
        alt = attributes.get("alt", "").strip()
        if alt:
            self.write(f"[{alt}]")

    def _link(self, address: str, begin: int, line: int) -> None:
        """After its label, unless the label says the same."""
        if not address.lower().startswith(SCHEMES):
            return
        bare = SPACE.sub("", address.removeprefix("mailto:").removeprefix("tel:"))
        label = "".join(self.line[begin if line == len(self.rendered.lines) else 0 :][-LABEL:])
        short = bare.removeprefix("https://").removeprefix("http://").rstrip("/")
        if label.strip() and short and short.lower() not in label.lower():
            self.line.append(f" <{bare}>")


def render(html: str) -> Rendered:
    page = _Page()
    html = INVISIBLE.sub("", html)
    position = 0
    while True:
        found = TAG.search(html, position)
        if found is None:
            page.write(_unescape(html[position:]))
            break
        if found.start() > position:
            page.write(_unescape(html[position : found.start()]))
        position = _after(page, html, found)
    page.end_line(force=False)
    return page.rendered


def _after(page: _Page, html: str, found: re.Match[str]) -> int:
    """Act on one tag; where to read on. What is never closed swallows the rest, as in a browser."""
    if found[1]:
        end = html.find("-->", found.end())
        return len(html) if end < 0 else end + 3
    name = (found[3] or found[6] or "").lower()
    if not name:
        return found.end()
    if found[2] or found[5]:
        page.close(name)
    elif name in SKIPPED:
        if name == "head" or not (found[4] or found[7] or "").endswith("/"):
            return _closing(html, name, found.end(), page.unclosed)
    else:
        page.open(name, found[4] or found[7] or "")
    return found.end()


def _closing(html: str, name: str, start: int, unclosed: set[str]) -> int:
    """Where the element ends whose content nobody reads; a search that failed once is not made again."""
    end = None if name in unclosed else CLOSING[name].search(html, start)
    if end is None:
        unclosed.add(name)
        return len(html) if name in ("script", "style") else start
    return end.start() if end[0][1] != "/" else end.end()


def _unescape(text: str) -> str:
    if "&" not in text:
        return text
    try:
        return INVISIBLE.sub("", entities.unescape(text))
    except ValueError:  # a number with thousands of digits
        return text


def _attributes(written: str) -> dict[str, str]:
    return {
        name.lower(): _unescape(double or single or bare)
        for name, double, single, bare in ATTRIBUTE.findall(written)
    }
