"""A source to begin with for each platform: fresh secrets, and words that can be pasted."""

import tomllib

import pytest

from connector.domain.errors import ValidationFailed
from connector.flows.first_sources import blocks_of, first_sources, platforms

BASE = "https://gifts.example.com/"


def test_each_has_its_url_its_secret_and_the_steps_with_both_in_their_places() -> None:
    for one in first_sources(list(platforms()), BASE):
        assert one.url == f"https://gifts.example.com/hooks/my-shop/{one.adapter}"
        told = " ".join(one.steps)
        assert one.url in told and "<url>" not in told and "<secret>" not in told
        assert one.gives_secret or one.secret in told, one.adapter
        assert one.recipe.startswith(f"recipe: {one.recipe_file.removesuffix('.yaml')}\n")


def test_the_blocks_name_the_secrets_files_and_hold_none() -> None:
    sources = first_sources(["zapier", "calendly", "zapier"], BASE)

    blocks = tomllib.loads(blocks_of(sources))["sources"]

    assert [one["slug"] for one in blocks] == ["zapier", "calendly"]
    assert [one["secrets"] for one in blocks] == [["file:secrets/zapier"], ["file:secrets/calendly"]]
    assert not [one for one in sources if one.secret in blocks_of(sources) + repr(sources)]


def test_a_secret_is_another_one_each_time() -> None:
    assert first_sources(["zapier"], BASE)[0].secret != first_sources(["zapier"], BASE)[0].secret


def test_an_unknown_platform_names_the_nearest() -> None:
    with pytest.raises(ValidationFailed, match="did you mean 'calendly'"):
        first_sources(["calendy"], BASE)
