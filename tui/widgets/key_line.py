"""The bottom line: the few keys that matter most where the agent is now."""

from rich.cells import cell_len
from rich.style import Style
from rich.text import Text
from textual.binding import Binding
from textual.dom import DOMNode
from textual.screen import Screen
from textual.widget import Widget

from tui.keys import keys_here

MOST = 7


class KeyLine(Widget):
    DEFAULT_CSS = """
    KeyLine {
        height: 1; padding: 0 1; background: $background; color: $text-muted;
        & > .keys--key { color: $accent; text-style: bold; }
    }
    """
    COMPONENT_CLASSES = {"keys--key"}

    def on_mount(self) -> None:
        self.screen.bindings_updated_signal.subscribe(self, self._changed)

    def _changed(self, screen: Screen[object]) -> None:
        self.refresh()

    def render(self) -> Text:
        width = max(self.content_size.width, 20)
        end = self._pair("?", "keys")
        line = Text(no_wrap=True)
        for key, words in self._shown():
            pair = self._pair(key, words)
            if cell_len(line.plain) + cell_len(pair.plain) + cell_len(end.plain) + 3 > width:
                break
            line.append_text(pair).append("   ")
        gap = width - cell_len(line.plain) - cell_len(end.plain)
        return line.append(" " * max(gap, 0)).append_text(end)

    def _pair(self, key: str, words: str) -> Text:
        style = self.get_component_rich_style("keys--key", partial=True)
        return Text(key, style, no_wrap=True).append(f" {words}", Style(bold=False))

    def _shown(self) -> list[tuple[str, str]]:
        """The keys whose bindings ask to be shown, each action once, nearest to the focus first."""
        if (focused := self.screen.focused) and focused.parent and focused.parent.has_class("line"):
            return [("⏎", "Go"), ("esc", "Back")]
        found: dict[str, tuple[int, int, str, str]] = {}
        nodes: list[DOMNode] = []
        for node, binding, _, _ in keys_here(self.screen):
            if not binding.show or binding.action in found:
                continue
            if node not in nodes:
                nodes.append(node)
            ids = [one.id for one in node.BINDINGS if isinstance(one, Binding)]
            place = ids.index(binding.id) if binding.id in ids else len(ids)
            words = (self.app.get_key_display(binding), binding.description)
            found[binding.action] = (nodes.index(node), place, *words)
        return [(key, words) for _, _, key, words in sorted(found.values())][:MOST]
