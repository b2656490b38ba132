"""The sections of the settings; `core.config` reads them and says where each value is from.

What stands under a field is what `ttydesk config show` says of it.
"""

import base64
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, SecretStr, StringConstraints, field_validator

STRICT = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

_HOSTED = r"^(https://[^/?#\s@]+|http://(127\.0\.0\.1|localhost)(:\d+)?)/?$"
"""Not http: keys would go in the clear. On this machine itself they may."""

_ORIGIN = r"(https://(\*\.)?[\w-]+(\.[\w-]+)*|http://(localhost|127\.0\.0\.1))(:\d{1,5})?"
_ORIGINS = rf"^({_ORIGIN}(\s*,\s*{_ORIGIN})*)?$"

_ADDRESS = r"^https?://[^/?#\s@]+/?$"

RECEIPT = """\
We have your message. Its number is #{number}.

A person reads it and answers to this address. To add something, answer this mail.

You got this because somebody sent our form with your address. If it was not you, nothing needs to be done.
"""
"""It repeats nothing of the form, which anybody can send with any address."""

Address = Annotated[
    str, StringConstraints(strip_whitespace=True, to_lower=True, pattern=r"^[^@\s]+@[^@\s]+$")
]


class Mailbox(BaseModel):
    """The support address, and where its mail comes and goes."""

    model_config = STRICT

    address: Address = "support@localhost"
    """The address that customers write to."""
    name: str = "Support"
    """The name that stands before that address in answers."""
    maildir: Path = Path("mail")
    """The Maildir where mail arrives; a relative path begins at the home folder."""
    sent_folder: str = ".Sent"
    """The folder inside the Maildir where sent mail is put."""
    signature: str = ""
    """What stands under every answer, below that of the agent."""
    size_limit_mb: Annotated[int, Field(gt=0)] = 50
    """The largest mail that is taken in whole; the attachments of larger ones are only named."""
    reply_address_tokens: bool = False
    """Whether each answer has a Reply-To of its own (support+TOKEN@...), by which its reply is known."""


class Google(BaseModel):
    """Your project at Google, through which Gmail is reached; docs/gmail.md says how to make one."""

    model_config = STRICT

    client_id: str = ""
    """The id of the OAuth client."""
    client_secret: SecretStr | None = None
    """The secret that belongs to that id."""
    client_file: Path | None = None
    """The JSON of the OAuth client as Google gives it, in place of id and secret."""
    redirect_uri: str = "http://127.0.0.1:0/"
    """Where the browser comes back to; port 0 takes any that is free."""
    topic: str = ""
    """The Pub/Sub topic Gmail tells of new mail: projects/NAME/topics/NAME."""
    subscription: str = ""
    """The Pub/Sub subscription the daemon listens to: projects/NAME/subscriptions/NAME."""
    poll_seconds: Annotated[float, Field(gt=0)] = 5.0
    """How often the daemon asks Gmail when nothing tells it of new mail."""
    timeout_seconds: Annotated[float, Field(gt=0)] = 60.0
    """How long an answer of Google's is waited for."""
    settling_seconds: Annotated[float, Field(ge=0)] = 120.0
    """How long a mail may turn up as sent after an attempt that broke off; only then it is sent again."""
    label: str = "ttydesk"
    """The label under which a ticket's status is shown in Gmail; empty: it is not."""
    push_audience: str = ""
    """What Google's push names as the one it is meant for: the audience of the push subscription."""
    push_account: str = ""
    """The service account in whose name Google pushes: NAME@PROJECT.iam.gserviceaccount.com."""
    push_certificates: str | None = None
    """Another address in the place of Google's certificates, for tests."""
    units_a_minute: Annotated[int, Field(gt=0)] = 6000
    """What Google lets your project ask of one mailbox; older projects have 15000."""
    api_root: str | None = None
    """Another server in the place of Google's, for tests."""
    pubsub_root: str | None = None
    """Another server in the place of Pub/Sub's, as Google's emulator is one."""


class Supabase(BaseModel):
    """Your project at Supabase, where the desk of a team lies."""

    model_config = STRICT

    url: Annotated[str, StringConstraints(strip_whitespace=True, pattern=_HOSTED)] | None = None
    """The address of the project, https://NAME.supabase.co; with it the desk lies there."""
    publishable_key: SecretStr | None = None
    """The key that every machine may hold: with it an agent comes as far as signing in."""
    secret_key: SecretStr | None = None
    """The key that opens everything, for the daemon and the web server; on no agent's machine."""
    access_token: SecretStr | None = None
    """The access token of an agent, for programs that sign in by themselves."""


class Web(BaseModel):
    """The form, the portal and the API: what customers and programs reach over HTTP."""

    model_config = STRICT

    host: str = "127.0.0.1"
    """Where the web server listens; 0.0.0.0 is every way into this machine."""
    port: Annotated[int, Field(ge=1, le=65535)] = 8025
    """The port it listens at."""
    address: Annotated[str, StringConstraints(strip_whitespace=True, pattern=_ADDRESS)] | None = None
    """Where customers reach it, https://help.example.com; mails have links to the portal only with it."""
    api_rate: Annotated[str, StringConstraints(pattern=r"^[1-9]\d{0,6}/(second|minute|hour|day)$")] = (
        "600/minute"
    )
    """How often a token may use the API."""
    trusted_proxies: str = ""
    """Addresses of reverse proxies that are believed when they say who asks, with commas between them."""
    portal_links: bool = True
    """Whether mails to customers have a line with a link to their portal."""
    portal_link_days: Annotated[float, Field(gt=0, le=90)] = 7.0
    """How long a link in a mail is good, if it is not used before."""
    departments: str = ""
    """Departments that the form offers, with commas between them; empty: all there are; none: no choice."""
    embed_in: Annotated[str, StringConstraints(strip_whitespace=True, pattern=_ORIGINS)] = ""
    """Sites that may show the form in a page of theirs: https://www.example.com, with commas between them."""
    upload_count: Annotated[int, Field(ge=0, le=50)] = 5
    """How many files a customer may send at once."""
    upload_size_mb: Annotated[int, Field(gt=0)] = 10
    """The largest file that is taken, in MB."""
    upload_total_mb: Annotated[int, Field(gt=0)] = 15
    """How much all files that are sent at once may have together, in MB."""
    receipt: str = RECEIPT
    """What is mailed to whoever sent the form, as Markdown; {number} is the ticket's. Empty: nothing is."""
    receipts_an_hour: Annotated[int, Field(ge=0)] = 200
    """How many mails the desk may write by itself within an hour; of them three to one address."""


class EmailStatus(BaseModel):
    """Who may tell what became of mail that left; docs/web.md says how each service is set up."""

    model_config = STRICT

    secret: SecretStr | None = None
    """The secret that reports in our own shape are signed with: whsec_ and 24 bytes or more in base64."""
    ses_topic: str = ""
    """The topic of Amazon SNS that Amazon SES tells: arn:aws:sns:REGION:ACCOUNT:NAME."""
    sendgrid_key: str = ""
    """The verification key of SendGrid's Event Webhook; it is public."""
    mailgun_key: SecretStr | None = None
    """Mailgun's HTTP webhook signing key."""
    postmark_secret: SecretStr | None = None
    """The password in the address that Postmark is given, or the value of its header X-Webhook-Secret."""

    @field_validator("secret")
    @classmethod
    def _is_secret(cls, given: SecretStr | None) -> SecretStr | None:
        text = given.get_secret_value() if given else ""
        if given and (not text.startswith("whsec_") or len(base64.b64decode(text[6:] + "==")) < 24):
            raise ValueError
        return given


class Webhooks(BaseModel):
    """Webhooks: addresses that the daemon tells of what happens."""

    model_config = STRICT

    allow_private: bool = False
    """Whether they may lead into your own network, and without TLS; else only by https into the internet."""
    timeout_seconds: Annotated[float, Field(gt=0, le=60)] = 15.0
    """How long a receiver has to answer."""
