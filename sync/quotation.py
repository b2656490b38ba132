"""Where a mail begins to quote: what each of its lines is, and the line from which all is quoted."""

# ruff: noqa: RUF001 - the words of many languages are in many scripts

import re
from functools import cached_property

from sync import attribution, letterhead
from sync.letterhead import Letterhead
from sync.marker import is_arrowed, is_box, is_forward, is_original, is_original_bare, is_ruled, is_wall
from sync.markup import Rendered
from sync.signature import is_device, is_ruler

QUOTE = re.compile(r"^\s{0,3}(?:>(?!>{40})|\|(?=\s|$)(?!.*\|\s*$))")
# "AB> text": the writer's initials before the mark, as some old clients have it.
INITIALS = re.compile(r"^\s{0,4}[A-Z][A-Za-z]{0,9}> ?")
LINK = re.compile(r"https?://")
LABELLED = re.compile(r"^[^:：]{1,30}[:：]\s")
# More lines than a person reads: what follows goes with the last part.
LIMIT = 5_000
# So many lines that end like one over a quote are looked at: no person writes more of them.
TRIES = 500

TEXT, BLANK, QUOTED, HEAD, CUT, RULER, DEVICE = "tbqacds"


class Splitter:
    """The lines of one text, what each is, and what part each goes to."""

    def __init__(self, lines: list[str], page: Rendered | None, forwards: bool) -> None:
        self.lines = lines[:LIMIT]
        self.page = page or Rendered()
        self.kinds = [self._kind(index) for index in range(len(self.lines))]
        self._join_broken_quotes()
        self.forwards = forwards
        self.forward: Letterhead | None = None
        self.is_forward = False
        self.bare = False
        self.top = 0
        self.first_text = -1
        self.last = -1
        self.tries = 0
        self.end = self._find_cut()

    def _kind(self, index: int) -> str:
        line = self.lines[index]
        stripped = line.strip()
        if index in self.page.quoted:
            return QUOTED
        if not stripped:
            return BLANK
        if index in self.page.heads:
            return HEAD
        if QUOTE.match(line) and not (attribution.LONE_CLOSE.match(line) and not self._quoted_above(index)):
            return QUOTED
        if is_ruler(line):
            return RULER
        if index in self.page.signs:
            return DEVICE
        return TEXT

    def _quoted_above(self, index: int) -> bool:
        return index > 0 and self.lines[index - 1].lstrip().startswith(">")

    def _join_broken_quotes(self) -> None:
        """Lines of a quote that have no mark: initials instead of one, or broken off a long marked line."""
        lines, kinds = self.lines, self.kinds
        for index in range(1, len(lines)):
            if kinds[index] != TEXT:
                continue
            line = lines[index]
            if INITIALS.match(line) and INITIALS.match(lines[index - 1]):
                if self._attributed < index:
                    kinds[index] = kinds[index - 1] = QUOTED
            elif kinds[index - 1] == QUOTED and index + 1 < len(lines) and kinds[index + 1] == QUOTED:
                broken = len(lines[index - 1]) > 64 and line[:1].islower()
                if broken or (LINK.search(line) and line.rstrip().endswith((">", ")"))):
                    kinds[index] = QUOTED

    @cached_property
    def _attributed(self) -> int:
        """The first line that says who wrote something; below it initials mark a quote, above a prompt."""
        for index, line in enumerate(self.lines):
            written = line.rstrip()[-100:]
            if written.endswith(attribution.COLONS) and attribution.VERB.search(written):
                return index
        return len(self.lines)

    def _find_cut(self) -> int:
        """The first line from which all is quoted; attributions over marked quotes are found on the way."""
        index, floor = 0, 0
        while index < len(self.lines):
            kind = self.kinds[index]
            if kind == TEXT and is_device(self.lines[index].strip()):
                kind = self.kinds[index] = DEVICE
            if index in (self.page.cut, self.page.border) and self._cuts_here(index):
                if self.forwards:
                    self.is_forward, self.forward = True, self._head_within(index, 4)
                return index
            if kind != BLANK:
                stop = self._cut_at(index)
                if stop is not None:
                    return stop if self._has_text(stop) else self._keep_all(index)
            if kind not in (BLANK, QUOTED) and self.tries < TRIES:
                quotes = self._quote_follows(index)
                begin = attribution.find(self.lines, index, floor, quotes)
                # At the top of a mail without a quote, a line with no address is what somebody says.
                if begin >= 0 and (quotes or self._has_text(begin) or "@" in self.lines[begin]):
                    self._mark(begin, index)
                    floor = index + 1
                    if self._has_text(begin) and not quotes:
                        return begin
                self.tries += self.lines[index].rstrip().endswith(attribution.COLONS)
            if self.first_text < 0 and self.kinds[index] in (TEXT, QUOTED):
                self.first_text = index
            if self.lines[index].strip("> \t"):
                self.last = index
            index += 1
        return len(self.lines)

    def _cuts_here(self, index: int) -> bool:
        if not self._has_text(index):
            return False
        if index == self.page.cut:
            return True
        return sum(bool(LABELLED.match(line)) for line in self.lines[index : index + 8]) >= 2

    def _cut_at(self, index: int) -> int | None:
        line = self.lines[index]
        # A marker further down in a quote was quoted with the rest.
        if self.kinds[index] == QUOTED and self.last >= 0 and self.kinds[self.last] == QUOTED:
            return None
        if is_forward(line):
            self.is_forward = True
            self.forward = self._head_within(index + 1, 4)
            return index
        if is_arrowed(line):
            return index
        if self.kinds[index] == QUOTED and index not in self.page.quoted:
            return index if self._is_quoted_head(index) else None
        if (
            is_wall(line)
            or self._is_box(index)
            or is_original(line)
            or (is_ruled(line) and self._head_within(index + 1, 3))
        ):
            return self._above(index)
        head = letterhead.find(self.lines, index)
        if head is None:
            return None
        if self.forwards:
            self.is_forward, self.forward = True, head
        return self._above(index)

    def _is_quoted_head(self, index: int) -> bool:
        """Some webmails mark the header of what they answer, and nothing of its text."""
        head = self._head_within(index, 3)
        if head is None:
            return False
        end = head.end
        while end < len(self.lines) and not self.lines[end].strip("> \t"):
            end += 1
        return end < len(self.lines) and self.kinds[end] == TEXT and self.kinds[head.end - 1] == QUOTED

    def _is_box(self, index: int) -> bool:
        """Two rules of a box with an address or a date between them."""
        if not is_box(self.lines[index]):
            return False
        inside = self.lines[index + 1 : index + 8]
        return any(map(is_box, inside)) and any(
            "@" in line or "/20" in line or ".20" in line for line in inside
        )

    def _head_within(self, start: int, count: int) -> Letterhead | None:
        for index in range(start, min(len(self.lines), start + count)):
            head = letterhead.find(self.lines, index)
            if head:
                return head
        return None

    def _above(self, index: int) -> int:
        """With the rule or the words over it."""
        above = index - 1
        while above >= 0 and self.kinds[above] == BLANK:
            above -= 1
        if above >= 0 and (self.kinds[above] == RULER or is_original_bare(self.lines[above])):
            return above
        return index

    def _mark(self, begin: int, end: int) -> None:
        for index in range(begin, end + 1):
            self.kinds[index] = HEAD
        if begin <= self.first_text <= end:
            self.first_text = -1

    def _quote_follows(self, index: int) -> bool:
        following = index + 1
        while following < len(self.lines) and self.kinds[following] == BLANK:
            following += 1
        return following < len(self.lines) and self.kinds[following] == QUOTED

    def _has_text(self, before: int) -> bool:
        return 0 <= self.first_text < before

    def _keep_all(self, index: int) -> int:
        """A mail that begins with the header of another: what follows that header is all there is to read."""
        head = letterhead.find(self.lines, index) or self._head_within(index + 1, 4)
        self.top = head.end if head else index + 1
        self.bare = True
        return len(self.lines)
