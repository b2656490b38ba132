"""What is tried on every path there is: none fails, none shows what it should not, none leads elsewhere.

A path that is added later is tried as well.
"""

from dataclasses import replace
from urllib.parse import quote, urljoin, urlsplit

import httpx
import pytest

from core.desk import Desk
from core.tokens import SCOPES, new_secret, sha256_of
from tests.mails import mail
from tests.web.abuse.paths import asked, filled, varying
from tests.web.conftest import ADDRESS
from tests.web.test_portal import sign_in
from web.app import make_app
from web.front import Front
from web.rate import Allowance, Rates


class Boundless(Rates):
    """Allows everything, so that what is asked for often is tried and not only counted."""

    async def take(self, what: str, rate: str, who: str) -> Allowance:
        return replace(await super().take(what, rate, who), is_given=True)


@pytest.fixture
async def front(front: Front) -> Front:
    return replace(front, rates=Boundless())


@pytest.fixture
async def client(client: httpx.AsyncClient, front: Front, desk: Desk, service: Desk) -> httpx.AsyncClient:
    """Somebody whom every door lets in: a customer with a ticket, and a program that may do everything."""
    await service.receive_mail(mail("lamp"))
    await sign_in(client, front)
    secret = new_secret()
    await desk.create_token(sha256_of(secret), SCOPES)
    client.headers["Authorization"] = f"Bearer {secret}"
    return client


MARKUP = "<script>alert(1)</script>"
HOSTILE = {
    "nothing": "%20",
    "zero": "0",
    "below zero": "-1",
    "beyond all numbers": "9" * 40,
    "a wrong uuid": "00000000-0000-0000-0000-00000000000z",
    "somebody else's, perhaps": "00000000-0000-0000-0000-000000000001",
    "up": "..%2f..%2f..%2fetc%2fpasswd",
    "up, twice encoded": "..%252f..%252fetc%252fpasswd",
    "up, as Windows has it": "..%5c..%5cwindows%5cwin.ini",
    "NUL": "a%00b",
    "half of a character": "%ed%a0%80",
    "a line of its own": "a%0d%0aSet-Cookie:%20a=b",
    "markup": quote(MARKUP),
    "a template": quote("{{913*7}}${913*7}<%= 913*7 %>"),
    "SQL": quote("1' or '1'='1' --; select pg_sleep(9)"),
    "backwards": quote("\N{RIGHT-TO-LEFT OVERRIDE}fdp.exe"),
    "long": "a" * 4000,
}
LEAKS = ("Traceback", "psycopg", "root:x:0", "6391", "/site-packages/", "pg_catalog", "SQLSTATE")


def check(answer: httpx.Response, tried: str) -> None:
    text = answer.text
    assert answer.status_code < 500, (tried, text)
    assert "unsafe" not in answer.headers.get("content-security-policy", "unsafe"), tried
    assert answer.headers["x-content-type-options"] == "nosniff", tried
    assert [leak for leak in LEAKS if leak in text] == [], (tried, text)
    if answer.headers.get("content-type", "").startswith("text/html"):
        assert MARKUP not in text, (tried, text)
    assert "evil.example" not in str(answer.headers) + text, (tried, answer.headers)
    leads_to = urljoin(ADDRESS, answer.headers.get("location", "/"))
    assert urlsplit(leads_to).netloc == urlsplit(ADDRESS).netloc, (tried, leads_to)


def test_the_paths_are_found(front: Front) -> None:
    assert ("GET", "/health") in asked(make_app(front))


async def test_the_doors_are_open(client: httpx.AsyncClient) -> None:
    for path in ("/portal/tickets/1001", "/api/tickets/1001", "/api/agents"):
        assert (await client.get(path)).status_code == 200


async def test_no_part_of_a_path_can_be_more_than_a_name(client: httpx.AsyncClient, front: Front) -> None:
    for method, path in varying(make_app(front)):
        for value in HOSTILE.values():
            url = filled(path, value)
            check(await client.request(method, url), f"{method} {url}")


async def test_nor_can_a_query(client: httpx.AsyncClient, front: Front) -> None:
    names = (
        "next",
        "email",
        "subject",
        "department",
        "after",
        "cursor",
        "limit",
        "status",
        "q",
        "token",
        "id",
    )
    for method, path in asked(make_app(front)):
        for value in [*HOSTILE.values(), "//evil.example/", "https:evil.example", "/%5cevil.example"]:
            url = filled(path, "1001") + "?" + "&".join(f"{name}={value}" for name in names)
            check(await client.request(method, url), f"{method} {url}")


async def test_an_answer_does_not_depend_on_what_host_was_named(
    client: httpx.AsyncClient, front: Front
) -> None:
    named = {
        "Host": "evil.example",
        "X-Forwarded-Host": "evil.example",
        "Forwarded": "host=evil.example",
        "X-Original-URL": "http://evil.example/",
        "X-Rewrite-URL": "http://evil.example/",
    }
    for method, path in [*asked(make_app(front)), ("GET", "/nothing"), ("GET", "/static"), ("GET", "/")]:
        for header, value in named.items():
            answer = await client.request(method, filled(path, "1001"), headers={header: value})
            check(answer, f"{method} {path} with {header}")


async def test_a_method_is_what_it_is(client: httpx.AsyncClient, front: Front) -> None:
    """No header, query or field makes another of it, and TRACE sends nothing back."""
    app = make_app(front)
    known = {path: {method for method, other in asked(app) if other == path} for _, path in asked(app)}
    headers = {"X-HTTP-Method-Override": "DELETE", "X-HTTP-Method": "PUT", "X-Method-Override": "PATCH"}
    for path, methods in known.items():
        url = filled(path, "1001")
        for method in {"GET", "POST", "PUT", "PATCH", "DELETE", "TRACE", "PROPFIND"} - methods:
            answer = await client.request(method, url, headers=headers | {"X-Secret": "seen"})
            assert answer.status_code in (404, 405), (method, url)
            assert "seen" not in answer.text
        if "POST" not in methods:
            answer = await client.post(url + "?_method=DELETE", data={"_method": "DELETE"}, headers=headers)
            assert answer.status_code in (404, 405), url


def _deep(opening: str, closing: str) -> bytes:
    return (opening * 100_000 + closing * 100_000).encode()


BODIES = {
    "no JSON": ("application/json", b"{"),
    "deep lists": ("application/json", _deep("[", "]")),
    "deep objects": ("application/json", b'{"a":' * 50_000 + b"1" + b"}" * 50_000),
    "no number": ("application/json", b'{"subject": NaN, "id": Infinity}'),
    "a huge number": ("application/json", b'{"number": ' + b"9" * 5000 + b"}"),
    "half a character": ("application/json", rb'{"subject": "\ud800", "email": "\udfff@x"}'),
    "NUL": (
        "application/json",
        rb'{"subject": "a\u0000b", "content": "\u0000", "email": "a\u0000@b.example"}',
    ),
    "no UTF-8": ("application/json", b'{"subject": "\xff\xfe"}'),
    "UTF-16": ("application/json", '{"subject": "x"}'.encode("utf-16")),
    "JSON that says it is a form": ("application/x-www-form-urlencoded", b'{"email": "a@b.example"}'),
    "a form that says it is JSON": ("application/json", b"email=a%40b.example"),
    "10,000 fields": ("application/x-www-form-urlencoded", b"&".join(b"f%d=1" % n for n in range(10_000))),
    "one field 10,000 times": ("application/x-www-form-urlencoded", b"&".join([b"email=a"] * 10_000)),
    "NUL in a field": ("application/x-www-form-urlencoded", b"email=%00&name=%00&message=a%00b"),
    "half a character in a field": (
        "application/x-www-form-urlencoded",
        b"email=%ed%a0%80&message=%ed%a0",
    ),
    "parts without a boundary": ("multipart/form-data", b"--x\r\n\r\n"),
    "parts that do not end": (
        "multipart/form-data; boundary=x",
        b'--x\r\nContent-Disposition: form-data; name="email"\r\n\r\na',
    ),
    "a boundary of nothing": ("multipart/form-data; boundary=", b"----\r\n"),
    "10,000 parts": (
        "multipart/form-data; boundary=x",
        b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\nb\r\n' * 10_000 + b"--x--\r\n",
    ),
    "10,000 headers of a part": (
        "multipart/form-data; boundary=x",
        b'--x\r\nContent-Disposition: form-data; name="a"\r\n' + b"X: y\r\n" * 10_000 + b"\r\nb\r\n--x--\r\n",
    ),
    "a part without a name": (
        "multipart/form-data; boundary=x",
        b"--x\r\nContent-Disposition: form-data\r\n\r\nb\r\n--x--\r\n",
    ),
    "XML": ("application/xml", b'<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>'),
}


async def test_no_body_makes_it_fail(client: httpx.AsyncClient, front: Front) -> None:
    for method, path in asked(make_app(front)):
        if method in ("POST", "PUT", "PATCH", "DELETE"):
            url = filled(path, "1001")
            for name, (kind, body) in BODIES.items():
                answer = await client.request(method, url, content=body, headers={"Content-Type": kind})
                check(answer, f"{method} {url}: {name}")
                assert answer.status_code >= 400, (method, url, name, answer.text)
