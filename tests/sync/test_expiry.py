"""A permission that ends by itself is told in time."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from pydantic import SecretStr

from core.config import Settings
from sync.auth import Grant, token_store
from sync.expiry import Expiry

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
WEEK = timedelta(days=7)
GRANT = Grant(
    address="support@example.com",
    client_id="id",
    client_secret=SecretStr("hunter1"),
    refresh_token=SecretStr("hunter2"),
    token_uri="https://oauth2.googleapis.com/token",
    scopes=("a",),
    granted_at=NOW,
    expires_at=NOW + WEEK,
)


async def test_it_is_told_two_days_ahead_until_there_is_a_new_one(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, tokens="file")
    store = token_store(tmp_path, "file")
    now = NOW
    expiry = Expiry(settings, GRANT.address, lambda: now)
    assert (await expiry.look()).problem is None, "no permission is for others to tell"
    store.save(GRANT)
    assert (await expiry.look()).problem is None
    now = NOW + WEEK - timedelta(days=1)
    problem = (await expiry.look()).problem
    assert problem and "ends by itself on 2026-03-08" in problem and "testing mode" in problem
    assert "gmail connect --address support@example.com" in problem and "hunter" not in problem
    now = NOW + WEEK
    assert (await expiry.look()).problem is None, "then it is gone, which is told by what does not work"
    store.save(GRANT.model_copy(update={"expires_at": now + WEEK}))
    assert (await expiry.look()).problem is None
    store.save(GRANT.model_copy(update={"expires_at": None}))
    assert (await expiry.look()).problem is None
