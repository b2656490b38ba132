"""What can be done with a message's files: save them, or open one."""

import asyncio
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from core.errors import NotFound, StorageFailed
from core.models import Attachment
from core.text import safe_filename, safe_line
from tui.screens.confirm import Ask
from tui.screens.menu import Choice, Menu
from tui.screens.panes import Panes
from tui.screens.picker import Picker
from tui.widgets.thread import file_words

if TYPE_CHECKING:
    from core.files import Files

_ALL = "all"


async def handle_attachments(panes: Panes, found: Sequence[Attachment], files: "Files | None") -> None:
    choices = [Choice(str(one.id), file_words(one)) for one in found]
    if len(found) > 1:
        choices.append(Choice(_ALL, f"all {len(found)} files"))
    empty = "This message has no files."
    chosen = await panes.app.push_screen_wait(Picker("Files of this message", choices, empty=empty))
    if chosen is None:
        return
    if files is None:
        raise NotFound("The files of mails are not kept on this machine.")
    picked = [one for one in found if chosen in (_ALL, str(one.id))]
    what = [Choice("save", "save to a folder", "s"), Choice("open", "open it with the system's program", "o")]
    title = safe_line(picked[0].filename, limit=60) if len(picked) == 1 else f"{len(picked)} files"
    match await panes.app.push_screen_wait(Menu(title, what[: 2 if len(picked) == 1 else 1])):
        case "save":
            folder = await panes.app.push_screen_wait(Ask("Save", "Into which folder?", str(_downloads())))
            if folder is not None:
                saved = [await save(one, files, folder) for one in picked]
                panes.tell(f"Saved {', '.join(str(path) for path in saved)}")
        case "open":
            await open_file(picked[0], files)
            panes.tell(f"Opening {picked[0].filename}")


def _downloads() -> Path:
    downloads = Path.home() / "Downloads"
    return downloads if downloads.is_dir() else Path.cwd()


async def save(attachment: Attachment, files: "Files", folder: str) -> Path:
    """A new file in `folder`; where the name is taken, a number is put behind it."""
    content = await asyncio.to_thread(files.get, "attachments", _hash(attachment))
    return await asyncio.to_thread(_write_new, folder, safe_filename(attachment.filename), content)


def _write_new(into: str, name: str, content: bytes) -> Path:
    folder = Path(into).expanduser()
    stem, dot, ending = name.rpartition(".")
    stem, ending = (stem, dot + ending) if stem else (name, "")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for serial in range(1, 10_000):
            path = folder / (name if serial == 1 else f"{stem} ({serial}){ending}")
            try:
                with open(path, "xb") as file:
                    file.write(content)
            except FileExistsError:
                continue
            return path
    except OSError as error:
        raise StorageFailed(f"{folder}: {error.strerror or error}.") from error
    raise StorageFailed(f"{folder} has 9,999 files of the name {name}.")


async def open_file(attachment: Attachment, files: "Files") -> None:
    """With the system's program for its kind, under its own name and not to be changed by it."""
    import tempfile

    folder = await asyncio.to_thread(tempfile.mkdtemp, prefix="ttydesk-")
    await asyncio.to_thread(_open, await save(attachment, files, folder))


def _open(path: Path) -> None:
    path.chmod(0o400)
    opener = "open" if sys.platform == "darwin" else "xdg-open"
    quiet = subprocess.DEVNULL
    try:
        subprocess.Popen([opener, str(path)], stdin=quiet, stdout=quiet, stderr=quiet, start_new_session=True)
    except OSError as error:
        words = f"{opener} cannot be started: {error.strerror}."
        raise StorageFailed(words, hint="Save the file instead.") from error


def _hash(attachment: Attachment) -> str:
    if attachment.sha256 is None:
        raise NotFound(
            f"{safe_line(attachment.filename, limit=80)} was over the size limit.",
            hint="It is in the raw mail.",
        )
    return attachment.sha256
