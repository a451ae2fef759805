"""A folder of 200 recipes as large ones are, good ones or with three slips each."""

from pathlib import Path
from typing import Final

COUNT: Final = 200
TEXT: Final = """\
recipe: {name}
title: A card for a VIP
status: live
on: [contact.tag_added, booking.completed]
if:
  - contact.tags has "VIP"
  - contact.visits >= {visits}
once_per: contact
do:
  - issue_card:
      amount: 25.00 USD
      expires: 12 months
      note: VIP since visit ${{{{ contact.visits }}}}
tests:
  - name: a VIP
    event: booking.completed
    given: {{contact: {{tags: [VIP], visits: {visits}}}}}
    expect:
      - issue_card: {{amount: 25.00 USD}}
  - name: too early
    event: booking.completed
    given: {{contact: {{tags: [VIP], visits: 0}}}}
    expect: nothing
"""
SLIPS: Final = (
    ("booking.completed]", "bookin.completed]"),
    (">=", "="),
    ("amount: 25.00 USD\n", "amuont: 25\n"),
)


def written(folder: Path, *, with_slips: bool) -> Path:
    """The folder of recipes, made in `folder`."""
    place = folder / "recipes"
    place.mkdir()
    for number in range(COUNT):
        text = TEXT.format(name=f"r{number}", visits=number + 1)
        for right, wrong in SLIPS if with_slips else ():
            text = text.replace(right, wrong, 1)
        (place / f"r{number}.yaml").write_text(text, "utf-8")
    return place
