"""The OAuth client, wherever it is said."""

import json
from pathlib import Path
from typing import Any

import pytest

from core.config import Settings
from core.errors import Invalid
from sync.client import find_client, redirect_uri

INNER = {"client_id": "id", "client_secret": "hunter2"}


def settings(home: Path, **google: Any) -> Settings:
    return Settings(home=home, google=google)


def written(home: Path, content: object, name: str = "client.json") -> Path:
    (home / name).write_text(json.dumps(content))
    return home / name


def test_what_was_typed_comes_before_the_settings(tmp_path: Path) -> None:
    file = written(tmp_path, {"installed": INNER | {"client_id": "typed"}})
    written(tmp_path, {"installed": INNER | {"client_id": "filed"}}, "other.json")
    said = settings(tmp_path, client_id="set", client_secret="s", client_file="other.json")

    def id_of(client: Any) -> object:
        return client["installed"]["client_id"]

    assert id_of(find_client(said, file)) == "typed"
    assert id_of(find_client(said)) == "set"
    assert id_of(find_client(settings(tmp_path, client_file="other.json"))) == "filed", "relative to the home"


def test_google_is_where_google_is(tmp_path: Path) -> None:
    by_settings = find_client(settings(tmp_path, client_id="id", client_secret="hunter2"))
    by_file = find_client(settings(tmp_path), written(tmp_path, {"installed": INNER}))
    assert by_settings == by_file
    assert by_file["installed"]["token_uri"] == "https://oauth2.googleapis.com/token"
    elsewhere = written(tmp_path, {"installed": INNER | {"token_uri": "http://127.0.0.1:1/token"}})
    assert find_client(settings(tmp_path), elsewhere)["installed"]["token_uri"] == "http://127.0.0.1:1/token"


def test_the_browser_comes_back_to_where_google_lets_it(tmp_path: Path) -> None:
    default = settings(tmp_path)
    web = {"web": INNER | {"redirect_uris": ["https://desk.example.com/cb", "http://localhost:8400/"]}}
    assert redirect_uri(default, {"installed": INNER}) == "http://127.0.0.1:0/"
    assert redirect_uri(default, web) == "http://localhost:8400/"
    web["web"]["redirect_uris"] = ["https://desk.example.com/cb"]
    assert redirect_uri(default, web) == "https://desk.example.com/cb"
    chosen = settings(tmp_path, redirect_uri="http://127.0.0.1:9999/")
    assert redirect_uri(chosen, web) == "http://127.0.0.1:9999/"
    with pytest.raises(Invalid, match="has no redirect address") as caught:
        redirect_uri(default, {"web": INNER})
    assert caught.value.hint and "Desktop app" in caught.value.hint


@pytest.mark.parametrize("content", ["{", '"text"', "[1]", '{"type": "service_account"}'])
def test_a_file_that_is_none_is_said_without_what_it_holds(tmp_path: Path, content: str) -> None:
    (tmp_path / "x.json").write_text(f"{content}\n")
    with pytest.raises(Invalid, match=r"x\.json is not") as caught:
        find_client(settings(tmp_path), tmp_path / "x.json")
    assert "service_account" not in f"{caught.value} {caught.value.hint}"
