"""The doctor on a Gmail mailbox: each finding, by making it true."""

import json
from datetime import timedelta

import pytest
from pydantic import SecretStr

from sync.consent import MODIFY, PUBSUB
from sync.doctor_finding import Result
from tests.gmail.authority import Refusal
from tests.gmail.problem import failed_precondition, spent, switched_off
from tests.sync.clinic import ADDRESS, ELSEWHERE, Clinic, utc_now

OK, WARNING, FAILED, UNKNOWN = Result.OK, Result.WARNING, Result.FAILED, Result.UNKNOWN


async def test_a_mailbox_that_is_well_is_found_so_and_left_as_it_was(clinic: Clinic) -> None:
    before = await clinic.state()
    found = [one for one in await clinic.diagnose() if one.about == ADDRESS]
    assert [one for one in found if one.result is not OK or one.advice] == []
    assert len(found) == 14
    assert await clinic.state() == before


async def test_no_secret_is_shown_whatever_goes_wrong(clinic: Clinic) -> None:
    tokens = clinic.allow(MODIFY)
    secrets = [tokens.refresh_token, tokens.access_token, clinic.server.authority.client_secret]
    for ill in (None, Refusal("invalid_grant", "Bad Request"), Refusal("server_error", "x", 500)):
        clinic.server.authority.refuses = ill
        shown = repr(await clinic.diagnose())
        assert [one for one in (*secrets, "ya29.") if one in shown] == []


async def test_a_token_that_is_not_there_or_not_private(clinic: Clinic) -> None:
    (file,) = (clinic.settings.home / "tokens").iterdir()
    file.chmod(0o644)
    found = await clinic.finding("token")
    assert (found.result, found.advice) == (FAILED, f"If nobody did: chmod 600 {file}")
    assert (await clinic.finding("sign-in")).result is UNKNOWN
    file.chmod(0o600)
    file.write_text("{}")
    assert "is not a token" in (await clinic.finding("token")).said
    file.unlink()
    found = await clinic.finding("token")
    assert found.result is FAILED and "ttydesk gmail connect" in found.advice
    assert clinic.server.calls.total() == 0


async def test_a_token_of_another_machine_is_its_affair(clinic: Clinic) -> None:
    for file in (clinic.settings.home / "tokens").iterdir():
        file.unlink()
    await clinic.daemon_elsewhere()
    await clinic.service.lease_mailbox(clinic.known.id, ELSEWHERE)
    found = await clinic.finding("token")
    assert found.result is UNKNOWN and "on another machine: mars" in found.said


async def test_the_oauth_client(clinic: Clinic) -> None:
    clinic.set(client_secret=None)
    assert (await clinic.finding("client")).result is FAILED
    clinic.set(client_id="another.apps.googleusercontent.com", client_secret=SecretStr("s"))
    found = await clinic.finding("client")
    assert found.result is WARNING and "another OAuth client" in found.said
    clinic.set(client_id="", client_secret=None)
    found = await clinic.finding("client")
    assert found.result is WARNING and "No OAuth client is set" in found.said

    file = clinic.settings.home / "client.json"
    clinic.set(client_file=file)
    found = await clinic.finding("client")
    assert "cannot be read: no such file" in found.said and "Download it again" in found.advice
    file.write_text('{"type": "service_account"}')
    assert "is not the JSON of an OAuth client" in (await clinic.finding("client")).said
    file.write_text(json.dumps(clinic.server.client_config))
    assert (await clinic.finding("client")).result is OK


@pytest.mark.parametrize(
    ("refusal", "result", "words", "advice"),
    [
        (Refusal("invalid_grant", "Account is deleted"), FAILED, "Account is deleted", "password"),
        (
            Refusal("invalid_grant", "reauth related error", error_subtype="invalid_rapt"),
            FAILED, "new sign-in after some hours", "Session control",
        ),
        (Refusal("invalid_client", "Unauthorized", 401), FAILED, "does not know the OAuth client", "Clients"),
        (Refusal("deleted_client", "x", 401), FAILED, "client was deleted", "Clients"),
        (Refusal("unauthorized_client", "x", 401), FAILED, "another OAuth client", "Clients"),
        (Refusal("admin_policy_enforced", "x"), FAILED, "administrator", "Admin console"),
        (Refusal("backend", "Backend Error", 503), WARNING, "not well at the moment (503)", "again"),
        (Refusal("brand_new", "It says so"), FAILED, "brand_new: It says so", "gmail connect"),
    ],
)  # fmt: skip
async def test_each_refusal_of_the_sign_in_is_named(
    clinic: Clinic, refusal: Refusal, result: Result, words: str, advice: str
) -> None:
    clinic.server.authority.refuses = refusal
    found = await clinic.diagnose()
    (sign_in,) = [one for one in found if one.check == "sign-in"]
    assert sign_in.result is result and words in sign_in.said and advice in sign_in.advice
    resting = {one.said for one in found if one.about == ADDRESS and one.result is UNKNOWN}
    assert resting == {"It takes a sign-in to tell."}
    assert [one.result for one in found if one.check in ("clock", "names", "watch")] == [OK] * 3


async def test_a_permission_that_was_taken_back(clinic: Clinic) -> None:
    clinic.server.authority.revoke(ADDRESS)
    found = await clinic.finding("sign-in")
    assert found.result is FAILED and "invalid_grant: Token has been expired or revoked" in found.said
    assert all(reason in found.advice for reason in ("password", "six months", "100 newer", "testing mode"))


async def test_testing_mode_is_told_days_before_the_end(clinic: Clinic) -> None:
    clinic.allow(MODIFY, PUBSUB, expires_at=utc_now() + timedelta(days=5, minutes=5))
    found = await clinic.finding("testing mode")
    assert found.result is WARNING and "ends in 5 days" in found.said and "Publish the app" in found.advice
    clinic.server.authority.refuses = Refusal("backend", "Backend Error", 503)
    assert (await clinic.finding("testing mode")) == found


async def test_testing_mode_is_told_after_the_end(clinic: Clinic) -> None:
    clinic.server.authority.refresh_seconds = -1.0
    clinic.allow(MODIFY, PUBSUB, expires_at=utc_now() - timedelta(hours=3))
    found = await clinic.finding("sign-in")
    assert "ended 3 hours ago, as it does for an app in testing mode" in found.said
    assert "Publish the app" in found.advice


async def test_testing_mode_is_guessed_by_how_long_the_permission_was_good(clinic: Clinic) -> None:
    clinic.server.authority.refresh_seconds = -1.0
    clinic.allow(MODIFY, PUBSUB, granted_at=utc_now() - timedelta(days=7))  # and read a moment ago
    found = await clinic.finding("sign-in")
    assert "ended 7 days after it was given" in found.said and "Publish the app" in found.advice


async def test_a_young_permission_without_an_end_is_not_praised_for_its_age(clinic: Clinic) -> None:
    assert "30 days old" in (await clinic.finding("testing mode")).said
    clinic.allow(MODIFY, PUBSUB, granted_at=utc_now())
    assert (await clinic.finding("testing mode")).said == "Google names no end of the permission."


async def test_scopes_are_those_that_google_names_now(clinic: Clinic) -> None:
    clinic.allow(MODIFY)
    found = await clinic.finding("scopes")
    assert found.result is FAILED and "Pub/Sub" in found.said and "tick all boxes" in found.advice
    found = await clinic.finding("subscription")
    assert (found.result, found.said) == (UNKNOWN, "It takes the permission for Pub/Sub to tell.")
    clinic.set(subscription="", topic="")
    assert (await clinic.finding("scopes")).result is OK
    clinic.allow("https://mail.google.com/")
    assert (await clinic.finding("scopes")).result is OK
    clinic.allow("https://www.googleapis.com/auth/gmail.readonly")
    found = await clinic.finding("scopes")
    assert found.result is FAILED and "send answers" in found.said


@pytest.mark.parametrize(
    ("seconds", "result", "words"),
    [(0, OK, "as Google's does"), (40, WARNING, "40 seconds fast"), (-4000, FAILED, "66 minutes slow")],
)
async def test_the_clock_is_held_against_googles(
    clinic: Clinic, seconds: float, result: Result, words: str
) -> None:
    now = lambda: utc_now() + timedelta(seconds=seconds)  # noqa: E731
    found = await clinic.finding("clock", now=now)
    assert found.result is result
    assert words in found.said or words.replace("40", "39") in found.said  # Google's dates have no fractions


async def test_an_api_that_is_switched_off_comes_with_googles_link(clinic: Clinic) -> None:
    clinic.server.bar(switched_off())
    found = await clinic.finding("gmail")
    assert found.result is FAILED and "The Gmail API is switched off" in found.said
    link = "https://console.developers.google.com/apis/api/gmail.googleapis.com/overview?project=123456789012"
    assert link in found.advice


async def test_a_quota_that_was_lowered_is_told_with_its_number(clinic: Clinic) -> None:
    clinic.server.bar(spent(250))
    found = await clinic.finding("gmail")
    assert found.result is WARNING and "250" in found.said and "google.units_a_minute" in found.advice
    clinic.server.bar(None)
    clinic.server.faults.share("403", 1.0, ["getProfile"])
    assert "Google asks to wait" in (await clinic.finding("gmail")).said


@pytest.mark.parametrize(("fault", "result"), [("500", WARNING), ("400", FAILED)])
async def test_other_faults_of_gmails(clinic: Clinic, fault: str, result: Result) -> None:
    clinic.server.faults.share(fault, 1.0, ["getProfile"])
    assert (await clinic.finding("gmail")).result is result
    assert (await clinic.finding("history")).result is UNKNOWN


async def test_an_account_without_gmail(clinic: Clinic) -> None:
    clinic.server.bar(failed_precondition("Mail service not enabled"))
    found = await clinic.finding("gmail")
    assert (found.result, found.said) == (FAILED, "The account has no Gmail.")


async def test_a_mailbox_that_gmail_calls_by_another_name(clinic: Clinic) -> None:
    clinic.server.add("kim@example.com")
    tokens = clinic.server.grant("kim@example.com", MODIFY, PUBSUB)
    clinic.allow(MODIFY, PUBSUB, refresh_token=tokens.refresh_token)
    found = await clinic.finding("address")
    assert found.result is WARNING and "calls this mailbox kim@example.com" in found.said
    assert "Send mail as" in found.advice


async def test_how_far_it_was_read(clinic: Clinic) -> None:
    here = clinic.server.mailbox(ADDRESS).history_id
    await clinic.have_read(here, utc_now() - timedelta(days=5))
    found = await clinic.finding("history")
    assert found.result is WARNING and "5 days old" in found.said
    clinic.server.mailbox(ADDRESS).expire_history()
    found = await clinic.finding("history")
    assert found.result is WARNING and "no longer knows the place" in found.said and "verify" in found.advice
    await clinic.service.save_cursor(clinic.known.id, "nonsense")
    assert (await clinic.finding("history")).result is FAILED


async def test_a_mailbox_that_was_never_read(clinic: Clinic) -> None:
    await clinic.service.connect_mailbox("new", "gmail", "new@example.com")
    found = [one for one in await clinic.diagnose() if one.about == "new@example.com"]
    assert {one.check: one.result for one in found}["history"] is UNKNOWN


async def test_who_tells_of_new_mail(clinic: Clinic) -> None:
    for until, result, words in (
        (utc_now() + timedelta(hours=30), WARNING, "nobody has renewed it"),
        (utc_now() - timedelta(days=3), WARNING, "stopped telling of new mail 3 days ago"),
        (None, WARNING, "does not tell of new mail; it is asked every 5 seconds"),
    ):
        await clinic.service.save_watch(clinic.known.id, until)
        found = await clinic.finding("watch")
        assert found.result is result and words in found.said and "ttydesk gmail watch" in found.advice
    clinic.set(topic="", subscription="")
    assert (await clinic.finding("watch")).result is OK


async def test_one_of_several_mailboxes_is_enough_to_listen(clinic: Clinic) -> None:
    clinic.server.add("sales@example.com")
    known = await clinic.service.connect_mailbox("sales", "gmail", "sales@example.com")
    clinic.allow(
        MODIFY,
        address="sales@example.com",
        refresh_token=clinic.server.grant("sales@example.com", MODIFY).refresh_token,
    )
    found = {one.check: one for one in await clinic.diagnose() if one.about == known.address}
    assert found["scopes"].result is OK and not found.keys() & {"names", "subscription", "topic"}
    clinic.allow(MODIFY)
    for address in (ADDRESS, "sales@example.com"):
        assert "Pub/Sub" in (await clinic.finding("scopes", address)).said
    assert (await clinic.finding("subscription")).result is UNKNOWN


async def test_what_came_of_holding_it_against_the_ledger(clinic: Clinic) -> None:
    await clinic.have_verified(missing=0)
    assert "12 mails, all accounted for" in (await clinic.finding("ledger")).said
    later = lambda: utc_now() + timedelta(days=4)  # noqa: E731
    found = await clinic.finding("ledger", now=later)
    assert found.result is WARNING and "4 days ago, which is to happen daily" in found.said
    await clinic.have_verified(missing=3)
    found = await clinic.finding("ledger")
    assert found.result is WARNING and "3 mails had not been taken in" in found.said


async def test_when_the_daemon_last_read_it(clinic: Clinic) -> None:
    await clinic.service.save_cursor(clinic.known.id, None, "Google does not answer.")
    found = await clinic.finding("reading")
    assert (found.result, found.said) == (WARNING, "Google does not answer.")
    await clinic.have_read(clinic.server.mailbox(ADDRESS).history_id)
    later = lambda: utc_now() + timedelta(hours=3)  # noqa: E731
    found = await clinic.finding("reading", now=later)
    assert found.result is WARNING and "3 hours ago" in found.said
