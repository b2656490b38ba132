"""The head of an open ticket: what it is about, who asks, who works on it."""

from datetime import datetime

from rich.cells import cell_len
from rich.style import Style
from rich.text import Text
from textual.reactive import reactive
from textual.widget import Widget

from core.models import Priority, Status, Ticket
from core.text import clean_subject, relative_time, safe_line
from tui.widgets.wrap import cropped

SIGNS = {Status.OPEN: "●", Status.PENDING: "◐", Status.RESOLVED: "✓", Status.CLOSED: "■"}
_PRIORITY = {Priority.HIGH: "▲ high", Priority.MEDIUM: "medium", Priority.LOW: "▽ low"}


class TicketFacts(Widget):
    DEFAULT_CSS = """
    TicketFacts {
        height: 3; padding: 0 1; background: $panel; color: $foreground;
        & > .facts--subject { text-style: bold; }
        & > .facts--faint { color: $text-muted; }
        & > .facts--open { color: $primary; }
        & > .facts--pending { color: $warning; }
        & > .facts--resolved { color: $success; }
        & > .facts--closed { color: $text-muted; }
        & > .facts--high { color: $error; text-style: bold; }
    }
    """
    COMPONENT_CLASSES = {
        f"facts--{name}" for name in ("subject", "faint", "open", "pending", "resolved", "closed", "high")
    }
    ticket: reactive[Ticket | None] = reactive(None)

    def __init__(self, now: datetime, id: str | None = None) -> None:
        super().__init__(id=id)
        self.now = now

    def render(self) -> Text:
        if self.ticket is None:
            return Text()
        width = max(self.content_size.width, 20)
        return Text("\n", no_wrap=True).join((self._first(width), self._second(width), self._third(width)))

    def _first(self, width: int) -> Text:
        assert self.ticket is not None
        number = f"#{self.ticket.number} "
        subject = safe_line(clean_subject(self.ticket.subject)) or "(no subject)"
        line = Text(number, self._style("faint"), no_wrap=True)
        return line.append(cropped(subject, width - cell_len(number)), self._style("subject"))

    def _second(self, width: int) -> Text:
        ticket = self.ticket
        assert ticket is not None
        address = safe_line(ticket.requester_email, limit=120)
        who = safe_line(ticket.requester_name, limit=80)
        who = f"{who} <{address}>" if who else address
        return Text(cropped(who, width), no_wrap=True)

    def _third(self, width: int) -> Text:
        ticket = self.ticket
        assert ticket is not None
        line = Text(f"{SIGNS[ticket.status]} {ticket.status}", self._style(ticket.status), no_wrap=True)
        if ticket.spam:
            line.append("  ·  ", self._style("faint")).append("spam", self._style("high"))
        style = self._style("high") if ticket.priority is Priority.HIGH else self._style("faint")
        line.append("  ·  ", self._style("faint")).append(_PRIORITY[ticket.priority], style)
        name = ticket.assignee_name or ticket.assignee_email
        owner = f"for {safe_line(name, limit=60)}" if name else "for nobody yet"
        line.append(f"  ·  {owner}", self._style("faint"))
        line.append(f"  ·  {self._times(ticket)}", self._style("faint"))
        line.truncate(width, overflow="ellipsis")
        return line

    def _times(self, ticket: Ticket) -> str:
        waiting = ticket.waiting_since is not None
        words = relative_time(ticket.waiting_since or ticket.updated_at, self.now)
        if words == "now":
            return "customer wrote just now" if waiting else "changed just now"
        if words[-1] not in "mhd":
            return f"{'customer waits since' if waiting else 'changed on'} {words}"
        return f"customer waits {words}" if waiting else f"changed {words} ago"

    def _style(self, name: str) -> Style:
        return self.get_component_rich_style(f"facts--{name}", partial=True)
