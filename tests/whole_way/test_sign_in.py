"""The desk of a team opened where nobody is signed in: by the real programs, in a real terminal."""

import psycopg

from tests.core.test_session import mailed_code
from tests.peers.hosted import PUBLISHABLE, SECRET, Project
from tests.whole_way.programs import PATIENCE, Programs, shows

ADA = "ada@lamps.example"


def test_one_signs_in_where_the_desk_is_opened(programs: Programs, hosted: Project) -> None:
    with psycopg.connect(hosted.database, autocommit=True) as connection:
        connection.execute("delete from auth.users")
    programs.variables |= {
        "TTYDESK_SUPABASE_URL": hosted.url,
        "TTYDESK_SUPABASE_PUBLISHABLE_KEY": PUBLISHABLE,
        "TTYDESK_TOKENS": "file",
    }
    server = Programs(programs.home, programs.variables | {"TTYDESK_SUPABASE_SECRET_KEY": SECRET})
    assert server.run("agent", "add", ADA).code == 0
    with programs.terminal(80, 24) as terminal:
        terminal.until(shows("Sign in", ADA, "mails you a code"), PATIENCE)
        terminal.press("\r", shows("A code was mailed"), PATIENCE)
        terminal.press(f"{mailed_code(hosted, ADA)}\r", shows("● connected"), PATIENCE)
        terminal.until(shows("There are no tickets yet."), PATIENCE)
    assert programs.run("whoami").out.decode().startswith(f"{ADA}: admin")
    with programs.terminal(80, 24) as terminal:
        terminal.until(shows("There are no tickets yet.", "● connected"), PATIENCE)
    assert programs.run("logout").out == b"Signed out.\n"
    with programs.terminal(80, 24) as terminal:
        terminal.until(shows("Sign in", "mails you a code"), PATIENCE)
        terminal.press("\x1b", shows("You are not signed in. Sign in with :login"), PATIENCE)
        terminal.press(":login\r", shows("mails you a code"), PATIENCE)
