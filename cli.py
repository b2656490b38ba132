"""The `ttydesk` command."""


def main() -> None:
    raise SystemExit(2)
