"""The OpenAPI document, held against what the API does by schemathesis, with all its checks."""

import asyncio
import socket
import sys
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
import uvicorn

from core.desk import Desk
from tests.mails import mail
from tests.web.api.conftest import Program
from web.app import make_app
from web.front import Front
from web.protocol import Protocol
from web.server import Server


@pytest.fixture
async def served(front: Front) -> AsyncIterator[str]:
    """The application at a port, because schemathesis is a program of its own."""
    web = front.settings.web.model_copy(update={"api_rate": "999999/second"})
    front = replace(front, settings=front.settings.model_copy(update={"web": web}))
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.bind(("127.0.0.1", 0))
    server = Server(uvicorn.Config(make_app(front), http=Protocol, log_config=None, access_log=False))
    with listener:
        serving = asyncio.create_task(server.serve([listener]))
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        server.should_exit = True
        await serving


async def test_schemathesis_finds_no_fault(
    served: str, front: Front, program: Program, service: Desk, tmp_path: Path
) -> None:
    file = {"filename": "a.txt", "content_type": "text/plain", "size": 3, "inline": False}
    file["sha256"] = front.files.put("attachments", b"abc")
    await service.receive_mail(mail("a", attachments=[file]))
    authorization = (await program()).headers["authorization"]
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "schemathesis.cli", "run", f"{served}/api/openapi.json"),
        *("--header", f"Authorization: {authorization}", "--checks", "all", "--max-examples", "3"),
        *("--generation-deterministic", "--no-color", "--request-timeout", "120"),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        cwd=tmp_path,
    )
    said, _ = await process.communicate()
    assert process.returncode == 0, said.decode()
