"""Opening a page in the browser of the person at this terminal, if there is one."""

import os
import sys


def open_browser(address: str) -> bool:
    """Whether one was asked to open it. Over SSH there is none, and one that runs in the terminal itself
    (lynx, w3m) would take it away from us.
    """
    has_screen = sys.platform == "darwin" or os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    is_remote = "SSH_CONNECTION" in os.environ and not os.environ.get("DISPLAY")
    if is_remote or not (has_screen or os.environ.get("BROWSER")):
        return False
    import webbrowser

    try:
        return webbrowser.open(address)
    except webbrowser.Error:
        return False
