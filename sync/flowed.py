"""format=flowed (RFC 3676): lines that end in a space belong together."""


def unflow(text: str, delete_space: bool) -> str:
    """Paragraphs joined at their soft breaks, per quote depth; `delete_space` is DelSp=yes (section 4.2)."""
    out: list[str] = []
    open_depth = -1  # depth of the paragraph still open, -1 for none
    pieces: list[str] = []
    for line in text.split("\n"):
        depth = len(line) - len(line.lstrip(">"))
        body = line[depth:]
        body = body[1:] if body.startswith(" ") else body
        if open_depth != depth or body == "-- ":
            _flush(out, pieces, open_depth)
            pieces = []
        soft = body.endswith(" ") and body != "-- "
        pieces.append(body[:-1] if soft and delete_space else body)
        if soft:
            open_depth = depth
        else:
            _flush(out, pieces, depth)
            pieces, open_depth = [], -1
    _flush(out, pieces, open_depth)
    return "\n".join(out)


def _flush(out: list[str], pieces: list[str], depth: int) -> None:
    if pieces:
        joined = "".join(pieces)
        out.append(
            (">" * depth + " " if depth > 0 else "") + (joined if joined == "-- " else joined.rstrip())
        )
