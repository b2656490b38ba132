"""The doctor on Pub/Sub: names, subscription and rights, by our own answers and by Google's emulator."""

import json
from datetime import timedelta

import pytest

from sync.doctor_finding import Result
from tests.gmail.problem import Problem, switched_off
from tests.gmail.pubsub import CONSUME, SEE, SEE_POLICY
from tests.peers.pubsub import pubsub, put
from tests.sync.clinic import ADDRESS, PROJECT, SUBSCRIPTION, TOPIC, Clinic, utc_now

OK, WARNING, FAILED, UNKNOWN = Result.OK, Result.WARNING, Result.FAILED, Result.UNKNOWN


@pytest.mark.parametrize(
    "name",
    [
        "gmail",
        "projects/example-desk/gmail",
        f"{PROJECT}/topics/x",
        f"{PROJECT}/topics/goog-mail",
        f"{TOPIC}/",
    ],
)
async def test_a_topic_that_is_no_name_of_one(clinic: Clinic, name: str) -> None:
    clinic.set(topic=name, subscription="")
    assert (await clinic.finding("topic")).result is UNKNOWN
    found = await clinic.finding("names")
    assert found.result is FAILED and name in found.said and "projects/PROJECT/topics/NAME" in found.advice


async def test_topic_and_subscription_belong_together(clinic: Clinic) -> None:
    clinic.set(topic=SUBSCRIPTION)
    assert "google.topic is not the name of a topic" in (await clinic.finding("names")).said
    clinic.set(topic="")
    assert (await clinic.finding("names")).result is WARNING
    clinic.set(topic=f"{PROJECT}/topics/another")
    found = await clinic.finding("subscription")
    assert found.result is FAILED and f"of another topic ({TOPIC})" in found.said
    clinic.set(topic="", subscription="")
    checks = {one.check for one in await clinic.diagnose() if one.about == ADDRESS}
    assert not checks & {"names", "topic", "subscription"}


async def test_a_topic_of_another_project_than_the_clients(clinic: Clinic) -> None:
    file = clinic.settings.home / "client.json"
    client = clinic.server.client_config
    client["installed"]["project_id"] = "example-desk"
    file.write_text(json.dumps(client))
    clinic.set(client_id="", client_secret=None, client_file=file)
    assert (await clinic.finding("names")).result is OK
    client["installed"]["project_id"] = "another-desk"
    file.write_text(json.dumps(client))
    found = await clinic.finding("names")
    assert found.result is FAILED and "own project (another-desk)" in found.said


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"topic": "_deleted-topic_"}, "topic of the subscription was deleted"),
        ({"detached": True}, "detached"),
        ({"pushConfig": {"pushEndpoint": "https://desk.example.com/hook"}}, "pushes to a web address"),
    ],
)
async def test_a_subscription_that_brings_nothing(
    clinic: Clinic, changes: dict[str, object], words: str
) -> None:
    clinic.server.pubsub.subscriptions[SUBSCRIPTION] |= changes
    found = await clinic.finding("subscription")
    assert found.result is FAILED and words in found.said and found.advice


async def test_a_subscription_that_is_not_there(clinic: Clinic) -> None:
    clinic.server.pubsub.subscriptions.clear()
    found = await clinic.finding("subscription")
    assert found.said == f"There is no subscription {SUBSCRIPTION}."
    assert found.advice == f"gcloud pubsub subscriptions create {SUBSCRIPTION} --topic={TOPIC}"


@pytest.mark.parametrize(
    ("rights", "result"), [({CONSUME}, OK), ({SEE}, FAILED), (set(), FAILED), ({SEE, CONSUME}, OK)]
)
async def test_the_right_to_read_is_asked_for_by_itself(
    clinic: Clinic, rights: set[str], result: Result
) -> None:
    clinic.server.pubsub.rights = rights
    found = await clinic.finding("subscription")
    assert found.result is result
    if result is FAILED:
        assert f"--member=user:{ADDRESS} --role=roles/pubsub.subscriber" in found.advice


async def test_whether_gmail_may_publish(clinic: Clinic) -> None:
    await clinic.service.save_watch(clinic.known.id, None)
    assert (await clinic.finding("topic")).result is OK
    policies = clinic.server.pubsub.policies
    policies[TOPIC] = [{"role": "roles/pubsub.viewer", "members": ["user:kim@example.com"]}]
    found = await clinic.finding("topic")
    assert found.result is FAILED and "gmail-api-push@system.gserviceaccount.com" in found.advice
    policies[TOPIC] = [{"role": "roles/pubsub.publisher", "members": ["allUsers"]}]
    assert (await clinic.finding("topic")).result is OK
    policies.clear()
    found = await clinic.finding("topic")
    assert (found.said, found.result) == (f"There is no topic {TOPIC}.", FAILED)
    clinic.server.pubsub.rights = {CONSUME}
    assert (await clinic.finding("topic")).result is UNKNOWN


async def test_a_watch_that_runs_shows_that_gmail_may_publish(clinic: Clinic) -> None:
    """The project may allow what the topic itself does not."""
    clinic.server.pubsub.policies[TOPIC] = []
    await clinic.service.save_watch(clinic.known.id, utc_now() + timedelta(days=6))
    assert (await clinic.finding("topic")).result is OK
    clinic.server.pubsub.rights -= {SEE_POLICY}
    assert (await clinic.finding("topic")).result is OK


async def test_the_api_is_switched_off(clinic: Clinic) -> None:
    clinic.server.pubsub.barred = switched_off("Cloud Pub/Sub API", "pubsub.googleapis.com")
    for check in ("subscription", "topic"):
        found = await clinic.finding(check)
        assert found.result is FAILED and "The Cloud Pub/Sub API is switched off" in found.said
        assert "apis/api/pubsub.googleapis.com/overview" in found.advice


async def test_a_fault_of_pubsubs_says_nothing_of_gmail(clinic: Clinic) -> None:
    clinic.server.pubsub.barred = Problem(503, "backendError", "The service is currently unavailable.")
    assert (await clinic.finding("subscription")).result is WARNING
    assert (await clinic.finding("history")).result is OK


async def test_googles_emulator_knows_what_there_is_and_no_rights(clinic: Clinic) -> None:
    await clinic.service.save_watch(clinic.known.id, None)
    with pubsub() as root:
        clinic.set(pubsub_root=root)
        put(f"{root}/v1/{TOPIC}", {})
        assert (await clinic.finding("subscription")).said == f"There is no subscription {SUBSCRIPTION}."
        put(f"{root}/v1/{SUBSCRIPTION}", {"topic": TOPIC})
        found = await clinic.finding("subscription")
        assert (found.result, found.said[:12]) == (UNKNOWN, "It is there;")
        assert (await clinic.finding("topic")).result is UNKNOWN
        clinic.set(topic=f"{PROJECT}/topics/another")
        assert f"of another topic ({TOPIC})" in (await clinic.finding("subscription")).said
        put(f"{root}/v1/{TOPIC}", {}, method="DELETE")
        assert "topic of the subscription was deleted" in (await clinic.finding("subscription")).said
    clinic.set(topic=TOPIC)
    found = await clinic.finding("subscription")
    assert found.result is FAILED and "connection refused" in found.said
