"""What a page hands out and takes back without keeping it: signed, so that nobody can make or change it.

Everybody can read it. All web servers of a desk have the same key, so what one sealed another opens.
"""

import json
from typing import Any

from itsdangerous import BadData, Signer
from itsdangerous.encoding import base64_decode, base64_encode


class Seal:
    def __init__(self, key: str, purpose: str) -> None:
        """What was sealed for one purpose is nothing for another."""
        self._signer = Signer(key, salt=f"ttydesk.{purpose}")

    def close(self, value: Any) -> str:
        """JSON types only. The result may stand in a URL."""
        written = json.dumps(value, separators=(",", ":"))
        return self._signer.sign(base64_encode(written)).decode()

    def open(self, text: str) -> Any:
        """What was sealed; None for anything that was not."""
        try:
            return json.loads(base64_decode(self._signer.unsign(text)))
        except (BadData, ValueError):  # the latter only from what is no text at all
            return None
