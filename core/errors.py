"""Every error the help desk raises on purpose.

    DeskError
    ├── Invalid        a value was not accepted
    ├── SignedOut      a hosted desk does not know who is asking
    ├── Forbidden      the caller may not do that
    ├── NotFound       there is no such thing
    ├── Conflict       someone else changed it first
    ├── Outdated       a change was meant for what the thing is no longer
    ├── Gone           it was good for a while, or once, and is no more
    ├── Unreachable    the database, or a server it stands on, does not answer
    └── StorageFailed  a file could not be written, read or trusted

The SQL functions raise with one of the codes below; a gateway carries the code
back and `from_code` turns it into the class. PostgREST reads the last three digits
as the HTTP status, so a hosted desk answers sensibly without further work. The
docstring of a class is its sentence where nothing better is known.
"""


class DeskError(Exception):
    """Something went wrong in the help desk."""

    code = "PT500"

    def __init__(self, message: str = "", *, hint: str | None = None) -> None:
        super().__init__(message or self.__doc__)
        self.hint = hint
        """What to do about it, as a sentence of its own."""


class Invalid(DeskError):
    """A value was not accepted."""

    code = "PT422"


class SignedOut(DeskError):
    """You are not signed in."""

    code = "PT401"


class Forbidden(DeskError):
    """You may not do that."""

    code = "PT403"


class NotFound(DeskError):
    """There is no such thing."""

    code = "PT404"


class Conflict(DeskError):
    """Someone else changed it first."""

    code = "PT409"


class Outdated(DeskError):
    """It was changed meanwhile."""

    code = "PT412"


class Gone(DeskError):
    """It is no longer good."""

    code = "PT410"


class Unreachable(DeskError):
    """The database cannot be reached."""

    code = "PT503"


class StorageFailed(DeskError):
    """A file could not be stored or read."""

    code = "PT507"


_BY_CODE = {error.code: error for error in DeskError.__subclasses__()}
_POSTGRES_OWN: dict[str, type[DeskError]] = {
    "23505": Conflict,  # unique_violation
    "40001": Conflict,  # serialization_failure
    "40P01": Conflict,  # deadlock_detected
    "42501": Forbidden,  # insufficient_privilege
    "53300": Unreachable,  # too_many_connections
    "57P01": Unreachable,  # admin_shutdown
    "57P02": Unreachable,  # crash_shutdown
    "57P03": Unreachable,  # cannot_connect_now
}
_DISK_FULL = "53100"
_TOO_SLOW = "57014"


def from_code(code: str | None, message: str, hint: str | None = None) -> DeskError:
    """The error for a SQLSTATE; class 22 (bad data) and 23 (broken constraint) are the caller's values."""
    code = code or ""
    if code == _DISK_FULL:  # Postgres names the file that it could not extend
        said = "The disk of the database is full, and nothing was changed."
        return Unreachable(said, hint="Free some space and try again.")
    if code == _TOO_SLOW:  # "canceling statement due to statement timeout"
        said = "The database gave up, because it would have taken too long; nothing was changed."
        return Unreachable(said, hint="Try again, or ask for less at once.")
    found = _BY_CODE.get(code) or _POSTGRES_OWN.get(code)
    if found is None:
        found = Invalid if code.startswith(("22", "23")) else DeskError
    return found(message, hint=hint)
