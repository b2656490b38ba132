"""Whether there is a browser to open a page in."""

import webbrowser

import pytest

from commands.browser import open_browser

PAGE = "https://accounts.google.com/"


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was opened; nothing of the machine the tests run on counts."""
    pages: list[str] = []
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER", "SSH_CONNECTION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.setattr(webbrowser, "open", lambda page: pages.append(page) or True)
    return pages


@pytest.mark.parametrize(
    ("variables", "opens"),
    [
        ({}, False),
        ({"DISPLAY": ":0"}, True),
        ({"WAYLAND_DISPLAY": "wayland-0"}, True),
        ({"BROWSER": "firefox"}, True),
        ({"WAYLAND_DISPLAY": "wayland-0", "SSH_CONNECTION": "1.2.3.4 1 5.6.7.8 22"}, False),
        ({"DISPLAY": "localhost:10", "SSH_CONNECTION": "1.2.3.4 1 5.6.7.8 22"}, True),
    ],
)
def test_only_where_there_is_a_screen(
    opened: list[str], monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], opens: bool
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert open_browser(PAGE) == opens
    assert opened == [PAGE] * opens


def test_a_browser_that_does_not_start_is_none(opened: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(page: str) -> bool:
        raise webbrowser.Error("could not locate runnable browser")

    monkeypatch.setenv("DISPLAY", ":0")
    monkeypatch.setattr(webbrowser, "open", fails)
    assert not open_browser(PAGE)
    assert opened == []
