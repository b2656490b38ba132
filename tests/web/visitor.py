"""Somebody who fills a form in as a browser does, without a script; and the clock by which they do it."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
from selectolax.lexbor import LexborHTMLParser

from web.stamp import LEAST


class Clock:
    def __init__(self) -> None:
        self.now = datetime(2026, 3, 1, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def pass_(self, time: timedelta) -> None:
        self.now += time


class Visitor:
    """Fills the form in as a browser does, without a script."""

    def __init__(self, client: httpx.AsyncClient, clock: Clock, path: str = "/form") -> None:
        self.client, self.clock, self.path = client, clock, path
        self.answer = httpx.Response(200)

    async def open(self) -> "Visitor":
        self.answer = await self.client.get(self.path)
        self.clock.pass_(LEAST)
        return self

    @property
    def page(self) -> LexborHTMLParser:
        return LexborHTMLParser(self.answer.text)

    @property
    def title(self) -> str:
        return self.text("title")

    def text(self, selector: str) -> str:
        found = self.page.css_first(selector)
        return " ".join(found.text().split()) if found else ""

    def values(self) -> dict[str, Any]:
        """What the page holds: what a browser would send if nobody typed anything."""
        held: dict[str, Any] = {}
        for node in self.page.css("input, textarea, select"):
            kind, name = node.attributes.get("type"), node.attributes["name"] or ""
            if kind == "checkbox":
                held.setdefault(name, []).append(node.attributes["value"])
            elif node.tag == "select":
                chosen = node.css_first("option[selected]")
                held[name] = chosen.text() if chosen else ""
            elif node.tag == "textarea":
                held[name] = node.text().removeprefix("\n")
            elif kind != "file":
                held[name] = node.attributes.get("value") or ""
        return held

    async def send(self, *files: tuple[str, bytes, str], **typed: Any) -> "Visitor":
        form = self.page.css_first("form")
        assert form and form.attributes["action"]
        sent = [("files", file) for file in files] or [("files", ("", b"", "application/octet-stream"))]
        self.answer = await self.client.post(
            form.attributes["action"], data=self.values() | typed, files=sent
        )
        return self

    async def follow(self) -> "Visitor":
        assert self.answer.status_code == 303, self.answer.text
        self.answer = await self.client.get(self.answer.headers["location"])
        return self

    def errors(self) -> dict[str, str]:
        return {
            (node.attributes["id"] or "").removesuffix("-error"): " ".join(node.text().split()).removeprefix(
                "Error: "
            )
            for node in self.page.css(".error")
        }
