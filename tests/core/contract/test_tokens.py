"""Tokens, and what programs do with them, through every door."""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from core.desk import Desk
from core.errors import Forbidden, Invalid, NotFound, Outdated, SignedOut
from core.gathered import GatheredGateway
from core.models import Mailto
from core.tokens import ProgramGateway, TokenGateway, new_secret, sha256_of
from tests.core.contract.door import AWKWARD, Door
from tests.mails import mail


async def test_create_token(door: Door) -> None:
    sha256, request = sha256_of(new_secret()), uuid4()
    until = datetime.now(UTC) + timedelta(days=90)
    made = await door.ada.create_token(
        sha256, ["tickets:read", "agents:read"], AWKWARD, until, "Grace@example.com", request
    )
    assert (made.agent_email, made.name, made.expires_at) == ("grace@example.com", AWKWARD, until)
    assert made.scopes == ["tickets:read", "agents:read"] and made.last_used_at is None
    again = await door.ada.create_token(
        sha256, ["tickets:read", "agents:read"], AWKWARD, until, "Grace@example.com", request
    )
    assert again == made
    with pytest.raises(Invalid, match="There is no scope boss") as raised:
        await door.ada.create_token(sha256, ["boss"])
    assert raised.value.hint == "There are tickets:read, tickets:write, agents:read, agents:write."
    with pytest.raises(Forbidden, match="Only an admin"):
        await door.grace.create_token(sha256, ["tickets:read"], email="ada@example.com")


async def test_list_tokens(door: Door) -> None:
    await door.ada.create_token(sha256_of("a"), ["tickets:read"])
    await door.grace.create_token(sha256_of("b"), ["tickets:read"])
    assert [one.agent_email for one in await door.grace.list_tokens()] == ["grace@example.com"]
    assert len(await door.ada.list_tokens()) == 2


async def test_revoke_token(door: Door) -> None:
    made = await door.grace.create_token(sha256_of("b"), ["tickets:read"])
    assert (await door.ada.revoke_token(made.id)).revoked_at
    with pytest.raises(NotFound, match="There is no token 99"):
        await door.grace.revoke_token(99)


async def test_forget_requests(door: Door) -> None:
    assert await door.service.forget_requests(days=1) == 0


async def test_a_token_opens_the_desk(door: Door) -> None:
    await door.service.receive_mail(mail("a"))
    await door.grace.create_token(sha256_of("secret"), ["tickets:read", "tickets:write"])
    program = Desk(TokenGateway(door.service._gateway, sha256_of("secret")))
    assert (await program.whoami()).email == "grace@example.com"
    assert [one.number for one in (await program.list_tickets()).tickets] == [1001]
    request = uuid4()
    to = [Mailto(name=AWKWARD, email="kim@example.com")]
    attachments = [{"filename": AWKWARD, "content_type": "a/b", "size": 2**40, "sha256": "0" * 64}]
    answered = await program.reply(1001, AWKWARD, to=to, attachments=attachments, request_id=request)
    assert await program.reply(1001, AWKWARD, to=to, attachments=attachments, request_id=request) == answered
    shown = await program.show_ticket(1001)
    assert len(shown.messages) == 2
    assert (shown.messages[1].content, shown.messages[1].recipients.to) == (AWKWARD, to)
    with pytest.raises(Invalid, match="used for another request"):
        await program.reply(1001, "Something else.", request_id=request)
    with pytest.raises(Forbidden, match="The token may not do that"):
        await program.list_agents()
    with pytest.raises(SignedOut, match="This token does not open the desk"):
        await Desk(TokenGateway(door.service._gateway, sha256_of("another"))).whoami()


async def test_tokens_open_the_desk_to_several_at_once(door: Door) -> None:
    await door.service.receive_mail(mail("a"))
    await door.grace.create_token(sha256_of("secret"), ["tickets:read"])
    gateway = GatheredGateway(door.service._gateway)
    program, another = (Desk(TokenGateway(gateway, sha256_of(name))) for name in ("secret", "another"))
    shown, unknown, refused = await asyncio.gather(
        program.show_ticket(1001), program.show_ticket(9), another.show_ticket(1001), return_exceptions=True
    )
    assert shown == await door.grace.show_ticket(1001)
    assert isinstance(unknown, NotFound) and isinstance(refused, SignedOut)
    assert str(refused) == "This token does not open the desk." and refused.hint


async def test_a_sign_in_opens_the_desk_to_a_program(door: Door) -> None:
    await door.service.receive_mail(mail("a"))
    program, request = Desk(ProgramGateway(door.grace._gateway)), uuid4()
    first = await program.note(1001, AWKWARD, request_id=request)
    assert await program.note(1001, AWKWARD, request_id=request) == first
    with pytest.raises(Invalid, match="used for another request"):
        await program.note(1001, "Something else.", request_id=request)
    with pytest.raises(Forbidden, match="Programs may not do that"):
        await program.undo(first.request_id)
    with pytest.raises(Forbidden, match="Only an admin"):
        await program.add_agent("eve@example.com")


async def test_find_ticket(door: Door) -> None:
    await door.service.receive_mail(mail("a"))
    ticket = (await door.ada.show_ticket(1001)).ticket
    assert await door.grace.find_ticket(ticket.id) == ticket
    with pytest.raises(NotFound, match=f"There is no ticket {UUID(int=1)}"):
        await door.service.find_ticket(UUID(int=1))


async def test_show_attachment(door: Door) -> None:
    file = {"filename": AWKWARD, "content_type": "a/b", "size": 7, "sha256": "a" * 64, "inline": True}
    await door.service.receive_mail(mail("a", attachments=[file]))
    (there,) = (await door.ada.show_ticket(1001)).messages[0].attachments
    found = await door.grace.show_attachment(there.id)
    assert (found.number, found.filename, found.size, found.sha256) == (1001, AWKWARD, 7, "a" * 64)
    with pytest.raises(NotFound, match="There is no attachment"):
        await door.grace.show_attachment(UUID(int=1))


async def test_a_change_that_was_meant_for_another_version(door: Door) -> None:
    await door.service.receive_mail(mail("a"))
    version = (await door.ada.show_ticket(1001)).ticket.version
    await door.ada.update_tickets([1001], {"priority": "high"}, versions=[version])
    with pytest.raises(Outdated, match="Ticket #1001 was changed meanwhile") as raised:
        await door.ada.update_tickets([1001], {"priority": "low"}, versions=[version, 99])
    assert raised.value.hint == "Read it again, and decide anew."
