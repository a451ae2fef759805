"""The house stands as docs/architecture.md says: doors that are single, small rooms, a test for each.

Rules over the whole tree, read by its syntax. Each is also fed a planted fault,
since a rule that cannot fail proves nothing.
"""

import ast
import importlib.metadata
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from tests.kit.sources import ROOT, Source, sources

Rule = Callable[[Sequence[Source]], list[str]]


@dataclass(frozen=True)
class Door:
    """What may be used in one place only. `names` are full names, all below them included.

    `methods` are names called on whatever object, `keywords` arguments given to
    whatever call. `only` are files, or folders where they end in a slash.
    """

    what: str
    only: tuple[str, ...]
    names: tuple[str, ...] = ()
    methods: tuple[str, ...] = ()
    keywords: tuple[str, ...] = ()
    within: str = "connector/"

    def __call__(self, files: Sequence[Source]) -> list[str]:
        return [
            f"{file.path}:{use.line}: {use.name}: {self.what}"
            for file in files
            if file.path.startswith(self.within) and not _is_in(file.path, self.only)
            for use in file.uses
            if any(use.name == name or use.name.startswith(name + ".") for name in self.names)
            or (use.is_call and "." in use.name and use.name.rpartition(".")[2] in self.methods)
            or any(keyword in self.keywords for keyword in use.keywords)
        ]


def _is_in(path: str, places: Iterable[str]) -> bool:
    return any(path == place or (place.endswith("/") and path.startswith(place)) for place in places)


_KEYS = "cryptography.hazmat.primitives.asymmetric"
DOORS: Final = {
    "settings": Door(
        "only app.py and values.py read Settings; rooms get values",
        ("connector/app.py", "connector/values.py", "connector/config.py", "connector/config/"),
        names=("connector.config",),
    ),
    "environment": Door(
        "only config.py reads the environment",
        ("connector/config.py", "connector/config/"),
        names=("os.environ", "os.environb", "os.getenv", "os.getenvb", "os.putenv"),
        keywords=("envvar", "auto_envvar_prefix"),
    ),
    "transactions": Door(
        "only store/writer.py begins and commits a write",
        (
            "connector/store/writer.py",
            *(
                "connector/store/migrate.py",
                "connector/store/migrations/",
            ),  # the schema, before anybody serves
            "connector/outside/",  # its client has a begin() too; no database is within reach there
        ),
        methods=("begin", "begin_nested", "begin_twophase", "commit", "rollback"),
    ),
    "postings": Door(
        "only ledger/posting.py adds transfers",
        ("connector/ledger/posting.py", "connector/store/transfers.py"),
        names=("connector.store.transfers.append", "connector.store.transfers.move"),
    ),
    "connections": Door(
        "only outside/ opens outgoing connections; server.py listens",
        ("connector/outside/", "connector/server.py"),
        names=(
            *("requests", "urllib3", "urllib.request", "http.client", "smtplib", "ftplib", "imaplib"),
            *("redis", "limits.storage.RedisStorage", "limits.storage.storage_from_string"),
            *("socket", "ssl", "asyncio.open_connection", "asyncio.open_unix_connection"),
        ),
    ),
    "time": Door(
        "only domain/clock.py knows the time: take `now` or a Clock",
        ("connector/domain/clock.py",),
        names=(
            *("time", "datetime.datetime.now", "datetime.datetime.utcnow", "datetime.datetime.today"),
            *("datetime.date.today", "asyncio.sleep", "email.utils.localtime", "email.utils.formatdate"),
            *("sqlalchemy.func.now", "sqlalchemy.func.current_timestamp"),
        ),
    ),
    "randomness": Door(
        "only domain/ids.py makes random values",
        ("connector/domain/ids.py",),
        names=(
            *("secrets", "random", "uuid", "os.urandom", "os.getrandom", "ssl.RAND_bytes"),
            *(f"{_KEYS}.rsa.generate_private_key", f"{_KEYS}.ed25519.Ed25519PrivateKey.generate"),
            "cryptography.hazmat.primitives.ciphers.aead.AESGCM.generate_key",
            "cryptography.fernet.Fernet.generate_key",
        ),
    ),
    "comparisons": Door(
        "only domain/signing.py compares signatures",
        ("connector/domain/signing.py",),
        names=(
            *("hmac.compare_digest", "secrets.compare_digest", "_operator._compare_digest"),
            "cryptography.hazmat.primitives.constant_time",
        ),
    ),
    "problems": Door(
        "only web/problems.py turns errors into HTTP: raise one of domain/errors.py",
        ("connector/web/problems.py",),
        names=("flask.abort", "werkzeug.exceptions.abort"),
        methods=("errorhandler", "app_errorhandler", "register_error_handler"),
    ),
    "exit codes": Door(
        "only cli/main.py turns errors into exit codes; server.py ends a stop that hangs",
        ("connector/cli/main.py", "connector/__main__.py", "connector/server.py"),
        names=(
            "local.SystemExit",
            "local.exit",
            "local.quit",
            "sys.exit",
            "os._exit",
            "click.exceptions.Exit",
        ),
    ),
    "tests": Door(
        "tests use real things: no sleeping, skipping or patching",
        (),
        names=(
            *("time.sleep", "asyncio.sleep", "unittest.mock", "pytest.skip", "pytest.xfail"),
            *("pytest.importorskip", "pytest.mark.skip", "pytest.mark.skipif", "pytest.mark.xfail"),
            "local.monkeypatch.setattr",
        ),
        within="tests/",
    ),
}


MAKERS_OF_VERIFIED: Final = ("open_delivery", "stored_delivery")


def one_maker_of_verified(files: Sequence[Source]) -> list[str]:
    """A Verified is made where it is proved or was stored as proved, else its type proves nothing."""
    return [
        f"{file.path}:{use.line}: Verified is made in adapters/kit.py only, by {MAKERS_OF_VERIFIED}"
        for file in files
        for use in file.uses
        if use.is_call and use.name == "connector.adapters.kit.Verified"
        if file.path != "connector/adapters/kit.py" or use.function not in MAKERS_OF_VERIFIED
    ]


def lines_of_the_ledger_stay(files: Sequence[Source]) -> list[str]:
    """Transfers are inserted in store/transfers.py, and updated or deleted nowhere."""
    table = "connector.store.tables.transfers"
    found = []
    for file in files:
        for use in file.uses if file.path.startswith("connector/") else ():
            head, _, verb = use.name.rpartition(".")
            is_on_table = head == table or (head in ("sqlalchemy", "sqlalchemy.sql") and use.first == table)
            if not use.is_call or not is_on_table or verb not in ("insert", "update", "delete"):
                continue
            if verb != "insert" or file.path != "connector/store/transfers.py":
                found.append(f"{file.path}:{use.line}: {verb} of a line of the ledger")
    return found


def one_module_each(files: Sequence[Source]) -> list[str]:
    """Logging's and metrics' libraries come in by one module each."""
    found = []
    for library in ("structlog", "prometheus_client"):
        importers = sorted(
            {
                file.path
                for file in files
                if file.path.startswith("connector/")
                and any(use.name == library or use.name.startswith(library + ".") for use in file.uses)
            }
        )
        if len(importers) > 1:
            found.append(f"{library} is imported by {', '.join(importers)}: one module is enough")
    return found


def no_star_imports(files: Sequence[Source]) -> list[str]:
    """The other rules cannot see what a star brings in."""
    return [
        f"{file.path}:{use.line}: import of *"
        for file in files
        for use in file.uses
        if use.name.endswith(".*")
    ]


MIGRATIONS: Final = "connector/store/migrations/"
MOST_LINES: Final = 400
MOST_LINES_OF_TESTS: Final = 700
MOST_LINES_OF_A_MIGRATION: Final = 1_000  # a list of statements, as Alembic writes them
MOST_LINES_OF_A_FUNCTION: Final = 60


def small_files(files: Sequence[Source]) -> list[str]:
    """A file is one room."""
    found = []
    for file in files:
        most = MOST_LINES_OF_TESTS if file.path.startswith("tests/") else MOST_LINES
        if file.path.startswith(MIGRATIONS):
            most = MOST_LINES_OF_A_MIGRATION
        lines = len(file.text.splitlines())
        if lines > most:
            found.append(f"{file.path}: {lines} lines, {most} are the most")
    return found


def small_functions(files: Sequence[Source]) -> list[str]:
    """A function fits a screen; a migration is a list of statements and may be longer."""
    return [
        f"{file.path}:{node.lineno}: {node.name} has {length} lines, {MOST_LINES_OF_A_FUNCTION} are the most"
        for file in files
        if file.path.startswith("connector/") and not file.path.startswith(MIGRATIONS)
        for node in ast.walk(file.tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        for length in [(node.end_lineno or node.lineno) - node.lineno + 1]
        if length > MOST_LINES_OF_A_FUNCTION
    ]


# Written with a stroke, so that this file does not hold what it forbids.
_MARKS = [mark.replace("|", "") for mark in ("TO|DO", "FIX|ME", "NotImplemented|Error", "pragma: no |cover")]
_UNFINISHED = re.compile("|".join(_MARKS))


def nothing_unfinished(files: Sequence[Source]) -> list[str]:
    """What is not done is an issue, not a mark in the code."""
    return [
        f"{file.path}:{number}: {found.group()}"
        for file in files
        for number, line in enumerate(file.text.splitlines(), 1)
        for found in _UNFINISHED.finditer(line)
    ]


_NO_NAMES = frozenset({"utils", "util", "helpers", "helper", "common", "base", "misc"})


def names_that_say_something(files: Sequence[Source]) -> list[str]:
    """A name under which everything fits says nothing."""
    return [
        f"{file.path}: name it for what lives there"
        for file in files
        if _NO_NAMES & {part.removeprefix("test_") for part in Path(file.path).with_suffix("").parts}
    ]


# Where a module's tests do not stand under its own name: the file that holds them.
TESTED_IN: Final = {
    "connector/__main__.py": "tests/cli/test_main.py",
    **{
        f"connector/web/{one}_schemas.py": "tests/web/test_schemas.py" for one in ("access", "card", "people")
    },
}


def a_test_for_each_module(files: Sequence[Source]) -> list[str]:
    """connector/<room>/<name>.py has tests/<room>/test_<name>.py; deeper ones may join their names."""
    present = {file.path for file in files if file.path.startswith("tests/")}
    modules = [file for file in files if file.path.startswith("connector/")]
    found = [
        f"{module}: is listed in TESTED_IN, and gone"
        for module in sorted({*TESTED_IN} - {m.path for m in modules})
    ]
    for module in modules:
        wanted = _tests_of(module.path)
        if _holds_code(module) and not present & {*wanted}:
            found.append(f"{module.path}: {' or '.join(wanted)} is missing")
    return found


def _tests_of(module: str) -> list[str]:
    if module in TESTED_IN:
        return [TESTED_IN[module]]
    *rooms, name = Path(module).with_suffix("").parts[1:]
    mirrored = "/".join(["tests", *rooms, f"test_{name}.py"])
    joined = "/".join(["tests", *rooms[:1], f"test_{'_'.join([*rooms[1:], name])}.py"])
    return [mirrored] if len(rooms) < 2 else [mirrored, joined]


def _holds_code(file: Source) -> bool:
    """A package's own file is its docstring; a migration is tested by the schema that it leads to."""
    is_exempt = file.path.endswith("__init__.py") or file.path.startswith(MIGRATIONS)
    return not is_exempt and len(file.tree.body) > 1


RULES: Final[tuple[Rule, ...]] = (
    one_maker_of_verified,
    lines_of_the_ledger_stay,
    one_module_each,
    no_star_imports,
    small_files,
    small_functions,
    nothing_unfinished,
    names_that_say_something,
    a_test_for_each_module,
)


@pytest.fixture(scope="module")
def tree() -> list[Source]:
    return sources("connector", "tests", "bench")


@pytest.mark.parametrize("name", DOORS)
def test_a_single_door_is_single(tree: list[Source], name: str) -> None:
    assert DOORS[name](tree) == []


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_a_rule_of_the_house_holds(tree: list[Source], rule: Rule) -> None:
    assert rule(tree) == []


PLANTED_AT_DOORS: Final = [
    ("settings", "connector/web/hooks.py", "from ..config import Settings"),
    ("settings", "connector/cli/serve.py", "import connector.config as c\nc.load()"),
    ("settings", "connector/flows/run.py", "def f():\n    from connector import config"),
    ("environment", "connector/app.py", "import os\nos.environ['KEY']"),
    ("environment", "connector/store/engine.py", "from os import getenv as g\ng('KEY')"),
    ("environment", "connector/cli/main.py", "import click\nclick.option('--x', envvar='X')"),
    ("transactions", "connector/store/cards.py", "def f(connection):\n    connection.commit()"),
    (
        "transactions",
        "connector/flows/receive.py",
        "def f(engine):\n    with engine.begin() as c:\n        pass",
    ),
    ("postings", "connector/operations/redeem.py", "from ..store import transfers\ntransfers.append(1)"),
    ("postings", "connector/ledger/proof.py", "from ..store.transfers import move as shift\nshift(1)"),
    ("connections", "connector/adapters/stripe.py", "import requests"),
    ("connections", "connector/flows/notify.py", "def f():\n    from urllib.request import urlopen"),
    ("connections", "connector/web/health.py", "import socket as s"),
    ("time", "connector/flows/run.py", "from datetime import datetime\ndatetime.now()"),
    ("time", "connector/flows/run.py", "import datetime as d\nx = d.datetime.now"),
    ("time", "connector/store/writer.py", "from time import monotonic"),
    ("time", "connector/web/front.py", "import time\ntime.sleep(1)"),
    ("time", "connector/store/cards.py", "from sqlalchemy import func\nfunc.now()"),
    ("time", "connector/ledger/reports.py", "from datetime import date\ndate.today()"),
    ("randomness", "connector/web/access.py", "import secrets"),
    ("randomness", "connector/flows/run.py", "from uuid import uuid4"),
    ("randomness", "connector/store/writer.py", "import os\nos.urandom(8)"),
    ("comparisons", "connector/adapters/stripe.py", "import hmac\nhmac.compare_digest('a', 'b')"),
    ("comparisons", "connector/web/access.py", "from hmac import compare_digest as same"),
    ("problems", "connector/web/hooks.py", "import flask\nflask.abort(404)"),
    ("problems", "connector/web/factory.py", "def f(app):\n    app.register_error_handler(404, f)"),
    ("exit codes", "connector/cli/cards.py", "raise SystemExit(1)"),
    ("exit codes", "connector/flows/gateway.py", "import sys\nsys.exit(1)"),
    ("tests", "tests/flows/test_run.py", "import time\ntime.sleep(1)"),
    (
        "tests",
        "tests/flows/test_run.py",
        "import pytest\n@pytest.mark.skipif(True, reason='')\ndef test_x(): pass",
    ),
    ("tests", "tests/flows/test_run.py", "from unittest.mock import patch"),
    ("tests", "tests/flows/test_run.py", "def test_x(monkeypatch):\n    monkeypatch.setattr('a.b', 1)"),
]


@pytest.mark.parametrize(("name", "path", "text"), PLANTED_AT_DOORS)
def test_a_second_door_is_seen(name: str, path: str, text: str) -> None:
    [*found] = DOORS[name]([Source(path, text)])
    assert found
    assert all(fault.startswith(f"{path}:") for fault in found)


def test_every_door_was_tried() -> None:
    assert {name for name, _, _ in PLANTED_AT_DOORS} == set(DOORS)


@pytest.mark.parametrize(
    ("name", "path", "text"),
    [
        ("settings", "connector/app.py", "from .config import Settings"),
        ("environment", "connector/config.py", "import os\nos.environ['KEY']"),
        ("transactions", "connector/store/writer.py", "def f(connection):\n    connection.commit()"),
        ("postings", "connector/ledger/posting.py", "from ..store import transfers\ntransfers.append(1)"),
        ("postings", "connector/ledger/proof.py", "found = []\nfound.append(1)"),
        ("connections", "connector/outside/http.py", "import requests"),
        ("time", "connector/domain/clock.py", "import time\ntime.sleep(1)"),
        (
            "time",
            "connector/flows/run.py",
            "from datetime import datetime\ndef f(at: datetime, clock):\n    clock.now()",
        ),
        ("time", "connector/flows/run.py", "def f(time: int) -> int:\n    return time"),
        ("randomness", "connector/domain/ids.py", "import secrets"),
        ("comparisons", "connector/adapters/stripe.py", "import hmac\nhmac.digest(b'a', b'b', 'sha256')"),
        ("problems", "connector/web/problems.py", "def f(app):\n    app.errorhandler(f)"),
        ("exit codes", "connector/cli/main.py", "raise SystemExit(1)"),
        ("tests", "tests/conftest.py", "def f(monkeypatch):\n    monkeypatch.setenv('A', 'b')"),
        ("tests", "connector/domain/clock.py", "import time\ntime.sleep(1)"),
    ],
)
def test_the_door_itself_is_open(name: str, path: str, text: str) -> None:
    assert DOORS[name]([Source(path, text)]) == []


_IN_KIT = "class Verified: pass\ndef open_delivery():\n    return Verified()\n"
PLANTED: Final[list[tuple[Rule, list[tuple[str, str]]]]] = [
    (one_maker_of_verified, [("connector/adapters/stripe.py", "from .kit import Verified\nVerified(1, 2)")]),
    (
        one_maker_of_verified,
        [("connector/flows/receive.py", "from ..adapters import kit\nkit.Verified(1, 2)")],
    ),
    (one_maker_of_verified, [("connector/adapters/kit.py", _IN_KIT + "def other():\n    Verified()")]),
    (
        lines_of_the_ledger_stay,
        [
            (
                "connector/store/reports.py",
                "from sqlalchemy import insert\nfrom .tables import transfers\ninsert(transfers)",
            )
        ],
    ),
    (
        lines_of_the_ledger_stay,
        [
            (
                "connector/store/transfers.py",
                "import sqlalchemy as sa\nfrom . import tables\nsa.delete(tables.transfers)",
            )
        ],
    ),
    (
        lines_of_the_ledger_stay,
        [("connector/store/transfers.py", "from .tables import transfers\ntransfers.update()")],
    ),
    (
        one_module_each,
        [("connector/logs.py", "import structlog"), ("connector/app.py", "from structlog import get_logger")],
    ),
    (
        one_module_each,
        [("connector/a.py", "import prometheus_client"), ("connector/b.py", "import prometheus_client as p")],
    ),
    (no_star_imports, [("connector/web/hooks.py", "from ..domain.errors import *")]),
    (small_files, [("connector/store/tables.py", "x = 1\n" * (MOST_LINES + 1))]),
    (small_files, [("bench/job.py", "x = 1\n" * (MOST_LINES + 1))]),
    (small_files, [("tests/store/test_tables.py", "x = 1\n" * (MOST_LINES_OF_TESTS + 1))]),
    (small_functions, [("connector/flows/run.py", "def f():\n" + "    x = 1\n" * MOST_LINES_OF_A_FUNCTION)]),
    *(
        (nothing_unfinished, [(path, f"x = 1  # {mark}")])
        for path in ("connector/a.py", "tests/test_a.py")
        for mark in _MARKS
    ),
    (names_that_say_something, [("connector/web/utils.py", "")]),
    (names_that_say_something, [("connector/common/words.py", "")]),
    (names_that_say_something, [("tests/web/test_helpers.py", "")]),
]


@pytest.mark.parametrize(("rule", "planted"), PLANTED, ids=lambda value: getattr(value, "__name__", None))
def test_a_broken_rule_is_seen(rule: Rule, planted: list[tuple[str, str]]) -> None:
    assert rule([Source(path, text) for path, text in planted])


def test_every_rule_was_tried() -> None:
    assert {rule for rule, _ in PLANTED} | {a_test_for_each_module} == set(RULES)


def test_the_one_maker_of_verified_may_make_it() -> None:
    assert one_maker_of_verified([Source("connector/adapters/kit.py", _IN_KIT)]) == []


def test_the_ledger_may_be_added_to_in_its_place() -> None:
    text = "from sqlalchemy import insert, select\nfrom .tables import transfers as t\ninsert(t), select(t)"
    assert lines_of_the_ledger_stay([Source("connector/store/transfers.py", text)]) == []


@pytest.mark.parametrize(
    ("module", "tests", "missing"),
    [
        ("connector/store/cards.py", [], "tests/store/test_cards.py"),
        (
            "connector/store/cards.py",
            ["tests/store/test_contacts.py", "tests/flows/test_cards.py"],
            "tests/store/test_cards.py",
        ),
        ("connector/store/cards.py", ["tests/store/test_cards.py"], None),
        ("connector/app.py", ["tests/web/test_app.py"], "tests/test_app.py"),
        ("connector/app.py", ["tests/test_app.py"], None),
        ("connector/web/api/cards.py", [], "tests/web/api/test_cards.py or tests/web/test_api_cards.py"),
        ("connector/web/api/cards.py", ["tests/web/test_api_cards.py"], None),
        ("connector/web/api/cards.py", ["tests/web/api/test_cards.py"], None),
        ("connector/store/__init__.py", [], None),
        ("connector/store/migrations/versions/m0001.py", [], None),
    ],
)
def test_a_module_without_its_tests_is_named_with_the_missing_path(
    module: str, tests: list[str], missing: str | None
) -> None:
    known = [
        *((path, '"""Here."""\nx = 1') for path in TESTED_IN),
        *((path, "") for path in TESTED_IN.values()),
    ]
    files = [Source(path, text) for path, text in [(module, '"""What lives here."""\nx = 1'), *known]]
    found = a_test_for_each_module([*files, *(Source(path, "") for path in tests)])
    assert found == ([] if missing is None else [f"{module}: {missing} is missing"])


def test_a_module_that_is_tested_elsewhere_still_needs_that_file() -> None:
    [(module, tests), *_] = TESTED_IN.items()
    others = [Source(path, "") for path in TESTED_IN]
    [found] = a_test_for_each_module([*others, Source(module, '"""Here."""\nx = 1')])
    assert found == f"{module}: {tests} is missing"
    assert len(a_test_for_each_module([])) == len(TESTED_IN)


def _lint_imports(root: Path) -> subprocess.CompletedProcess[str]:
    tool = Path(sys.executable).with_name("lint-imports")
    return subprocess.run(
        [tool, "--no-cache"], cwd=root, capture_output=True, text=True, timeout=60, check=False
    )


@pytest.mark.parametrize(
    ("path", "text", "said"),
    [
        (
            "connector/adapters/planted.py",
            "from ..store import cards",
            "connector.adapters.planted -> connector.store",
        ),
        (
            "connector/web/planted.py",
            "def f():\n    from ..adapters import kit",
            "connector.web.planted -> connector.adapters",
        ),
        ("connector/recipes/planted.py", "def f():\n    import flask", "connector.recipes.planted -> flask"),
        (
            "connector/domain/planted.py",
            "from ..ledger import posting",
            "connector.domain.planted -> connector.ledger",
        ),
        ("connector/elsewhere/__init__.py", '"""No floor."""', "connector.elsewhere"),
    ],
)
def test_an_arrow_that_points_up_is_seen(tmp_path: Path, path: str, text: str, said: str) -> None:
    shutil.copytree(ROOT / "connector", tmp_path / "connector", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    (tmp_path / path).parent.mkdir(exist_ok=True)
    (tmp_path / path).write_text(text)
    result = _lint_imports(tmp_path)
    assert result.returncode == 1
    assert said in result.stdout


def test_whatever_the_program_imports_is_installed_with_it() -> None:
    """A package that only the tests bring along would be missing where the program alone is installed."""
    locked = (ROOT / "requirements.lock").read_text()
    installed = {one.lower().replace("_", "-") for one in re.findall(r"^([\w.-]+)==", locked, re.MULTILINE)}
    providers = importlib.metadata.packages_distributions()
    missing = set()
    for file in sorted((ROOT / "connector").rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text())):
            names = [one.name for one in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and not node.level and node.module:
                names = [node.module]
            for top in {name.partition(".")[0] for name in names} - sys.stdlib_module_names - {"connector"}:
                packages = {one.lower().replace("_", "-") for one in providers.get(top, [top])}
                if not packages & installed:
                    missing.add((file.relative_to(ROOT).as_posix(), top))
    assert missing == set()
