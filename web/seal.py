"""What a page hands out and takes back without keeping it: signed, so that nobody can make or change it.

Everybody can read it. All web servers of a desk have the same key, so what one sealed another opens.
"""

from typing import Any

from itsdangerous import BadData, URLSafeSerializer


class Seal:
    def __init__(self, key: str, purpose: str) -> None:
        """What was sealed for one purpose is nothing for another."""
        self._serializer = URLSafeSerializer(key, salt=f"ttydesk.{purpose}")

    def close(self, value: Any) -> str:
        """JSON types only. The result may stand in a URL."""
        return str(self._serializer.dumps(value))

    def open(self, text: str) -> Any:
        """What was sealed; None for anything that was not."""
        try:
            return self._serializer.loads(text)
        except BadData:
            return None
