"""A first recipe for each platform: it loads, its tests pass, and it does what it says to a real delivery."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from connector.adapters import registry
from connector.domain.errors import ValidationFailed
from connector.domain.inbound import Request
from connector.flows import recipe_files
from connector.flows.first_recipes import file_of, first_recipe
from connector.flows.performing import step_specs
from connector.flows.source_pages import pages
from connector.recipes.library import Library
from tests.kit.house import ACCOUNT, ADDRESS, PUBLIC_URL, House, open_house
from tests.kit.pages import code

STARTS = {name: one.guide.start for name, one in registry.adapters().items()}
NAMELESS = {"simplybook", "hubspot", "highlevel", "vagaro", "square"}  # an id alone, until the API is asked


def test_every_platform_s_recipe_is_good_and_its_tests_pass(tmp_path: Path) -> None:
    for name, start in STARTS.items():
        (tmp_path / file_of(name, start)).write_text(first_recipe(name, start))
    library = Library(tmp_path, step_specs())

    entries = library.load().entries

    assert [(one.status, one.errors, one.warnings) for one in entries] == [("draft", (), ())] * len(STARTS)
    for each in recipe_files.tested(library):
        assert each.results and all(message is None for _, message in each.results), each
    live = {one.name for one in tmp_path.glob("*.yaml")}
    assert len(live) == len(STARTS)


@pytest.fixture
def live(tmp_path: Path, sqlite_url: str) -> Iterator[House]:
    """A house where all of them are live and nothing is sent by e-mail."""
    texts = {}
    for name, start in STARTS.items():
        text = first_recipe(name, start).replace("status: draft", "status: live ")
        texts[file_of(name, start).removesuffix(".yaml")] = text.replace(", delivery: email", "")
    house = open_house(tmp_path, sqlite_url, recipes=texts)
    yield house
    house.gateway.close()


def test_a_sample_of_the_platform_sets_it_off(live: House) -> None:
    assert {one["status"] for one in live.gateway.recipes()} == {"live"}
    for name, start in STARTS.items():
        if start not in registry.adapters()[name].samples:
            continue  # a booking's end, which time brings
        runs = live.send(name, start, is_new=True).body["runs"]
        [run] = [one for one in runs if one["recipe"].startswith(f"{name}-")]
        if run["outcome"] == "not_matched":
            assert name in NAMELESS and "contact.email is not missing" in run["reason"], run
        else:
            assert run["outcome"] == "done", run


def test_the_body_that_a_page_shows_ends_in_a_card_as_its_steps_say(live: House) -> None:
    """Posted as a newcomer pastes it, with the secret in the header; HighLevel's stands in its first step."""
    shown = {name: code(text, "json") for name, text in pages().items()}
    bodies = {name.removesuffix(".md"): found[0] for name, found in shown.items() if found}
    [step] = re.findall(r"`(\{\"type.*?\})`\.", registry.find("highlevel").guide.steps[0])
    bodies["highlevel"] = step.replace("{{appointment.id}}", "a-1").replace(
        "{{contact.email}}", "mia@example.com"
    )
    assert set(bodies) == {"generic", "highlevel", "make", "n8n", "standard", "zapier"}
    for name, body in bodies.items():
        headers = {"content-type": "application/json", "authorization": f"Bearer {live.secrets[name]}"}
        url = f"{PUBLIC_URL}/hooks/{ACCOUNT}/{name}"
        request = Request("POST", url, headers, body.encode(), ADDRESS, live.clock.now())
        if name == "standard":
            request = live.signed(name, STARTS[name], body=body.encode())
        [run] = [
            one for one in live.receive(name, request).body["runs"] if one["recipe"].startswith(f"{name}-")
        ]
        assert (run["outcome"], run["outputs"]["card"] is not None) == ("done", True), (name, run)


def test_a_platform_s_recipe_starts_on_what_it_can_tell_of() -> None:
    for name, adapter in registry.adapters().items():
        can = {*adapter.samples, *(["booking.completed"] if adapter.never_completes else [])}
        assert adapter.guide.start in can, name


def test_there_is_none_for_every_event() -> None:
    with pytest.raises(ValidationFailed):
        first_recipe("calendly", "schedule.due")


def test_what_a_purchase_gave_goes_back_with_its_refund(live: House) -> None:
    """Nobody keeps a tenth of what they returned; of Shopify and Stripe the refund names nobody."""
    refunds = {"order.paid": "order.refunded", "payment.succeeded": "payment.refunded"}
    for name in ("shopify", "stripe", "woocommerce", "commercelayer"):
        assert live.send(name, STARTS[name]).body["runs"][0]["outcome"] == "done", name
        assert sum(one["balance"] for one in live.cards()) > 0, name

        live.send(name, refunds[STARTS[name]])

        assert sum(one["balance"] for one in live.cards()) == 0, name
