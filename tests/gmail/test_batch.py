"""Batches, through the real client and by hand."""

import gc
import json
from typing import Any

import pytest
import requests
from googleapiclient.errors import HttpError
from hypothesis import given
from hypothesis import strategies as st

from tests.gmail import GmailServer, Mailbox
from tests.gmail.fault import Kind
from tests.gmail.multipart import boundary_of, joined, parts_of
from tests.gmail.sample import raw_of, written


def batch(service: Any, wanted: dict[str, Any]) -> dict[str, Any]:
    """Answers, or the status of the error, in the order in which they came."""
    found: dict[str, Any] = {}

    def take(key: str, answer: dict[str, Any], error: HttpError | None) -> None:
        found[key] = answer if error is None else error.resp.status

    request = service.new_batch_http_request(callback=take)
    for key, one in wanted.items():
        request.add(one, request_id=key)
    request.execute()
    return found


def test_each_part_has_its_own_answer(service: Any, mailbox: Mailbox, server: GmailServer) -> None:
    raws = {mailbox.deliver(written(f"m{at}")).id: written(f"m{at}") for at in range(50)}
    messages = service.users().messages()
    wanted = {id: messages.get(userId="me", id=id, format="raw") for id in raws}
    wanted["gone"] = messages.get(userId="me", id="19ffffffffffffff")
    wanted["+ a/b&c"] = messages.modify(userId="me", id=next(iter(raws)), body={"addLabelIds": ["STARRED"]})
    wanted["list"] = service.users().labels().list(userId="me")
    found = batch(service, wanted)
    assert found["gone"] == 404
    assert {id: raw_of(found[id]) for id in raws} == raws
    assert "STARRED" in found["+ a/b&c"]["labelIds"]
    assert server.calls["messages.get"] == 51 and server.calls["labels.list"] == 1


def test_parts_fail_alone(service: Any, mailbox: Mailbox, server: GmailServer) -> None:
    ids = [mailbox.deliver(written(f"m{at}")).id for at in range(5)]
    kinds: tuple[Kind, ...] = ("429", "403", "500", "503")
    for n, kind in enumerate(kinds, 1):
        server.faults.nth("messages.get", kind, n)
    messages = service.users().messages()
    found = batch(service, {id: messages.get(userId="me", id=id) for id in ids})
    assert [found[id] for id in ids[:4]] == [429, 403, 500, 503]
    assert found[ids[4]]["id"] == ids[4]


def test_a_whole_batch_may_fail_or_be_cut(service: Any, mailbox: Mailbox, server: GmailServer) -> None:
    id = mailbox.deliver(written("a")).id
    messages = service.users().messages()

    def star() -> Any:
        body = {"addLabelIds": ["STARRED"]}
        return batch(service, {"a": messages.modify(userId="me", id=id, body=body)})

    server.faults.nth("batch", "503")
    with pytest.raises(HttpError, match="503"):
        star()
    cuts: tuple[Kind, ...] = ("cut_before", "cut_after")
    for cut in cuts:
        server.faults.nth("batch", cut)
        with pytest.raises(ConnectionError):
            star()
        assert ("STARRED" in mailbox.labels_of(id)) is (cut == "cut_after")
    server.faults.nth("messages.modify", "cut_after")
    with pytest.raises(ConnectionError):
        star()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_an_expired_token_is_refreshed_for_the_parts(
    service: Any, mailbox: Mailbox, server: GmailServer
) -> None:
    id = mailbox.deliver(written("a")).id
    server.authority.expire_access(mailbox.address)
    messages = service.users().messages()
    found = batch(service, {"a": messages.get(userId="me", id=id, format="minimal")})
    assert found["a"]["id"] == id
    assert server.authority.refreshes[mailbox.address] == 1
    gc.collect()  # the client library leaves the connection of that refresh open


def test_more_than_a_hundred_are_refused(service: Any, mailbox: Mailbox) -> None:
    id = mailbox.deliver(written("a")).id
    messages = service.users().messages()
    wanted = {str(at): messages.get(userId="me", id=id, format="minimal") for at in range(101)}
    with pytest.raises(HttpError, match="400"):
        batch(service, wanted)
    wanted.popitem()
    assert all(isinstance(one, dict) for one in batch(service, wanted).values())


def by_hand(server: GmailServer, path: str, parts: list[tuple[str, str]]) -> requests.Response:
    """Content-ID and request line of each part; the token is in the headers of the batch alone."""
    pieces = [({"Content-Type": "application/http", "Content-ID": id}, line.encode()) for id, line in parts]
    headers = {
        "Authorization": f"Bearer {server.grant().access_token}",
        "Content-Type": 'multipart/mixed; boundary="edge"',
    }
    return requests.post(server.url + path, joined([*pieces], "edge"), headers=headers, timeout=10)


@pytest.mark.parametrize("path", ["/batch", "/batch/gmail/v1"])
def test_a_batch_by_hand_is_answered_as_google_writes_it(server: GmailServer, path: str) -> None:
    answer = by_hand(server, path, [("<item1:x@y>", "GET /gmail/v1/users/me/profile HTTP/1.1\r\n\r\n")])
    assert answer.status_code == 200
    ((headers, content),) = parts_of(answer.content, boundary_of(answer.headers["content-type"]))
    assert headers == {"content-type": "application/http", "content-id": "<response-item1:x@y>"}
    head, _, body = content.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 OK\r\n")
    assert json.loads(body)["emailAddress"] == "support@example.com"


def test_uploads_and_batches_are_no_parts_of_a_batch(server: GmailServer) -> None:
    lines = ["POST /upload/gmail/v1/users/me/messages?uploadType=media", "POST /batch", "nonsense"]
    answer = by_hand(server, "/batch", [(f"<{at}>", line) for at, line in enumerate(lines)])
    assert answer.content.count(b"HTTP/1.1 400") == 3


def test_the_order_is_any(service: Any, mailbox: Mailbox, server: GmailServer) -> None:
    lines = [(f"<{at}>", "GET /gmail/v1/users/me/profile") for at in range(20)]

    def order() -> list[str]:
        answer = by_hand(server, "/batch", lines)
        parts = parts_of(answer.content, boundary_of(answer.headers["content-type"]))
        return [headers["content-id"] for headers, _ in parts]

    in_order = [f"<response-{at}>" for at in range(20)]
    shuffled = order()
    assert shuffled != in_order and sorted(shuffled) == sorted(in_order)
    server.habits.shuffled_batches = False
    assert order() == in_order


def test_a_body_that_is_no_batch_is_refused(server: GmailServer) -> None:
    headers = {"Content-Type": "multipart/mixed; boundary=edge"}
    for body, kind in ((b"--edge\r\n\r\nno end", headers), (b"--edge--", headers), (b"x", {})):
        assert requests.post(f"{server.url}/batch", body, headers=kind, timeout=10).status_code == 400


CONTENT = st.binary(max_size=60).filter(lambda content: b"edge" not in content)


@given(contents=st.lists(CONTENT, max_size=6))
def test_parts_come_out_as_they_went_in(contents: list[bytes]) -> None:
    """Whatever line ends and dashes they hold."""
    parts = [({"X": str(at)}, content) for at, content in enumerate(contents)]
    found = parts_of(joined([*parts], "edge"), b"edge")
    assert found == [({"x": str(at)}, content) for at, content in enumerate(contents)]
