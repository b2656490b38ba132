"""Writing in the agent's own editor. The terminal has to be handed over before (`App.suspend`)."""

import os
import shlex
import subprocess
import tempfile
from pathlib import Path

from core.errors import Invalid


def edit(text: str, editor: str | None) -> str:
    """The text as the editor left it; blocks until it ends. `editor` None: $VISUAL, $EDITOR, vi."""
    command = editor or os.environ.get("VISUAL") or os.environ.get("EDITOR") or "vi"
    with tempfile.TemporaryDirectory(prefix="ttydesk-") as folder:
        path = Path(folder) / "answer.md"
        path.write_text(text, encoding="utf-8", errors="replace")
        try:
            ended = subprocess.run([*shlex.split(command), str(path)], check=False)
        except (OSError, ValueError) as error:
            raise Invalid(
                f"The editor “{command}” cannot be started: {error}.", hint="Set “editor”."
            ) from error
        if ended.returncode:
            raise Invalid(f"The editor ended with an error ({ended.returncode}); the text is as it was.")
        return path.read_text(encoding="utf-8", errors="replace").rstrip("\n")
