"""Which account of a platform a delivery is of, where one secret signs for several.

The one rule: what is compared stands in what was signed, save where an adapter says otherwise; a
source that names no account takes all that its secret signs.
"""

from collections.abc import Sequence

from ..domain.inbound import Source

MAX_NAMED = 100  # accounts of one source: an app's own shops, not all of a platform's


def is_ours(source: Source, option: str, told: object) -> bool:
    """Whether `told`, of the payload, is what the source's option names; all is where it names none."""
    if option not in source.options:
        return True
    is_word = isinstance(told, str | int) and not isinstance(told, bool)
    return is_word and str(told).strip().casefold() in {one.casefold() for one in _named(source, option)}


def faults(source: Source, option: str) -> list[str]:
    """What is wrong with the option that names the account."""
    if option not in source.options:
        return []
    named = source.options[option]
    count = len(named) if isinstance(named, Sequence) and not isinstance(named, str) else 1
    is_good = 0 < count <= MAX_NAMED and len(_named(source, option)) == count
    return [] if is_good else [f"{option}: write the account's id, or a list of 1 to {MAX_NAMED}"]


def _named(source: Source, option: str) -> list[str]:
    named = source.options[option]
    listed = named if isinstance(named, Sequence) and not isinstance(named, str) else [named]
    texts = [str(one).strip() for one in listed if isinstance(one, str | int) and not isinstance(one, bool)]
    return [one for one in texts if one]
