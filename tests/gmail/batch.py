"""Many calls in one request: each with an answer of its own, and in any order."""

import random
import secrets
from collections.abc import Mapping
from http import HTTPStatus

from tests.gmail.fault import CUTS
from tests.gmail.multipart import boundary_of, head_and_body, joined, parts_of
from tests.gmail.problem import Problem, invalid
from tests.gmail.service import Answer, Service

MOST = 100


class Batches:
    def __init__(self, service: Service, random: random.Random) -> None:
        self._service = service
        self._random = random

    def answer(self, headers: Mapping[str, str], body: bytes) -> Answer:
        kind = self._service.faults.draw("batch")
        if kind == "cut_before":
            return Answer(ending=kind)
        try:
            if problem := self._service.faults.problem(kind):
                raise problem
            answer = self._answered(headers, body)
        except Problem as problem:
            return Answer.to(problem)
        if kind == "malformed":
            answer.body = answer.body[: len(answer.body) // 2]
        answer.ending = kind or answer.ending
        return answer

    def _answered(self, headers: Mapping[str, str], body: bytes) -> Answer:
        parts = parts_of(body, boundary_of(headers.get("content-type", "")))
        if len(parts) > MOST:
            raise invalid(f"The batch request has {len(parts)} calls, and at most {MOST} are allowed.")
        if not parts:
            raise invalid("Failed to parse batch request, error: no parts.")
        answered: list[tuple[Mapping[str, str], bytes]] = []
        delay = None
        for part_headers, content in parts:
            answer = self._call(headers.get("authorization", ""), content)
            if answer.ending in CUTS:
                return Answer(ending=answer.ending)  # it ends for all of them
            delay = delay or (answer.ending if answer.ending == "delay" else None)
            given = part_headers.get("content-id", "")
            named = {"Content-ID": f"<response-{given.strip('<>')}>"} if given else {}
            answered.append(({"Content-Type": "application/http", **named}, _as_http(answer)))
        if self._service.habits.shuffled_batches:
            self._random.shuffle(answered)
        boundary = f"batch_{secrets.token_urlsafe(24)}"
        content_type = {"Content-Type": f"multipart/mixed; boundary={boundary}"}
        return Answer(200, joined(answered, boundary), content_type, delay)

    def _call(self, authorization: str, content: bytes) -> Answer:
        """Its own headers count before those of the batch."""
        line, _, rest = content.lstrip().partition(b"\n")
        words = line.decode("latin-1").split()
        if len(words) < 2:
            return Answer.to(invalid("Failed to parse batch request, error: no request line."))
        headers, body = head_and_body(rest)
        if "/upload/" in words[1] or words[1].startswith("/batch"):
            return Answer.to(invalid("Media uploads and batches cannot be part of a batch."))
        return self._service.answer(words[0], words[1], headers.get("authorization", authorization), body)


def _as_http(answer: Answer) -> bytes:
    headers = answer.headers | {"Content-Length": str(len(answer.body))}
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    phrase = HTTPStatus(answer.status).phrase
    return f"HTTP/1.1 {answer.status} {phrase}\r\n{head}\r\n".encode() + answer.body
