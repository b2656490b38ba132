"""A Postgres that dies under the programs: they go on by themselves, and nothing typed or sent is lost."""

import subprocess
from pathlib import Path

from tests.whole_way.programs import MAIL, Programs, ended, shows, wait


def sent(programs: Programs) -> list[Path]:
    return list((programs.home / "mail/.Sent/cur").glob("*"))


def test_it_is_killed_under_daemon_and_screen(programs: Programs) -> None:
    programs.json("mail", "ingest", stdin=MAIL % (b"one", b"one"))
    with programs.daemon() as daemon, programs.terminal() as terminal:
        terminal.until(shows("Lamp one", "● connected"))
        terminal.press("\r", shows("It is dark."))
        terminal.press("r", shows("REPLY to Kim"))
        terminal.press("Try another", shows("Try another"))

        programs.kill_servers()
        terminal.press(" bulb.", shows("Try another bulb."))
        programs.deliver("two")
        daemon.until_said("Mail 2: created.")
        terminal.until(shows("All 2", "Try another bulb.", "● connected"), 60)

        programs.kill_servers()
        assert programs.run("ticket", "list").code == 0
        terminal.press("\x13", shows("leaves in"), 60)
        wait(lambda: sent(programs), "the answer lies in the sent folder")
        (answer,) = sent(programs)
        assert b"Try another bulb." in answer.read_bytes()
    assert not programs.servers()
    assert programs.nothing_is_lost() == 2


def test_it_cannot_come_back_for_a_while(programs: Programs) -> None:
    programs.json("mail", "ingest", stdin=MAIL % (b"one", b"one"))
    config = programs.home / "postgres/postgresql.conf"
    right = config.read_text()
    with programs.daemon() as daemon, programs.terminal() as terminal:
        terminal.until(shows("Lamp one", "● connected"))
        terminal.press("\rr", shows("REPLY to Kim"))
        terminal.press("Try another", shows("Try another"))

        config.write_text(right + "\nnix = wrong\n")
        programs.kill_servers()
        terminal.press(" bulb.", shows("Try another bulb."))
        terminal.until(shows("NOT CONNECTED, trying again", "Try another bulb."), 60)
        daemon.until_said("Postgres cannot be started in")
        refusal = programs.run("ticket", "list").refusal
        assert refusal.startswith(
            f"Postgres cannot be started in {programs.home / 'postgres'}: configuration file"
        )
        terminal.press("\x13", shows("Not done", "Try another bulb."), 60)
        programs.deliver("two")

        config.write_text(right)
        terminal.until(shows("● connected", "All 2", "Try another bulb."), 60)
        daemon.until_said("works again.")
        terminal.press("\x13", shows("leaves in"), 60)
        wait(lambda: sent(programs), "the answer lies in the sent folder")
    assert len(sent(programs)) == 1
    assert programs.nothing_is_lost() == 2


def test_it_is_killed_under_an_import(programs: Programs, tmp_path: Path) -> None:
    for number in range(1500):
        name = str(number).encode()
        (tmp_path / f"{number}.eml").write_bytes(MAIL % (name, name))
    programs.run("agent", "list")
    importing = programs.start("mail", "import", tmp_path, "--json")
    stored = programs.home / "files/raw"
    wait(lambda: stored.is_dir() and len(list(stored.glob("*/*"))) > 200, "the import is at work")
    assert importing.poll() is None
    programs.kill_servers()
    ran = ended(importing)
    assert (ran.code, ran.said) == (0, "")  # it began the server anew and went on
    assert programs.json("mail", "import", tmp_path)["duplicate"] == 1500
    assert programs.nothing_is_lost() == 1500


def test_what_it_left_is_in_nobodys_way(programs: Programs) -> None:
    """Every program was killed with it: its files say that it runs, and it does not."""
    programs.json("mail", "ingest", stdin=MAIL % (b"one", b"one"))
    daemon = programs.start("sync", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wait(programs.servers, "the server runs")
    daemon.kill()
    daemon.communicate()
    programs.kill_servers()
    assert (programs.home / "postgres/postmaster.pid").exists()
    status = programs.run("sync", "status")
    assert status.code == 1 and status.said.startswith("No daemon works here.")
    assert programs.json("db", "status")["running"] is False
    assert programs.nothing_is_lost() == 1
