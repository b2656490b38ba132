"""A push as Google's own emulator of Pub/Sub makes it, where that is installed; it signs nothing."""

import base64
import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from queue import Queue
from threading import Thread

from tests.peers.pubsub import TOPIC, pubsub, put
from web.webhooks.gmail import read


@contextmanager
def endpoint(bodies: Queue[bytes]) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            bodies.put(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *said: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/api/webhooks/gmail"
        finally:
            server.shutdown()
            thread.join()


def test_its_body_is_read() -> None:
    bodies: Queue[bytes] = Queue()
    content = json.dumps({"emailAddress": "support@example.com", "historyId": 18446744073709551615})
    data = base64.b64encode(content.encode()).decode()
    with pubsub() as root, endpoint(bodies) as address:
        subscription = {"topic": TOPIC, "pushConfig": {"pushEndpoint": address}}
        put(f"{root}/v1/projects/desk/subscriptions/push", subscription)
        put(f"{root}/v1/{TOPIC}:publish", {"messages": [{"data": data}]}, method="POST")
        notice = read(bodies.get(timeout=60))
    assert (notice.address, notice.history) == ("support@example.com", 2**64 - 1)
