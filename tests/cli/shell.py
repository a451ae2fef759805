"""A shell for tests: words in, exit code and both outputs out, through the program's own door."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from click.testing import CliRunner

from connector.app import Rooms, assemble
from connector.cli.builder import Builder, Checked, Database, RecipeEntry, RecipeTested, Service
from connector.cli.main import run
from connector.domain.clock import Clock
from connector.domain.errors import Unavailable
from connector.domain.jsontext import load_object
from connector.flows.gateway import Gateway
from tests.kit.clock import FixedClock
from tests.kit.house import KEY, PUBLIC_URL, House


@dataclass(frozen=True)
class Ran:
    """What one call of the program came to."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        """The one line of JSON on standard output."""
        [line] = self.out.splitlines()
        return load_object(line.encode())


def printed(ran: Ran) -> dict[str, Any]:
    """As `json`, of a verb whose deeds are logged: here, unlike in the program, to standard output."""
    return load_object(ran.out.splitlines()[-1].encode())


@dataclass(frozen=True)
class Shell:
    """Runs the program with this builder."""

    builder: Builder

    def __call__(self, *args: str, stdin: bytes = b"") -> Ran:
        with CliRunner().isolation(input=stdin) as (out, err, _):
            code = run(self.builder, args)
            return Ran(code, out.getvalue().decode(), err.getvalue().decode())

    def done(self, *args: str, stdin: bytes = b"") -> Ran:
        """As a call, which must come about."""
        ran = self(*args, stdin=stdin)
        assert ran.code == 0, ran.err
        return ran


@dataclass
class Asked:
    """A builder without a house: it keeps what it was asked for, and answers what it was given."""

    configs: list[Path | None] = field(default_factory=list)
    services: list[Service] = field(default_factory=list)
    serves: int = 0
    copied: list[tuple[str, str]] = field(default_factory=list)
    checked: Checked = field(default_factory=Checked)
    entries: Sequence[RecipeEntry] = ()
    tested: Sequence[RecipeTested] = ()
    recipes: Mapping[str, str] = field(default_factory=lambda: {"first.yaml": "recipe: first\n"})

    @property
    def shell(self) -> Shell:
        return Shell(self.builder())

    def raising(self, fault: BaseException) -> Shell:
        """A shell whose `check` ends with this error."""

        def check(_config: Path | None) -> Checked:
            raise fault

        return Shell(replace(self.builder(), check=check))

    def builder(self, clock: Clock | None = None) -> Builder:
        return Builder(
            clock=clock or FixedClock(),
            gateway=_no_gateway,
            serve=self._serve,
            check=self._answer(lambda: self.checked),
            recipes=self._answer(lambda: self.entries),
            test_recipes=lambda _, names: [one for one in self.tested if one.entry.recipe in names],
            recipe_schema=lambda: '{\n "title": "Recipe"\n}\n',
            new_recipe=self._new_recipe,
            base_url=self._answer(lambda: "http://127.0.0.1:8080"),
            starting_config=lambda sources: f"[server]\n{sources}",
            starting_recipes=lambda: self.recipes,
            database=self._answer(lambda: Database(lambda: (None, "0001"), lambda: None, lambda: "0001")),
            post=_nobody,
        )

    def _new_recipe(self, config: Path | None, name: str, source: str) -> Path:
        self.configs.append(config)
        self.copied.append((name, source))
        return Path("recipes") / f"{name}.yaml"

    def _serve(self, order: Service) -> int:
        self.services.append(order)
        return self.serves

    def _answer(self, give: Callable[[], Any]) -> Callable[[Path | None], Any]:
        def answer(config: Path | None) -> Any:
            self.configs.append(config)
            return give()

        return answer


def shell_in(house: House, **parts: Any) -> Shell:
    """A shell whose gateway is another process's, on the same database as `house` and by its clock."""
    rooms = Rooms(
        database_url=house.url,
        keys=(KEY,),
        recipes=house.recipes,
        public_url=PUBLIC_URL,
        allow_networks=("127.0.0.0/8",),
        allow_http=True,
    )
    rooms = replace(rooms, **parts.pop("rooms", {}))

    def gateway(_config: Path | None) -> Gateway:
        return assemble(rooms, clock=house.clock)

    return Shell(replace(Asked().builder(house.clock), gateway=gateway, **parts))


def _no_gateway(_config: Path | None) -> Gateway:
    raise Unavailable("There is no gateway here.")


def _nobody(url: str, _body: bytes, _headers: Mapping[str, str]) -> tuple[int, Mapping[str, str], bytes]:
    raise Unavailable(f"Nothing listens at {url}: is the gateway running?")
