import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import Invalid
from sync import field


@pytest.mark.parametrize(
    ("email", "expected"),
    [
        ("a@straße.example", "a@xn--strae-oqa.example"),
        ("a@例え.テスト", "a@xn--r8jz45g.xn--zckzah"),
        ("o'neil+x@b.example", "o'neil+x@b.example"),
        ("a..b@c.example", '"a..b"@c.example'),
        ("a b@c.example", '"a b"@c.example'),
        ('"a b"@c.example', '"a b"@c.example'),
        ("a@[192.0.2.1]", "a@[192.0.2.1]"),
        ("a,b@c.example", '"a,b"@c.example'),
    ],
)
def test_address(email: str, expected: str) -> None:
    assert field.address(email) == expected


@pytest.mark.parametrize(
    "email",
    [
        "",
        "nobody",
        "@x",
        "a@",
        "a@b>c",
        "a@b\r\nBcc: x",
        "a@b c",
        "a\n@b.example",
        "élan@x.example",
        "a@ü" + "x" * 70,
        "a" * 200 + "@b.example",
        "a@b,c@d e",
        "a@" + "b." * 200 + "c",
    ],
)
def test_what_is_no_address_is_refused_with_a_sentence(email: str) -> None:
    with pytest.raises(Invalid) as refused:
        field.mailbox("x", email)
    assert str(refused.value).endswith(".") and "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Ada Byron", "Ada Byron <a@b.example>"),
        ("Byron, Ada", '"Byron, Ada" <a@b.example>'),
        ('Ada "B"', "=?utf-8?q?Ada_=22B=22?= <a@b.example>"),
        ("=?x?=", "=?utf-8?b?PT94Pz0=?= <a@b.example>"),
        ("a\r\nBcc: x@y", '"a Bcc: x@y" <a@b.example>'),
        (" ", "a@b.example"),
    ],
)
def test_mailbox(name: str, expected: str) -> None:
    assert field.mailbox(name, "a@b.example") == expected


def test_a_long_name_folds_where_its_spaces_are() -> None:
    name = "Society, for the Promotion of (very) long Names in every Field of a Mail"
    written = field.mailbox(name, "a@b.example")
    assert written.replace("\r\n", "") == f'"{name}" <a@b.example>'
    assert all(len(line) <= 63 for line in written.split("\r\n"))


@settings(deadline=None)
@given(email=st.text(max_size=30) | st.from_regex(r"[ -~]{1,12}@[ -~]{1,12}", fullmatch=True))
def test_an_address_is_one_word_or_refused(email: str) -> None:
    try:
        written = field.address(email)
    except Invalid:
        return
    assert written.isascii() and written.isprintable()
    domain = written.rpartition("@")[2]
    assert not set(domain) & set('<>,;:"() \\') or domain.startswith("[")


@given(found=st.lists(st.text(max_size=10).map("<{}@x>".format)))
def test_references_hold_ids_and_nothing_else(found: list[str]) -> None:
    for line in field.references(found).split("\r\n "):
        assert not line or (line in found and " " not in line and line.isascii())
