"""What mail services report, as the command line shows it: beneath an answer, and what names none."""

import asyncio
from datetime import UTC, datetime
from typing import Any

from core.reports import Report
from tests.commands.conftest import Ttydesk
from tests.conftest import desk_as
from tests.mails import mail

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def told(database: str, state: str, message_id: str = "", **fields: Any) -> None:
    """An answer to kim@example.com leaves, where none has, and this is reported of it or of another mail."""

    async def tell() -> None:
        async with desk_as(database, "service_role") as service:
            if (await service.receive_mail(mail("a"))).outcome == "created":
                ada = next(one for one in await service.list_agents() if one.email == "ada@example.com")
                async with desk_as(database, "authenticated", sub=str(ada.id)) as desk:
                    await desk.reply(1001, "Try another bulb.", grace_seconds=0)
                ours = await service.claim_outgoing("test")
                assert ours
                await service.mark_sent(ours.id, "1.host")
            answer = (await service.show_ticket(1001)).messages[-1].message_id
            given = {
                "provider": "own",
                "state": state,
                "happened_at": NOON,
                "message_id": message_id or answer,
            }
            await service.report_delivery([Report.model_validate(given | fields)])

    asyncio.run(tell())


def test_a_ticket_says_what_became_of_an_answer(ttydesk: Ttydesk, database: str) -> None:
    told(database, "delivered", email="kim@example.com", detail="250 OK")
    assert "outgoing: Ada <support@example.com> (delivered)" in ttydesk("ticket", "show", "1001").out
    told(database, "bounced", email="kim@example.com", detail="550 5.1.1\x1b[31m no such user")
    shown = ttydesk("ticket", "show", "1001").out
    assert "(bounced)" in shown and "[kim@example.com: bounced: 550 5.1.1" in shown and "\x1b" not in shown
    answer = ttydesk("ticket", "show", "1001", "--json").json["messages"][-1]
    assert [one["state"] for one in answer["dispatch"]["recipients"]] == ["bounced"]
    assert "bounced" in ttydesk("ticket", "events", "1001").out


def test_reports_that_name_no_answer_are_listed(ttydesk: Ttydesk, database: str) -> None:
    assert ttydesk("mail", "reports", "--json").json == []
    told(database, "delayed", "<x@elsewhere>", email="bo@example.com", detail="mailbox full")
    (row,) = ttydesk("mail", "reports").out.splitlines()[-1:]
    assert row.split("\t") == [
        *("2026-03-02T12:00:00+00:00", "own", "delayed"),
        *("bo@example.com", "<x@elsewhere>", "mailbox full"),
    ]
    (kept,) = ttydesk("mail", "reports", "--json").json
    assert (kept["message_id"], kept["state"]) == ("<x@elsewhere>", "delayed")
