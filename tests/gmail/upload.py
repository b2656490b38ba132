"""Uploads of mails: simple (the mail alone), multipart (with JSON before it) and resumable (in pieces)."""

import re
import secrets
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit

from tests.gmail.multipart import boundary_of, parts_of
from tests.gmail.problem import Problem, invalid, not_found, too_large
from tests.gmail.service import Answer, Call, Service, json_of

_PIECE = 256 * 1024
_MAIL = re.compile(r"message/[\w.+-]+", re.IGNORECASE)


@dataclass(slots=True)
class _Session:
    call: Call
    size: int | None
    received: bytearray = field(default_factory=bytearray)
    answer: Answer | None = None
    """The last one, for who asks again."""
    lock: threading.Lock = field(default_factory=threading.Lock)


class Uploads:
    """For any number of threads."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._sessions: dict[str, _Session] = {}

    def answer(self, verb: str, target: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """`target` is below /upload or /resumable/upload."""
        query = parse_qs(urlsplit(target).query)
        kind = query.get("uploadType", [""])[0]
        try:
            if "upload_id" in query:
                return self._continued(query["upload_id"][0], headers, body)
            call = self._service.call(verb, target, headers.get("authorization", ""))
            if not call.method.size_limit:
                raise Problem(400, "badRequest", "This method takes no media.")
            if kind == "resumable":
                return self._begun(call, target, headers, body)
            call.media = self._mail(call, kind, headers.get("content-type", ""), body)
        except Problem as problem:
            return Answer.to(problem)
        return self._service.perform(call)

    def _mail(self, call: Call, kind: str, content_type: str, body: bytes) -> bytes:
        if kind == "media":
            _must_be_mail(content_type)
            return body
        if kind != "multipart":
            raise Problem(400, "badRequest", f"Invalid uploadType: {kind}")
        parts = parts_of(body, boundary_of(content_type))
        if len(parts) != 2:
            raise Problem(400, "badContent", "A multipart upload has two parts.")
        call.body = json_of(parts[0][1])
        _must_be_mail(parts[1][0].get("content-type", ""))
        return parts[1][1]

    def _begun(self, call: Call, target: str, headers: Mapping[str, str], body: bytes) -> Answer:
        kind = self._service.faults.draw("upload.start")
        if kind == "cut_before":
            return Answer(ending=kind)
        if problem := self._service.faults.problem(kind):
            raise problem
        _must_be_mail(headers.get("x-upload-content-type", "message/rfc822"))
        size = headers.get("x-upload-content-length")
        if size is not None and int(size) > call.method.size_limit:
            raise too_large(call.method.size_limit)
        call.body = json_of(body)
        id = secrets.token_urlsafe(30)
        self._sessions[id] = _Session(call, None if size is None else int(size))
        location = f"http://{headers.get('host', '')}/upload{target}&upload_id={id}"
        return Answer(200, b"", {"Location": location, "X-GUploader-UploadID": id}, kind)

    def _continued(self, id: str, headers: Mapping[str, str], body: bytes) -> Answer:
        session = self._sessions.get(id)
        if session is None:
            raise not_found()
        with session.lock:
            if session.answer is not None:  # it was all here, and only the answer was lost
                return Answer(session.answer.status, session.answer.body, session.answer.headers)
            first, size = _range(headers, len(body), session.size)
            if first is None:
                return _more(session)
            kind = self._service.faults.draw("upload.chunk")
            if kind == "cut_before":
                return Answer(ending=kind)
            if problem := self._service.faults.problem(kind):
                raise problem
            self._take(session, first, body, size)
            if size is None or len(session.received) < size:
                answer = _more(session)
            else:
                answer = self._finished(session)
            answer.ending = kind or answer.ending
            return answer

    def _take(self, session: _Session, first: int, body: bytes, size: int | None) -> None:
        received = session.received
        if first > len(received):
            raise invalid(
                "Invalid request. According to the Content-Range header, the upload offset is "
                f"{first} byte(s), which exceeds already uploaded size of {len(received)} byte(s)."
            )
        is_last = size is not None and first + len(body) >= size
        if not is_last and len(body) % _PIECE:
            raise invalid(f"Every piece but the last has a multiple of {_PIECE} bytes.")
        received[first:] = body
        if len(received) > session.call.method.size_limit:
            raise too_large(session.call.method.size_limit)

    def _finished(self, session: _Session) -> Answer:
        session.call.media = bytes(session.received)
        answer = self._service.perform(session.call)
        if answer.status == 200 and answer.ending != "cut_before":
            session.answer = Answer(answer.status, answer.body, answer.headers)
            session.received = bytearray()
        return answer


def _must_be_mail(content_type: str) -> None:
    if not _MAIL.match(content_type):
        media = content_type.partition(";")[0]
        raise Problem(
            400, "badContent", f"Media type '{media}' is not supported. Valid media types: [message/*]"
        )


def _more(session: _Session) -> Answer:
    received = len(session.received)
    return Answer(308, b"", {"Range": f"bytes=0-{received - 1}"} if received else {})


def _range(headers: Mapping[str, str], length: int, known: int | None) -> tuple[int | None, int | None]:
    """Where a piece begins and how long all of it is; None where it only asks how far we are."""
    written = headers.get("content-range")
    if written is None:
        return 0, length
    if match := re.fullmatch(r"bytes \*/(\d+|\*)", written):
        return None, known
    match = re.fullmatch(r"bytes (\d+)-(\d+)/(\d+|\*)", written)
    if match is None or int(match[2]) - int(match[1]) + 1 != length:
        raise invalid("Failed to parse Content-Range header.")
    return int(match[1]), known if match[3] == "*" else int(match[3])
