"""Checks of Pub/Sub: the topic that Gmail tells of new mail, and the subscription the daemon listens to."""

import re
from collections.abc import Mapping
from typing import Any

from core.errors import DeskError
from sync.client import find_client
from sync.consent import PUBSUB
from sync.doctor_account import Account
from sync.doctor_call import Refusal
from sync.doctor_finding import Told, Verdict, failed, ok, unknown, warning
from sync.watch import PUBLISHER

_GMAIL = f"serviceAccount:{PUBLISHER}"
_CONSUME = "pubsub.subscriptions.consume"
_API = "Cloud Pub/Sub API"
_MAY_PUBLISH = {
    "roles/pubsub.publisher",
    "roles/pubsub.editor",
    "roles/pubsub.admin",
    "roles/editor",
    "roles/owner",
}
_EVERYBODY = {"allUsers", "allAuthenticatedUsers"}
_PROJECT = r"projects/(?:[a-z][a-z0-9.-]*:)?[a-z][a-z0-9-]{4,28}[a-z0-9]"
_NAME = r"(?!goog)[A-Za-z][A-Za-z0-9._~+%-]{2,254}"
_DELETED = "_deleted-topic_"


def names_are_right(account: Account) -> Verdict | None:
    google = account.state.settings.google
    if not (google.topic or google.subscription) or not account.tells_of_pubsub:
        return None
    for kind, name in (("topic", google.topic), ("subscription", google.subscription)):
        if name and not _is_name(kind, name):
            return failed(
                f"google.{kind} is not the name of a {kind}: {name}.",
                f"It looks like projects/PROJECT/{kind}s/NAME; the console shows it in full.",
            )
    if not google.topic:
        return warning(
            "google.subscription is set, but google.topic is not: Gmail tells no topic of new mail.",
            "Set google.topic, then: ttydesk gmail watch",
        )
    project = _project(account)
    if project and not google.topic.startswith(f"projects/{project}/"):
        return failed(
            f"The topic is not of the OAuth client's own project ({project}), and Gmail takes no other.",
            f"Make one there: gcloud pubsub topics create projects/{project}/topics/gmail",
        )
    return ok("Topic and subscription are named as they should be.")


def _project(account: Account) -> str:
    """The client's, where Google's file says it; what is wrong with the file is told by another check."""
    try:
        (client,) = find_client(account.state.settings).values()
    except DeskError:
        return ""
    return str(client.get("project_id", ""))


def _is_name(kind: str, name: str) -> bool:
    return re.fullmatch(f"{_PROJECT}/{kind}s/{_NAME}", name) is not None


def subscription_can_be_read(account: Account) -> Verdict | None:
    name = account.state.settings.google.subscription
    if not name or not account.tells_of_pubsub:
        return None
    _require_permission(account, "subscription", name)
    subscriptions = account.pubsub().subscriptions()
    try:
        found = account.ask_pubsub(subscriptions.get(subscription=name))
    except Refusal as refusal:
        if refusal.status == 404:
            return failed(f"There is no subscription {name}.", _made(account))
        if refusal.status != 403 or refusal.link:
            return refusal.verdict(_API)
    else:
        if (fault := _fault(account, found)) is not None:
            return fault
    return _consumable(account, subscriptions, name)


def _fault(account: Account, found: Mapping[str, Any]) -> Verdict | None:
    topic = account.state.settings.google.topic
    if found.get("topic") == _DELETED:
        return failed(
            "The topic of the subscription was deleted; nothing comes by it any more.", _made(account)
        )
    if topic and found.get("topic") != topic:
        return failed(
            f"The subscription is of another topic ({found.get('topic')}) than Gmail tells of new mail.",
            "Set google.topic or google.subscription, so that they belong together.",
        )
    if found.get("detached"):
        return failed("The subscription was detached from its topic.", _made(account))
    if (found.get("pushConfig") or {}).get("pushEndpoint"):
        return failed(
            "The subscription pushes to a web address, so that the daemon cannot pull from it.",
            "Make one of the kind Pull beside it, and set google.subscription to that.",
        )
    return None


def _consumable(account: Account, subscriptions: Any, name: str) -> Verdict:
    request = subscriptions.testIamPermissions(resource=name, body={"permissions": [_CONSUME]})
    try:
        answer = account.ask_pubsub(request)
    except Refusal as refusal:
        if refusal.status == 501:
            return unknown("It is there; whether it may be read, this server does not tell.")
        return refusal.verdict(_API)
    if _CONSUME in (answer.get("permissions") or ()):
        return ok("The subscription is there and may be read.")
    return failed(
        f"{account.known.address} may not read {name}, or it does not exist.",
        f"gcloud pubsub subscriptions add-iam-policy-binding {name} "
        f"--member=user:{account.known.address} --role=roles/pubsub.subscriber",
    )


def gmail_may_publish(account: Account) -> Verdict | None:
    name = account.state.settings.google.topic
    if not name or not account.tells_of_pubsub:
        return None
    _require_permission(account, "topic", name)
    topics = account.pubsub().topics()
    try:
        policy = account.ask_pubsub(topics.getIamPolicy(resource=name))
    except Refusal as refusal:
        if refusal.status == 404:
            return failed(f"There is no topic {name}.", f"gcloud pubsub topics create {name}")
        if refusal.status in (403, 501) and not refusal.link:
            return _by_the_watch(account) or unknown(
                "Whether Gmail may publish to the topic, only its owners are told.",
                "ttydesk gmail watch fails where it may not.",
            )
        return refusal.verdict(_API)
    if any(_lets_gmail(binding) for binding in policy.get("bindings") or ()):
        return ok("Gmail may publish to the topic.")
    return _by_the_watch(account) or failed(
        "Gmail may not publish to the topic.",
        f"gcloud pubsub topics add-iam-policy-binding {name} --member={_GMAIL} --role=roles/pubsub.publisher",
    )


def _lets_gmail(binding: Mapping[str, Any]) -> bool:
    return binding.get("role") in _MAY_PUBLISH and bool(
        {_GMAIL, *_EVERYBODY} & set(binding.get("members") or ())
    )


def _by_the_watch(account: Account) -> Verdict | None:
    """Gmail publishes when a watch begins, and takes none where it may not: the project may allow it."""
    until = account.known.watched_until
    if until is not None and until > account.state.now:
        return ok("Gmail could publish to the topic when it was last told to.")
    return None


def _require_permission(account: Account, kind: str, name: str) -> None:
    if not _is_name(kind, name):
        raise Told(unknown("It takes a name that is one to tell."))
    scopes = account.signed_in().scopes
    if not scopes & {PUBSUB, "https://www.googleapis.com/auth/cloud-platform"}:
        raise Told(unknown("It takes the permission for Pub/Sub to tell."))


def _made(account: Account) -> str:
    google = account.state.settings.google
    topic = google.topic or "TOPIC"
    return f"gcloud pubsub subscriptions create {google.subscription} --topic={topic}"
