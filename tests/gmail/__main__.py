"""The server as a process: prints one line of JSON with its address and ends when its input is closed."""

import argparse
import json
import sys

from tests.gmail.quota import UNITS_A_MINUTE
from tests.gmail.server import GmailServer


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.gmail")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--quota", type=int, default=UNITS_A_MINUTE, help="units a minute; 0 is no limit")
    parser.add_argument("--account", action="append", help="an address; as often as wanted")
    given = parser.parse_args()
    accounts = given.account or ["support@example.com"]
    server = GmailServer(*accounts, port=given.port, seed=given.seed, quota=given.quota or None)
    try:
        ready = {"url": server.url, "client": server.client_config, "accounts": accounts}
        print(json.dumps(ready), flush=True)
        sys.stdin.read()
    finally:
        server.close()


if __name__ == "__main__":
    main()
