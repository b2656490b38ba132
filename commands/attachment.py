"""Files that go out with an answer: their bytes are stored before the answer names them."""

import mimetypes
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from core.config import Settings
from core.connect import open_files
from core.errors import StorageFailed
from core.files import Files


def stored(settings: Settings, files: Sequence[str]) -> list[dict[str, Any]]:
    """What `Desk.reply` takes as attachments."""
    storage = open_files(settings)
    return [_stored(storage, Path(file)) for file in files]


def _stored(storage: Files, file: Path) -> dict[str, Any]:
    try:
        content = file.read_bytes()
    except OSError as error:
        raise StorageFailed(f"{file} cannot be read: {error.strerror}.") from error
    return {
        "filename": file.name,
        "content_type": mimetypes.guess_type(file.name)[0] or "application/octet-stream",
        "size": len(content),
        "sha256": storage.put("attachments", content),
    }
