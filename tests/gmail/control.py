"""Below /__test/: what a test in the same process does by Python, for a bench that has the server apart.

GET  state                         calls, units, refreshes, faults that struck, complaints
GET  sent?address=&raw=&after=     what left: id, threadId, labelIds, messageId, and raw unless raw=no;
                                   without the first so many
GET  messages?address=             all: id, threadId, labelIds, messageId, labels (by name)
POST account?address=              one account more
POST grant?address=                tokens without a browser; scope= as often as wanted
POST deliver?address=&labels=&date=    the body is the mail; labels with commas, date in epoch milliseconds
POST deliver_all?address=&labels=  {"mails": [base64url]}, for many at once
POST modify?address=               {"ids", "add", "remove"}, as its owner does
POST faults                        {"clear", "share": [[kind, share, methods]], "nth": [[method, kind, n]],
                                    "delay_seconds", "late_seconds", "retry_after"}
POST notices                       {"dropped", "doubled", "reordered", "push_to", "publish_to",
                                    "most_per_second", "history_id_as", "flush"}
POST habits                        {"message_ids", "search_lag", "list_lag", "shuffled_batches", "neighbours"}
POST quota                         {"limit", "status", "retry_after"}
POST clock                         {"advance": seconds}
POST expire?address=               the history
POST expire_access?address=, revoke?address=    its tokens
POST consent                       {"granted", "scopes", "address"}
"""

import base64
import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

from tests.gmail.payload import base64url
from tests.gmail.problem import Json
from tests.gmail.service import Answer
from tests.gmail.wire import Request

if TYPE_CHECKING:
    from tests.gmail.server import GmailServer

ROOT = "/__test/"


class Control:
    def __init__(self, server: "GmailServer") -> None:
        self._server = server
        self._by_name: dict[str, Callable[[dict[str, list[str]], bytes], Json]] = {
            "GET state": self._state,
            "GET sent": self._sent,
            "GET messages": self._messages,
            "POST account": self._account,
            "POST grant": self._grant,
            "POST deliver": self._deliver,
            "POST deliver_all": self._deliver_all,
            "POST modify": self._modify,
            "POST faults": self._faults,
            "POST notices": self._notices,
            "POST habits": lambda query, body: _set(server.habits, json.loads(body)),
            "POST quota": lambda query, body: _set(server.quota, json.loads(body)),
            "POST clock": self._clock,
            "POST expire": self._expire,
            "POST expire_access": self._expire_access,
            "POST revoke": self._revoke,
            "POST consent": self._consent,
        }

    def answer(self, request: Request) -> Answer:
        parts = urlsplit(request.target)
        act = self._by_name.get(f"{request.verb} {parts.path.removeprefix(ROOT)}")
        if act is None:
            return Answer.of({"error": "no such control", "known": sorted(self._by_name)}, 404)
        try:
            return Answer.of(act(parse_qs(parts.query), request.body))
        except (LookupError, ValueError, AttributeError, TypeError, AssertionError) as error:
            return Answer.of({"error": f"{type(error).__name__}: {error}"}, 400)

    def _state(self, query: dict[str, list[str]], body: bytes) -> Json:
        server = self._server
        return {
            "now": server.clock(),
            "calls": dict(server.calls),
            "units": dict(server.quota.used),
            "refused": dict(server.quota.refused),
            "refreshes": dict(server.authority.refreshes),
            "struck": {f"{method} {kind}": times for (method, kind), times in server.faults.struck.items()},
            "published": len(server.notices.published),
            "failures": list(server.notices.failures),
            "complaints": list(server.complaints),
            "mailboxes": {
                box.address: {
                    "messages": box.counts[0],
                    "sent": len(box.sent),
                    "historyId": str(box.history_id),
                }
                for box in server.mailboxes.values()
            },
        }

    def _sent(self, query: dict[str, list[str]], body: bytes) -> Json:
        after = int(query.get("after", ["0"])[0])
        sent = self._server.mailbox(query["address"][0]).sent[after:]
        if query.get("raw") == ["no"]:
            return {"sent": [_shown(one) for one in sent]}
        return {"sent": [_shown(one) | {"raw": base64url(one.raw)} for one in sent]}

    def _messages(self, query: dict[str, list[str]], body: bytes) -> Json:
        mailbox = self._server.mailbox(query["address"][0])
        shown = [_shown(one) | {"labels": sorted(mailbox.labels_of(one.id))} for one in mailbox.messages]
        return {"messages": shown}

    def _account(self, query: dict[str, list[str]], body: bytes) -> Json:
        return {"address": self._server.add(query["address"][0]).address}

    def _grant(self, query: dict[str, list[str]], body: bytes) -> Json:
        tokens = self._server.grant(query["address"][0], *query.get("scope", ()))
        return {"access_token": tokens.access_token, "refresh_token": tokens.refresh_token}

    def _deliver(self, query: dict[str, list[str]], body: bytes) -> Json:
        labels = query.get("labels", ["INBOX,UNREAD"])[0].split(",")
        date = int(query["date"][0]) if "date" in query else None
        return _shown(self._server.mailbox(query["address"][0]).deliver(body, labels, date))

    def _deliver_all(self, query: dict[str, list[str]], body: bytes) -> Json:
        labels = query.get("labels", ["INBOX,UNREAD"])[0].split(",")
        mailbox = self._server.mailbox(query["address"][0])
        raws = map(base64.urlsafe_b64decode, json.loads(body)["mails"])
        return {"ids": [mailbox.deliver(raw, labels).id for raw in raws]}

    def _modify(self, query: dict[str, list[str]], body: bytes) -> Json:
        wanted = json.loads(body)
        mailbox = self._server.mailbox(query["address"][0])
        mailbox.modify(wanted["ids"], wanted.get("add", ()), wanted.get("remove", ()))
        return {}

    def _faults(self, query: dict[str, list[str]], body: bytes) -> Json:
        wanted, faults = json.loads(body), self._server.faults
        if wanted.pop("clear", False):
            faults.clear()
        for rule in wanted.pop("share", ()):
            faults.share(*rule)
        for rule in wanted.pop("nth", ()):
            faults.nth(*rule)
        return _set(faults, wanted)

    def _notices(self, query: dict[str, list[str]], body: bytes) -> Json:
        wanted, notices = json.loads(body), self._server.notices
        if url := wanted.pop("push_to", None):
            notices.push_to(url)
        if root := wanted.pop("publish_to", None):
            notices.publish_to(root)
        flush = wanted.pop("flush", False)
        chances = {name: wanted.pop(name) for name in ("dropped", "doubled", "reordered") if name in wanted}
        _set(notices.chances, chances)
        _set(notices, wanted)
        return {"flushed": notices.flush()} if flush else {}

    def _clock(self, query: dict[str, list[str]], body: bytes) -> Json:
        self._server.clock.advance(float(json.loads(body)["advance"]))
        return {"now": self._server.clock()}

    def _expire(self, query: dict[str, list[str]], body: bytes) -> Json:
        self._server.mailbox(query["address"][0]).expire_history()
        return {}

    def _expire_access(self, query: dict[str, list[str]], body: bytes) -> Json:
        self._server.authority.expire_access(query["address"][0])
        return {}

    def _revoke(self, query: dict[str, list[str]], body: bytes) -> Json:
        self._server.authority.revoke(query["address"][0])
        return {}

    def _consent(self, query: dict[str, list[str]], body: bytes) -> Json:
        wanted = json.loads(body)
        if wanted.get("scopes") is not None:
            wanted["scopes"] = frozenset(wanted["scopes"])
        return _set(self._server.authority.consent, wanted)


def _set(target: object, wanted: Json) -> Json:
    for name, value in wanted.items():
        getattr(target, name)  # a name that is not there is a mistake
        setattr(target, name, value)
    return {}


def _shown(message: Any) -> Json:
    return {
        "id": message.id,
        "threadId": message.thread_id,
        "labelIds": sorted(message.labels),
        "messageId": message.message_id,
    }
