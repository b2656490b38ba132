"""web.seal: what comes back is what was handed out, or nothing."""

import json

from hypothesis import given
from hypothesis import strategies as st

from web.seal import Seal

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=5,
)


@given(values)
def test_it_comes_back_as_it_was(value: object) -> None:
    sealed = Seal("key", "files").close(value)
    assert Seal("key", "files").open(sealed) == json.loads(json.dumps(value))
    assert sealed.isascii() and not set(sealed) & set("/+?&=%# ")


@given(values.filter(lambda value: value is not None), st.data())
def test_another_key_purpose_or_letter_opens_nothing(value: object, data: st.DataObject) -> None:
    sealed = Seal("key", "files").close(value)
    assert Seal("other", "files").open(sealed) is None
    assert Seal("key", "stamp").open(sealed) is None
    place = data.draw(st.integers(0, sealed.index(".") - 1))
    letter = data.draw(st.sampled_from("Aa0_").filter(lambda one: one != sealed[place]))
    assert Seal("key", "files").open(sealed[:place] + letter + sealed[place + 1 :]) is None


@given(st.text())
def test_any_text_may_come(text: str) -> None:
    assert Seal("key", "files").open(text) is None
