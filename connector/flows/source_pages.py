"""A page per platform, written from its adapter alone: docs/sources/ is what stands here, to the letter.

One rule: nothing is said of a platform that its adapter does not say.
"""

import json
import re
from collections.abc import Mapping
from typing import Final

from ..adapters.kit import JSON, Adapter, Guide
from ..adapters.registry import about, adapters
from ..domain.jsontext import loads
from .first_recipes import file_of, first_recipe

INDEX: Final = "README.md"
MADE_BY: Final = "connector sources pages docs/sources"
ACCOUNT: Final = "my-shop"
_FACT: Final = re.compile(r"^- ", re.MULTILINE)
_PLACE: Final = re.compile(r"`[^`]*`|<[a-z]+>(?:/<[a-z]+>)?")


def pages() -> dict[str, str]:
    """Every page's text by file name, the index among them."""
    found = {f"{name}.md": page(adapter) for name, adapter in adapters().items()}
    return {INDEX: _index(adapters()), **found}


def page(adapter: Adapter) -> str:
    """The page of one platform."""
    _, url, facts = _told(adapter.name)
    parts = [
        f"# {adapter.title}",
        f"<!-- Written by `{MADE_BY}` from connector/adapters/{adapter.name}.py. -->",
        f"{_sentence(adapter)} The adapter is `{adapter.name}`"
        + (f"; what the platform itself says: <{url}>." if url else "."),
        "## The source",
        _source(adapter),
        f"## In {adapter.title}" if adapter.name != "generic" else "## At the sender",
        _numbered(adapter.guide),
        _body(adapter),
        _shown_and_tried(f"{ACCOUNT}/{adapter.name}"),
        "## Events",
        _events(adapter),
        "## Good to know",
        facts,
        _answers(adapter),
        "## A recipe to begin with",
        f"As `recipes/{file_of(adapter.name, adapter.guide.start)}`; write sums in your own currency.",
        f"```yaml\n{first_recipe(adapter.name, adapter.guide.start)}```",
    ]
    return "\n\n".join(one for one in parts if one) + "\n"


def steps(guide: Guide, url: str, secret: str) -> list[str]:
    """The guide's steps, ready to be read."""
    return [one.replace("<url>", url).replace("<secret>", secret) for one in guide.steps]


def block(account: str, adapter: Adapter, secret: str) -> list[str]:
    """The lines of a `[[sources]]`; `secret` names where its secret is."""
    return [
        "[[sources]]",
        f'account = "{account}"',
        f'slug = "{adapter.name}"',
        f'adapter = "{adapter.name}"',
        f'secrets = ["{secret}"]',
    ]


def _numbered(guide: Guide) -> str:
    """The steps as a list; what is to be pasted is marked, where it does not stand in code already."""
    marked = [_PLACE.sub(lambda found: f"`{found[0].strip('`')}`", one) for one in guide.steps]
    return "\n".join(f"{number}. {step}" for number, step in enumerate(marked, 1))


def _body(adapter: Adapter) -> str:
    """Where people put the body together themselves: one that the recipe of the page acts on."""
    sample = adapter.samples.get(adapter.guide.start)
    told = None if sample is None or sample.content_type != JSON else loads(sample.body)
    if not isinstance(told, dict) or told.get("type") != adapter.guide.start:
        return ""
    written = json.dumps(told, indent=2, ensure_ascii=False)
    return f"A body for a first try, on which the recipe below acts:\n\n```json\n{written}\n```"


def _shown_and_tried(source: str) -> str:
    return (
        f"`<url>` is the source's, which `connector sources show {source}` prints; `<secret>` is its secret. "
        f"`connector sources test {source}` tries whether deliveries would be taken."
    )


def _source(adapter: Adapter) -> str:
    name = adapter.name
    whose = (
        "The platform makes the secret: have its value in the environment before the gateway starts."
        if adapter.guide.gives_secret
        else "The secret is yours to choose, and is pasted there: `openssl rand -hex 16` makes one."
    )
    lines = block(ACCOUNT, adapter, f"env:{name.upper()}_SECRET")
    if adapter.lookup is not None:
        lines.append(f'credential = "env:{name.upper()}_CREDENTIAL"   # for its API; may be left out')
    given = " --secret TEXT" if adapter.guide.gives_secret else ""
    at_once = f"connector sources create {ACCOUNT} {name} {name}{given}"
    written = "\n".join(["```toml", *lines, "```"])
    return (
        f"In [config.toml](../configuration.md#sources); `connector init DIR --platform {name}` writes it:"
        f"\n\n{written}\n\n{whose} Without a restart: `{at_once}`."
    )


def _events(adapter: Adapter) -> str:
    rows = [f"| `{one.platform_name}` | `{kind}` |" for kind, one in adapter.samples.items()]
    if adapter.never_completes:
        rows.append("| nothing: derived from the booking's end, where it is known | `booking.completed` |")
    first = next(iter(adapter.samples))
    head = "| it sends | event |\n| --- | --- |\n"
    send = f"connector send {ACCOUNT}/{adapter.name} {first}"
    return (
        head
        + "\n".join(rows)
        + f"\n\n`{send}` sends a signed sample; what each event has: [receiving]"
        + ("(../receiving.md#events).")
    )


def _answers(adapter: Adapter) -> str:
    told = adapter.answers
    said = [f"What is stored and not understood is answered {told.rejected}"]
    said.append(f"what comes when the gateway is too busy, {told.busy}")
    if told.accepted != 202:
        said.append(f"what a worker will run, {told.accepted}")
    return ", ".join(said) + "."


def _index(every: Mapping[str, Adapter]) -> str:
    rows = [
        f"| [{one.title}]({name}.md) | `{name}` | `{one.guide.start}` |"
        for name, one in sorted(every.items())
    ]
    return (
        "# Platforms\n\n"
        f"<!-- Written by `{MADE_BY}`. -->\n\n"
        "How to set each one up: where to click, what to paste, which events come, a recipe to begin with.\n"
        "What is the same for all of them stands in [receiving.md](../receiving.md).\n\n"
        "| platform | adapter | a first recipe starts on |\n| --- | --- | --- |\n"
    ) + "".join(f"{row}\n" for row in rows)


def _sentence(adapter: Adapter) -> str:
    summary, _, _ = _told(adapter.name)
    said = summary.partition(": ")[2] or summary
    return said[0].upper() + said[1:]


def _told(name: str) -> tuple[str, str, str]:
    """The adapter's own words: its sentence, the platform's page, the list of facts, each on one line."""
    text = about(name)
    head, _, _ = text.partition("\n- ")
    summary, _, rest = head.partition("\n\n")
    facts = text[len(head) :].strip()
    return " ".join(summary.split()), rest.strip() or "", _unwrapped(facts)


def _unwrapped(facts: str) -> str:
    return "\n".join("- " + " ".join(one.split()) for one in _FACT.split(facts) if one.strip())
