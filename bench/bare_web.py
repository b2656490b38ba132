"""A FastAPI app that only hands out what lies in a file: the measure for `bench.web`.

    python -m bench.bare_web PORT FILE

It stands on the very server that ours stands on. For a ticket it takes any number, and gives the same.
"""

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Response

from core.config import Settings
from web.server import Server, config_of, listen


def make_app(form: dict[str, Any], ticket: dict[str, Any]) -> FastAPI:
    """Each of the two is {"body", "type", "headers"} of an answer of ours."""
    app = FastAPI(openapi_url=None)
    page, conversation = form["body"].encode(), ticket["body"].encode()

    @app.get("/form")
    async def show_form() -> Response:
        return Response(page, media_type=form["type"], headers=form["headers"])

    @app.get("/api/tickets/{number}")
    async def show_ticket(number: int) -> Response:
        return Response(conversation, media_type=ticket["type"], headers=ticket["headers"])

    return app


def main() -> None:
    port, file = int(sys.argv[1]), Path(sys.argv[2])
    settings = Settings.model_validate({"home": file.parent, "web": {"port": port}})
    app = make_app(**json.loads(file.read_text("utf-8")))
    asyncio.run(Server(config_of(settings, app)).serve([listen(settings)]))


if __name__ == "__main__":
    main()
