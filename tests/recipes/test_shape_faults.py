"""Every fault of shape comes with its place, in an operator's words, once."""

import pytest

from .making import VIP, faults_of


@pytest.mark.parametrize(
    ("slip", "line", "fault"),
    [
        (("status: live", "staus: live"), 3, "`staus` is not a key of a recipe: did you mean `status`?"),
        (("status: live", "status: lvie"), 3, "`lvie` is not a status: did you mean `live`?"),
        (("status: live\n", ""), 1, "a recipe needs `status`: draft, shadow, live, paused"),
        (("title: A card for a VIP", "title: 5"), 2, "must be a text"),
        (("title: A card for a VIP", "title: null"), 2, "`title` is null"),
        (("title: A card for a VIP", 'title: ""'), 2, "`title` is empty"),
        (("title: A card for a VIP", f"title: {'x' * 201}"), 2, "too long: 200 at most"),
        (("booking.completed]", "booking.complete]"), 4, "did you mean `booking.completed`?"),
        (("booking.completed]", "schedule.due]"), 4, "a schedule is written in words: `on: {schedule: every"),
        (("booking.completed]", "custom.a b]"), 4, "a custom name has letters"),
        (("booking.completed]", "5]"), 4, "an event type is expected"),
        (("on: [contact.tag_added, booking.completed]", "on: []"), 4, "`on` is empty"),
        (("recipe: vip", "recipe: VIP card"), 1, "does not fit"),
        (("once_per: contact", "once_per: 5.5"), 8, "must be a text"),
        (("once_per: contact", "once_per: {contact: 5}"), 8, "must be a text, or a list"),
        (("once_per: contact", "vars: {1x: 5}"), 8, "`1x` is not a name"),
        (("once_per: contact", "from: []"), 8, "`from` is empty"),
        (("  - name: too early", "  - nam: too early"), 20, "did you mean `name`?"),
        (("    expect: nothing", "    expect: nothin"), 23, "`expect` is `nothing`, or a list of steps"),
        (("    expect: nothing", "    expect: []"), 23, "`expect` is `nothing`, or a list of steps"),
        (("{contact: {tags: [VIP], visits: 4}}", "{contct: {visits: 4}}"), 22, "did you mean `contact`?"),
        (("{contact: {tags: [VIP], visits: 4}}", "5"), 22, "must be a block"),
    ],
)
def test_a_slip_is_one_fault_on_its_line(slip: tuple[str, str], line: int, fault: str) -> None:
    wrong, right = slip
    assert wrong in VIP

    faults = faults_of(VIP.replace(wrong, right, 1))

    told = [each for each in faults if fault in each]
    assert told, faults
    assert told[0].startswith(f"recipes/vip.yaml:{line}:")
    assert len(faults) == 1 or right.startswith(("recipe: V", "{contct", "5"))


def test_faults_of_every_part_are_told_at_once() -> None:
    slips = (
        ("status: live", "staus: live"),
        ("visits >= 5\nonce", "visits = 5\nonce"),
        ("amount: 25.00 USD\n", "amount: 25\n"),
        ("visits: 4", "visit: 4"),
    )
    text = VIP
    for right, wrong in slips:
        text = text.replace(right, wrong, 1)

    assert [each.split(":")[1] for each in faults_of(text)] == ["3", "7", "11", "22"]


def test_one_text_stands_for_a_list_of_one() -> None:
    text = VIP.replace("on: [contact.tag_added, booking.completed]", "on: booking.completed\nfrom: calendly")

    assert faults_of(text) == []


def test_our_own_messages_and_custom_events_can_start_a_recipe() -> None:
    text = VIP.replace("[contact.tag_added,", "[gift_card.redeemed, custom.nightly.run,")

    assert faults_of(text) == []
