"""`ttydesk webhook`: addresses that are told of what happens."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from commands.opening import holds_desk, settings_of, with_desk
from commands.output import write, write_json, write_rows
from commands.typed import DeliveryState, Json, day, plain

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from uuid import UUID

    from core.desk import Desk
    from core.webhooks import Webhook, WebhookDelivery

app = typer.Typer(
    help="Addresses that are told of what happens: add, list, update, deliveries, replay.",
    no_args_is_help=True,
)

PATIENCE = 30.0
"""Seconds until a test is left to the daemon."""
_LOOK_SECONDS = 0.2

Which = Annotated[
    str, typer.Argument(parser=plain, metavar="WEBHOOK", help="How its id begins, or its whole address.")
]
Url = Annotated[str, typer.Argument(parser=plain, metavar="URL", help="https://example.com/hooks.")]
Types = Annotated[
    list[str] | None,
    typer.Option(
        "--event",
        parser=plain,
        metavar="TYPE",
        help="What it is told of, as ticket.created; may be given several times.",
    ),
]
Description = Annotated[
    str | None, typer.Option(parser=plain, metavar="TEXT", help="What it is for, for whoever sees the list.")
]


@app.command("add")
def add_webhook(
    context: typer.Context,
    url: Url,
    event: Types = None,
    notes: Annotated[
        bool, typer.Option("--notes", help="Send the text of notes, too, that agents write each other.")
    ] = False,
    description: Description = None,
    json: Json = False,
) -> None:
    """Tell an address of what happens from now on, of everything unless events are named.

    Shows the secret that signs what is sent, this once.
    """
    from core.webhooks import new_secret

    _check(context, url)
    secret = new_secret()
    added = _with(context, lambda desk: desk.add_webhook(url, secret, event or (), notes, description or ""))
    _print(added, secret, json)


@app.command("list")
def list_webhooks(context: typer.Context, json: Json = False) -> None:
    """All webhooks, what each is told of, and how it fares."""
    from core.text import safe_line

    webhooks = _with(context, lambda desk: desk.list_webhooks())
    if json:
        write_json(webhooks)
        return
    rows = [
        (
            one.id.hex[:8],
            safe_line(one.url, 200),
            " ".join(one.events) or "all",
            safe_line(_state(one), 200),
            str(one.waiting),
            str(one.failed),
            safe_line(one.description),
        )
        for one in webhooks
    ]
    headings = ("ID", "ADDRESS", "EVENTS", "STATE", "WAITING", "FAILED", "FOR")
    write_rows(headings, rows, flexible=(1, 2, 3, 6))


@app.command("update")
def update_webhook(
    context: typer.Context,
    webhook: Which,
    url: Annotated[
        str | None, typer.Option(parser=plain, metavar="URL", help="Another address for the same.")
    ] = None,
    event: Types = None,
    all_events: Annotated[bool, typer.Option("--all-events", help="Everything, from now on.")] = False,
    notes: Annotated[
        bool | None, typer.Option("--notes/--no-notes", help="Whether the text of notes is sent.")
    ] = None,
    description: Description = None,
    active: Annotated[
        bool | None, typer.Option("--active/--inactive", help="Switch it on again, or off.")
    ] = None,
    new_secret: Annotated[
        bool, typer.Option("--new-secret", help="Another secret; for a day the old one signs, too.")
    ] = False,
    json: Json = False,
) -> None:
    """Change a webhook. Events replace those it had."""
    from core import webhooks

    if event and all_events:
        raise typer.BadParameter("Give either --event or --all-events.")
    secret = webhooks.new_secret() if new_secret else None
    events = [] if all_events else event or None
    wanted: dict[str, Any] = {"url": url, "events": events, "notes": notes, "description": description}
    wanted |= {"active": active, "secret": secret}
    changes = {field: value for field, value in wanted.items() if value is not None}
    if not changes:
        raise typer.BadParameter("There is nothing to change: give at least one option.")
    if url is not None:
        _check(context, url)

    async def work(desk: "Desk") -> "Webhook":
        return await desk.update_webhook(await _id(desk, webhook), changes)

    _print(_with(context, work), secret, json)


@app.command("remove")
def remove_webhook(context: typer.Context, webhook: Which) -> None:
    """Tell it nothing any more, and drop the log of its deliveries."""

    async def work(desk: "Desk") -> "UUID":
        id = await _id(desk, webhook)
        await desk.remove_webhook(id)
        return id

    write(f"Webhook {_with(context, work).hex[:8]} is removed.")


@app.command("deliveries")
def list_webhook_deliveries(
    context: typer.Context,
    webhook: Which,
    state: Annotated[DeliveryState | None, typer.Option(help="Only those.")] = None,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, max=1000, help="At most so many.")] = 50,
    json: Json = False,
) -> None:
    """What was sent to a webhook and what came of it, the newest first. JSON has what was sent itself."""
    from core.text import safe_line
    from core.webhooks import WebhookState

    wanted = WebhookState(state) if state else None

    async def work(desk: "Desk") -> "list[WebhookDelivery]":
        id = await _id(desk, webhook)
        return await desk.list_webhook_deliveries(id, wanted, limit=limit, payloads=json)

    found = _with(context, work)
    if json:
        write_json(found)
        return
    rows = [
        (
            str(one.id),
            one.created_at.astimezone().strftime("%Y-%m-%d %H:%M:%S"),
            one.type,
            f"#{one.number}" if one.number else "",
            one.state,
            str(one.attempts),
            str(one.status or ""),
            safe_line(_said(one), 200),
        )
        for one in found
    ]
    headings = ("ID", "MADE", "TYPE", "TICKET", "STATE", "TRIES", "STATUS", "SAID")
    write_rows(headings, rows, flexible=(7, 2))


@app.command("replay")
def replay_webhook(
    context: typer.Context,
    webhook: Which,
    deliveries: Annotated[
        list[int] | None, typer.Argument(metavar="DELIVERIES", help="Their numbers, whatever came of them.")
    ] = None,
    since: Annotated[
        datetime | None,
        typer.Option(
            parser=day, metavar="DATE", help="What happened since and failed, or was never sent at all."
        ),
    ] = None,
) -> None:
    """Send again. Each message keeps its id, so that a receiver knows what it has had already."""
    if not deliveries and since is None:
        raise typer.BadParameter("Give the numbers of deliveries, or --since DATE.")

    async def work(desk: "Desk") -> int:
        return await desk.replay_webhook(await _id(desk, webhook), deliveries or (), since)

    waiting = _with(context, work)
    verb = "y waits" if waiting == 1 else "ies wait"
    write(f"{waiting} deliver{verb} to be sent by the daemon.")


@app.command("test")
def test_webhook(context: typer.Context, webhook: Which, json: Json = False) -> None:
    """Have the daemon send a message that is about nothing, and say what came of it."""
    from core.errors import Unreachable
    from core.text import safe_line

    async def work(desk: "Desk") -> "WebhookDelivery":
        id = await _id(desk, webhook)
        return await _outcome(desk, await desk.test_webhook(id))

    tried = _with(context, work)
    if json:
        write_json(tried)
    if tried.attempted_at is None:
        raise Unreachable(
            "No daemon has sent it yet; it goes on waiting.", hint="Look with: ttydesk sync status"
        )
    if tried.error:
        raise Unreachable(f"It did not come through: {safe_line(tried.error, 400)} It is tried again.")
    if not json:
        said = f": {safe_line(tried.answer)}" if tried.answer else ""
        write(f"It came through: {tried.status}{said}")


async def _outcome(desk: "Desk", delivery: "WebhookDelivery") -> "WebhookDelivery":
    """The same delivery once it was tried, or as it is when nobody does."""
    import asyncio

    for _ in range(int(PATIENCE / _LOOK_SECONDS)):
        newest = await desk.list_webhook_deliveries(delivery.webhook_id, limit=20)
        delivery = next((one for one in newest if one.id == delivery.id), delivery)
        if delivery.attempted_at is not None:
            break
        await asyncio.sleep(_LOOK_SECONDS)
    return delivery


def _with(context: typer.Context, work: "Callable[[Desk], Awaitable[Any]]") -> Any:
    return with_desk(context, work, service=holds_desk(context))


def _check(context: typer.Context, url: str) -> None:
    from sync.webhook_address import check

    check(url, settings_of(context).webhooks.allow_private)


async def _id(desk: "Desk", typed: str) -> "UUID":
    """The webhook that is meant: by how its id begins, with dashes or without, or by its whole address."""
    from core.errors import Invalid, NotFound
    from core.text import safe_line

    begins = typed.replace("-", "").lower()
    known = await desk.list_webhooks()
    found = [one for one in known if one.url == typed or (begins and one.id.hex.startswith(begins))]
    if not found:
        raise NotFound(f"There is no webhook {safe_line(typed, 100)}.", hint="See ttydesk webhook list.")
    if len(found) > 1:
        ids = ", ".join(one.id.hex[:8] for one in found)
        raise Invalid(f"Several webhooks are called that: {ids}.", hint="Say which by more of its id.")
    return found[0].id


def _print(webhook: "Webhook", secret: str | None, json: bool) -> None:
    from core.text import safe_line

    if json:
        write_json(webhook.model_dump() | ({"secret": secret} if secret else {}))
        return
    told = ", ".join(webhook.events) or "everything that happens"
    does = f"is told of {told}" if webhook.active else "is switched off"
    write(f"Webhook {webhook.id.hex[:8]} {does}: {safe_line(webhook.url, 2000)}")
    if secret:
        write(f"Its secret, which is shown this once: {secret}")


def _state(one: "Webhook") -> str:
    if not one.active:
        return f"off: {one.off_reason}" if one.off_reason else "off"
    if one.failing_since is None:
        return "active"
    return f"fails since {one.failing_since.astimezone():%Y-%m-%d %H:%M}: {one.last_error or ''}"


def _said(one: "WebhookDelivery") -> str:
    again = (
        f" Again {one.next_attempt_at.astimezone():%Y-%m-%d %H:%M}."
        if one.next_attempt_at and one.attempts
        else ""
    )
    return f"{one.error or one.answer}{again}".strip()
