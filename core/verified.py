"""What came of holding a mailbox against the ledger, kept with the mailbox until the next time."""

from datetime import datetime

from pydantic import BaseModel, ConfigDict


class Verified(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    since: datetime
    """Mail that came before was not looked at."""
    checked: int
    """Mails that the mailbox has."""
    waiting: int
    """Not taken in yet, as new mail is for a moment."""
    missing: int
    """Not taken in although it should have been; that was made good."""
    gone: int
    """Taken in, and no longer in the mailbox; the desk has it."""

    @property
    def sentence(self) -> str:
        """For a person, after the name of the mailbox."""
        found = [f"{self.missing} missing and taken in"] if self.missing else []
        found += [f"{self.gone} no longer in the mailbox"] if self.gone else []
        mails = "1 mail" if self.checked == 1 else f"{self.checked} mails"
        return f"{mails}, {', '.join(found) or 'all accounted for'}"
