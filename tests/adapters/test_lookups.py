"""Questions to platforms' APIs: ids stay ids, and the credential goes where the operator meant it to go."""

from typing import Any
from urllib.parse import unquote

import pytest

from connector.adapters import lookups
from connector.domain.errors import NotUnderstood

from .deliveries import a_source


def test_a_credential_of_several_parts_says_how_it_is_written() -> None:
    assert lookups.parts_of("a:b:c:d", ("company", "key", "secret")) == ["a", "b", "c:d"]
    for wrong in ("", "a", "a:b", "a::c", "::"):
        with pytest.raises(NotUnderstood, match="company:key:secret"):
            lookups.parts_of(wrong, ("company", "key", "secret"))


@pytest.mark.parametrize("told", ["4711", "abc-DEF_1", "YcuoP43A7DPCKddsoMuIXw==", "a:b@c", "v1.2"])
def test_an_id_is_one_part_of_a_path(told: str) -> None:
    assert unquote(lookups.path_part(told, "id")) == told


@pytest.mark.parametrize(
    "told", ["", ".", "..", "...", "a/b", "a\\b", "a?b", "a#b", "a b", "%2e", "é", "a\n", "a" * 201]
)
def test_what_is_no_part_of_a_path_is_refused(told: str) -> None:
    with pytest.raises(NotUnderstood, match="no id"):
        lookups.path_part(told, "id")


@pytest.mark.parametrize(
    "named",
    [
        *("", 7, None, [], "api.example.com", "ftp://api.example.com", "https://me@api.example.com"),
        *("https://api.example.com/v1?key=1", "https://api.example.com/#a", "https://api.example.com/../v2"),
        *("https://api.example.com/a/./b", "https://", "https://api.example.com/a b", "https://a.example\n"),
    ],
)
def test_an_api_s_address_that_is_none_is_a_fault_and_is_asked_nothing(named: Any) -> None:
    source = a_source("acuity", api_url=named)
    assert lookups.api_url(source, "https://usual.example.com/v1") == "https://usual.example.com/v1"
    faults = lookups.api_faults(source)
    assert [fault[:9] for fault in faults] == ([] if named is None else ["api_url: "])


@pytest.mark.parametrize(
    "named", ["https://api.example.com", "http://127.0.0.1:9/v1/", "https://[::1]:8443/a.b/c"]
)
def test_an_api_may_be_elsewhere(named: str) -> None:
    source = a_source("acuity", api_url=named)
    assert (lookups.api_faults(source), lookups.api_url(source, "x")) == ([], named.rstrip("/"))
