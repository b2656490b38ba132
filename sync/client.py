"""The OAuth client as which ttydesk comes to Google: out of the settings, or out of Google's own file."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from core.config import Settings
from core.errors import Invalid, StorageFailed
from core.sections import Google
from sync.auth import client_of

Client = Mapping[str, Mapping[str, Any]]
"""As in Google's file: for a desktop app ("installed") or a web application ("web")."""

_ADDRESSES = {
    "auth_uri": "https://accounts.google.com/o/oauth2/v2/auth",
    "token_uri": "https://oauth2.googleapis.com/token",
}
_HOW = "docs/gmail.md shows where Google gives it."


def find_client(settings: Settings, file: Path | None = None) -> Client:
    """`file`, as it was typed, comes before the settings' id and secret, and these before their file.

    Raises Invalid where there is none, StorageFailed where the file cannot be read.
    """
    google = settings.google
    if file is None and google.client_id:
        return {"installed": _ADDRESSES | _id_and_secret(google)}
    if file is None and google.client_file is not None:
        file = settings.home / google.client_file.expanduser()
    if file is None:
        raise Invalid(
            "ttydesk needs an OAuth client of yours at Google, and none is set.",
            hint=f"Give its JSON with --client FILE, or set google.client_file. {_HOW}",
        )
    ((kind, inner),) = client_of(_read(file), str(file)).items()
    return {kind: _ADDRESSES | inner}


def redirect_uri(settings: Settings, client: Client) -> str:
    """Where the browser comes back to: as it is set, else what Google lets a client of this kind have."""
    wanted = settings.google.redirect_uri
    ((kind, inner),) = client.items()
    if kind == "installed" or wanted != Google().redirect_uri:
        return wanted
    allowed = inner.get("redirect_uris") or []
    if not allowed:
        raise Invalid(
            "This OAuth client is one of a web application, and has no redirect address.",
            hint="Make one of the type “Desktop app” instead, or give it the address http://127.0.0.1:8400/.",
        )
    here = [uri for uri in allowed if uri.startswith(("http://127.0.0.1", "http://localhost"))]
    return str([*here, *allowed][0])


def _id_and_secret(google: Google) -> dict[str, str]:
    if google.client_secret is None:
        raise Invalid(
            "The id of the OAuth client is set, but not its secret.", hint=f"Set google.client_secret. {_HOW}"
        )
    return {"client_id": google.client_id, "client_secret": google.client_secret.get_secret_value()}


def _read(file: Path) -> dict[str, object]:
    try:
        written = json.loads(file.read_text("utf-8"))
    except OSError as error:
        raise StorageFailed(f"{file} cannot be read: {(error.strerror or str(error)).lower()}.") from None
    except ValueError:  # its text would show what was written
        raise Invalid(f"{file} is not JSON.", hint=_HOW) from None
    return written if isinstance(written, dict) else {}
