"""What lies under other widgets and shows nothing of its own but a background and a border.

Textual paints every container under a line that changed, all of its lines each time; on a screen with
three of them that doubles the time from a key to the repaint of a list. These keep what they painted.
"""

from typing import TYPE_CHECKING, Any, Self

from textual.containers import Horizontal, Vertical
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

_Painted = dict[Region, list[Strip]]

if TYPE_CHECKING:
    _Base = Widget
else:
    _Base = object


class Ground(_Base):
    """Mix it in before a container or a screen."""

    _painted: _Painted | None = None

    def render_lines(self, crop: Region) -> list[Strip]:
        painted = self._painted
        if painted is None:
            painted = self._painted = {}
        if crop not in painted:
            painted[crop] = super().render_lines(crop)
        return painted[crop]

    def refresh(self, *regions: Region, **kinds: Any) -> Self:
        self._painted = None
        return super().refresh(*regions, **kinds)

    def notify_style_update(self) -> None:
        self._painted = None
        super().notify_style_update()


class Row(Ground, Horizontal):
    pass


class Column(Ground, Vertical):
    pass
