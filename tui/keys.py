"""The desk screen's keys: which action each stands for, and what help and palette say about it.

An id is the name under which `settings.keys` gives an action other keys. The few that are shown in the
bottom line are those that an agent presses most.
"""

from typing import Any

from textual.binding import ActiveBinding, Binding, BindingType
from textual.screen import Screen

from tui.widgets.view_bar import VIEWS

_ALWAYS = (
    # id, keys, action, name, what it does
    ("ticket.reply", "r", "reply", "Reply", "Answer the customer"),
    ("ticket.note", "n", "note", "Note", "Write a note that only colleagues see"),
    ("ticket.resolve", "e", "resolve", "Resolve", "Resolve, and go to the next"),
    ("ticket.status", "s", "status", "Status", "Change the status"),
    ("ticket.assign", "i", "assign", "Assign", "Choose who works on it"),
    ("view.search", "slash", "search", "Search", "Search all tickets"),
)
_QUIETLY = (
    ("ticket.assign-me", "I", "assign_me", "Take it", "Assign it to me"),
    ("ticket.priority", "p", "priority", "Priority", "Change the priority"),
    ("ticket.spam", "exclamation_mark", "spam", "Spam", "It is spam, or it is none after all"),
    ("ticket.undo", "z", "undo", "Undo", "Take back what I did last, a sent answer too"),
    ("ticket.redo", "Z", "redo", "Redo", "Do again what I took back"),
    ("ticket.repeat", "full_stop", "repeat", "Repeat", "The last change again, here"),
    ("ticket.history", "H", "events", "History", "What happened to it, and who did it"),
    ("read.copy", "y", "copy", "Copy", "Copy number, address, link…"),
    ("read.links", "f", "links", "Links", "Follow or copy a link"),
    ("read.files", "v", "attachments", "Files", "Save or open files"),
    ("read.why", "W", "why", "Why here", "Why this message is in this ticket"),
    ("view.narrow", "backslash", "search(True)", "Narrow", "Narrow what is listed"),
    ("view.sort", "S", "sort", "Order", "Order the list"),
    ("view.go", "g", "go", "Go to", "g and a letter: the top, or a view"),
    ("desk.command", "colon", "command", "Command", "Type a command, like “status resolved”"),
    ("desk.help", "question_mark,f1", "help", "Help", "What you can press here"),
    ("desk.refresh", "ctrl+l", "refresh_all", "Refresh", "Fetch everything anew"),
    ("desk.theme", "T", "theme", "Light/dark", "Light or dark colours"),
    ("desk.back", "escape", "back", "Back", "One step back; nothing typed is lost"),
    ("desk.leave", "q", "leave", "Back or quit", "Back, and at the top: quit"),
    *(
        (f"view.{view}", str(place), f"view('{view}')", view.capitalize(), f"View: {view}")
        for place, view in enumerate(VIEWS, start=1)
    ),
)

DESK_KEYS: list[BindingType] = [
    Binding(keys, action, name, show=rows is _ALWAYS, id=id, tooltip=words)
    for rows in (_ALWAYS, _QUIETLY)
    for id, keys, action, name, words in rows
]
DESK_KEYS += [
    Binding("ctrl+p", "palette", "Palette", False, priority=True, id="desk.palette", tooltip="All commands"),
    Binding("ctrl+k", "palette", "Palette", False, id="desk.palette-too"),  # in a text it deletes
]


def keys_here(screen: Screen[Any]) -> list[ActiveBinding]:
    """The bindings that a key reaches now: not those whose key is a letter for a field with the focus."""
    focused = screen.focused

    def reaches(key: str, active: ActiveBinding) -> bool:
        if focused is None or active.binding.priority:
            return active.enabled
        shown = screen.app.get_key_display(active.binding)
        character = shown if len(shown) == 1 and shown.isascii() else None
        return active.enabled and not focused.check_consume_key(key, character)

    return [active for key, active in screen.active_bindings.items() if reaches(key, active)]
