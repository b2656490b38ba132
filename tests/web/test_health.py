"""/health, which asks the database."""

import httpx

from web.front import Front


async def test_it_says_that_all_is_well(client: httpx.AsyncClient) -> None:
    answer = await client.get("/health")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


async def test_it_says_when_the_database_is_away(client: httpx.AsyncClient, front: Front) -> None:
    await front.desk.close()
    assert (await client.get("/health")).status_code == 503
