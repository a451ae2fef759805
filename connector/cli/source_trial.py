"""`connector sources test`: whether a source works, tried through the door of the running gateway.

One rule: a real business's recipes are never run by a test unless `--live` says so.
"""

from typing import Any, Final

import click

from ..domain.errors import Unavailable
from ..flows.source_trial import Trial, Verdict, judge, prepare
from . import inbound
from .builder import Call, Undone
from .printing import json_option, print_aside, print_json, print_line, print_table
from .send import read_source, target_of

LAST: Final = 10


@click.command("test")
@click.argument("source", metavar="ACCOUNT/SOURCE", callback=read_source)
@click.argument("event", required=False)
@click.option("--url", help="The gateway's address, or a whole URL below /hooks/. Left out: [server] listen.")
@click.option(
    "--live", "is_live", is_flag=True, help="Post to a real business too: its recipes run, and give cards."
)
@json_option
@click.pass_obj
def test(
    call: Call, source: tuple[str, str], event: str | None, url: str | None, is_live: bool, as_json: bool
) -> None:
    """Try ACCOUNT/SOURCE: post a fresh signed sample to the running gateway.

    Says what is missing, and what became of the last deliveries. EVENT: the platform's name for it, or
    ours; left out, the first that a recipe listens for. To a real business, without --live, only a post
    without a signature goes out, which the gateway has to refuse.
    """
    with call.gateway() as gateway:
        trial = prepare(gateway.parts, *source, event)
        is_bare = not (is_live or trial.found.account.sandbox)
        target = target_of(url or call.builder.base_url(call.place), f"/hooks/{source[0]}/{source[1]}")
        status, verdict = _post(call, trial, target, is_bare=is_bare)
        last = gateway.inbound.page(trial.found.account, {"source": source[1], "limit": LAST}).data
    is_ok = verdict is not None and verdict.is_ok
    if as_json:
        print_json(_json(trial, target, status, verdict, is_bare=is_bare) | {"last_deliveries": last})
    else:
        _print(trial, target, status, verdict, is_bare=is_bare)
        print_line("")
        rows = [[one[name] for name in inbound.COLUMNS] for one in last]
        print_table(inbound.COLUMNS, rows, empty="Nothing has come yet.")
    if not is_ok:
        raise Undone


def _post(call: Call, trial: Trial, target: str, *, is_bare: bool) -> tuple[int | None, Verdict | None]:
    """The answer's status, None where nobody answered, and what it means.

    Nothing is posted that could only be refused.
    """
    if trial.obstacles:
        return None, None
    post = trial.bare if is_bare else trial.post
    try:
        status, _, body = call.builder.post(target, post.body, post.headers)
    except Unavailable as nobody:
        return None, Verdict(nobody.detail, is_ok=False)
    return status, judge(status, body, is_bare=is_bare)


def _json(
    trial: Trial, target: str, status: int | None, verdict: Verdict | None, *, is_bare: bool
) -> dict[str, Any]:
    return {
        "source": f"{trial.found.source.account}/{trial.found.source.slug}",
        "adapter": trial.found.source.adapter,
        "url": trial.post.url,
        "posted_to": target if status is not None else None,
        "event": {"type": trial.sample.event_type, "platform_name": trial.sample.platform_name},
        "is_ok": verdict is not None and verdict.is_ok,
        "is_signed": not is_bare,
        "status": status,
        "means": None if verdict is None else verdict.means,
        "answer": None if verdict is None else verdict.answer,
        "becomes": list(trial.becomes),
        "obstacles": list(trial.obstacles),
        "remarks": list(trial.remarks),
    }


def _print(trial: Trial, target: str, status: int | None, verdict: Verdict | None, *, is_bare: bool) -> None:
    name = f"{trial.found.source.account}/{trial.found.source.slug}"
    print_line(f"{name} ({trial.found.source.adapter}) is at {trial.post.url}")
    for text in trial.obstacles:
        print_line(f"In its way: {text}")
    if trial.becomes:
        print_line(f"A sample of {trial.sample.platform_name} proves itself: {', '.join(trial.becomes)}.")
    if verdict is not None:
        print_line(verdict.means if status is None else f"Posted to {target}: {status}. {verdict.means}")
        for run in (verdict.answer or {}).get("runs", []):
            print_line(f"  {run['recipe']}: {run['outcome']}")
    for text in trial.remarks:
        print_line(f"Note: {text}")
    if is_bare and verdict is not None and verdict.is_ok:
        print_aside(
            f"{trial.found.source.account} is a real business, so the signed sample itself was not posted: "
            "its recipes would run. --live posts it."
        )
