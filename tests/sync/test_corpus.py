"""The real mails of other projects, held against what they expect of them."""

import importlib.util
import json
import sys
import warnings
from pathlib import Path
from typing import Any

import pytest

from sync.parse import parse_mail
from sync.parsed import ParsedMail

CORPUS = Path(__file__).resolve().parents[3] / "shared" / "mail"
pytestmark = pytest.mark.skipif(not CORPUS.is_dir(), reason=f"needs the real mails in {CORPUS}")

AT_LEAST = {
    "is_bounce": 0.90,
    "bounced_recipient": 0.90,
    "bounce_status": 0.90,
    "reply_text": 0.90,
    "reply_contains": 1.0,
    "reply_not_contains": 1.0,
    "subject": 0.98,
    "from": 0.98,
    "to": 0.98,
    "cc": 0.98,
    "message_id": 0.98,
    "in_reply_to": 0.98,
    "references": 0.98,
    "body_contains": 0.95,
    "attachments": 0.99,
    "attachment_sha256": 1.0,
}


def answers(raw: bytes) -> dict[str, Any]:
    """A parsed mail under the names that score.py asks for."""
    mail: ParsedMail = parse_mail(raw)
    return {
        "subject": mail.subject,
        "from": mail.sender.email if mail.sender else "",
        "from_name": mail.sender.name if mail.sender else "",
        "to": [one.email for one in mail.to],
        "cc": [one.email for one in mail.cc],
        "reply_to": mail.reply_to[0].email if mail.reply_to else "",
        "message_id": mail.message_id or "",
        "in_reply_to": list(mail.in_reply_to),
        "references": list(mail.references),
        "body": mail.text,
        "body_html": mail.html,
        "reply_text": mail.reply_text,
        "quoted_text": mail.quoted_text,
        "signature": mail.signature,
        "attachments": [one.filename for one in mail.attachments],
        "attachment_sha256": [one.sha256 for one in mail.attachments],
        "is_auto_reply": mail.is_auto_reply,
        "is_bounce": mail.is_bounce,
        "is_delivery_report": mail.is_delivery_report,
        "is_feedback_report": mail.is_feedback_report,
        "bounced_recipient": list(mail.bounced_recipients),
        "bounce_status": list(mail.bounce_status),
        "is_forward": mail.is_forward,
        "forwarded_from": mail.forwarded_sender.email if mail.forwarded_sender else "",
        "forwarded_subject": mail.forwarded_subject,
        "may_auto_respond": mail.may_auto_respond,
    }


@pytest.fixture(scope="module")
def score(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The summary of score.py, which is a program: it runs as it is imported."""
    out = tmp_path_factory.mktemp("score") / "score.json"
    spec = importlib.util.spec_from_file_location("score", CORPUS / "score.py")
    assert spec and spec.loader
    argv, path = sys.argv, list(sys.path)
    sys.argv = ["score.py", f"{__name__}:answers", "--json", str(out), "--quiet"]
    sys.modules.setdefault(__name__, sys.modules[answers.__module__])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)  # it leaves files for the interpreter to close
        try:
            spec.loader.exec_module(importlib.util.module_from_spec(spec))
        finally:
            sys.argv, sys.path[:] = argv, path
    found: dict[str, Any] = json.loads(out.read_text())
    return found


def test_no_mail_raises(score: dict[str, Any]) -> None:
    assert sum(one["crash"] for one in score["corpora"].values()) == 0


@pytest.mark.parametrize("key", AT_LEAST)
def test_what_upstream_found_is_found(score: dict[str, Any], key: str) -> None:
    right, wrong, _ = score["all"][key]
    assert right / (right + wrong) >= AT_LEAST[key]


def test_ordinary_mail_raises_no_alarm(score: dict[str, Any]) -> None:
    assert score["false_alarms"]["is_bounce"] == score["false_alarms"]["is_auto_reply"] == 0
