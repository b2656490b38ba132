"""The doctor beside a daemon that is at work on a mailbox at Gmail."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

from pydantic import SecretStr

from core.config import Settings
from core.connect import open_desk
from core.vault import SecretFiles
from sync.auth import Grant, TokenStore
from tests.gmail import MODIFY, GmailServer, Tokens
from tests.gmail.sample import written
from tests.whole_way.programs import Programs, wait

ADDRESS = "support@lamps.example"


def connected(programs: Programs, server: GmailServer) -> Tokens:
    """A mailbox with a permission of a testing app, which has four days to go."""
    inner, tokens = server.client_config["installed"], server.grant(ADDRESS, MODIFY)
    programs.variables |= {
        "TTYDESK_GOOGLE_API_ROOT": server.url,
        "TTYDESK_TOKENS": "file",
        "GOOGLE_CLIENT_ID": inner["client_id"],
        "GOOGLE_CLIENT_SECRET": inner["client_secret"],
    }
    grant = Grant(
        address=ADDRESS,
        client_id=inner["client_id"],
        client_secret=SecretStr(inner["client_secret"]),
        refresh_token=SecretStr(tokens.refresh_token),
        token_uri=inner["token_uri"],
        scopes=(MODIFY,),
        granted_at=datetime.now(UTC) - timedelta(days=3),
        expires_at=datetime.now(UTC) + timedelta(days=4, minutes=30),
    )
    TokenStore(SecretFiles(programs.home / "tokens")).save(grant)
    asyncio.run(make_known(programs.home))
    return tokens


async def make_known(home: Path) -> None:
    async with open_desk(Settings(home=home, agent="ada@lamps.example"), service=True) as desk:
        await desk.connect_mailbox("gmail", "gmail", ADDRESS)


def diagnosis(programs: Programs) -> tuple[int, dict[str, dict[str, str]]]:
    """The exit code, and what was found about the mailbox and the desk."""
    ran = programs.run("doctor", "--json")
    assert "Traceback" not in ran.said
    found = json.loads(ran.out)
    return ran.code, {one["check"]: one for one in found if one["about"] in ("", ADDRESS)}


def test_a_doctor_comes_while_the_daemon_works(programs: Programs) -> None:
    with GmailServer(ADDRESS, quota=None) as server:
        tokens = connected(programs, server)
        with programs.daemon():
            server.mailbox(ADDRESS).deliver(written("one", to=ADDRESS))
            wait(lambda: len(programs.json("ticket", "list")) == 1, "the first mail is a ticket")
            before = server.authority.refreshes[ADDRESS]
            code, found = diagnosis(programs)
            assert server.authority.refreshes[ADDRESS] == before + 1
            assert code == 0
            assert {one["check"] for one in found.values() if one["result"] != "ok"} == {"testing mode"}
            assert "ends in 4 days" in found["testing mode"]["said"]

            server.mailbox(ADDRESS).deliver(written("two", to=ADDRESS))
            wait(lambda: len(programs.json("ticket", "list")) == 2, "the second mail is a ticket")
            assert programs.json("sync", "status")["last"]["problems"] == {}

            server.authority.revoke(ADDRESS)
            code, found = diagnosis(programs)
            assert code == 1
            assert found["sign-in"]["result"] == "failed" and "gmail connect" in found["sign-in"]["advice"]
        code, found = diagnosis(programs)
        assert (code, found["daemon"]["result"]) == (1, "failed")
        shown = programs.run("doctor")
        secrets = (tokens.refresh_token, server.authority.client_secret, "ya29.")
        assert not [one for one in secrets if one in shown.out.decode() + shown.said]
