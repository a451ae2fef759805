"""The money audit's judgement, fed with each way in which a gateway can lose or double."""

from dataclasses import replace

import pytest

from tests.kit.audit import Facts, Message, judge
from tests.kit.journal import Answer, Deed, Told

SOUND = Facts(
    deeds={
        "booked": Deed("booked", b"", 2500),
        "cut-off": Deed("cut-off", b"", 2500),
        "spent": Deed("spent", b"", -1, "gc_till"),
        "too-much": Deed("too-much", b"", -1, "gc_till"),
    },
    first={
        "booked": Answer(Told.ACK, "gc_1", status=200),
        "cut-off": Answer(Told.UNKNOWN),
        "spent": Answer(Told.ACK, "tr_1", status=200),
        "too-much": Answer(Told.NO, status=409),
    },
    again={
        "booked": Answer(Told.ACK, "gc_1", True, 200),
        "cut-off": Answer(Told.ACK, "gc_2", False, 200),
        "spent": Answer(Told.ACK, "tr_1", True, 200),
        "too-much": Answer(Told.NO, status=409),
    },
    before={"gc_till": 99, "gc_1": 2500},
    after={"gc_till": 99, "gc_1": 2500, "gc_2": 2500},
    opening={"gc_till": 100},
    messages=(
        Message("msg_1", b"one", "gc_1"),
        Message("msg_1", b"one", "gc_1"),
        Message("msg_2", b"two", "gc_2"),
        Message("msg_3", b"three", "tr_1"),
    ),
)


def told_again(**answers: Answer) -> Facts:
    return replace(
        SOUND, again={**SOUND.again, **{key.replace("_", "-"): one for key, one in answers.items()}}
    )


def arrived(*messages: Message) -> Facts:
    assert SOUND.messages is not None
    return replace(SOUND, messages=(*SOUND.messages, *messages))


def test_a_sound_run_has_no_fault() -> None:
    assert judge(SOUND) == []


def test_what_was_cut_off_may_have_happened_or_not() -> None:
    assert judge(told_again(cut_off=Answer(Told.ACK, "gc_2", True, 200))) == []


def test_what_was_accepted_may_be_done_later() -> None:
    accepted = replace(SOUND, first={**SOUND.first, "booked": Answer(Told.ACK, "", status=202)})

    assert judge(accepted) == []


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        (
            replace(SOUND, before={"gc_till": 99}),
            "lost: booked was acknowledged with gc_1, and nothing of it",
        ),
        (
            replace(SOUND, after={"gc_till": 99, "gc_2": 2500}),
            "lost: card gc_1 is not there",
        ),
        (
            told_again(booked=Answer(Told.ACK, "gc_3", False, 200)),
            "lost: booked was acknowledged with gc_1; sent again it gave gc_3 anew",
        ),
        (
            told_again(spent=Answer(Told.ACK, "tr_2", True, 200)),
            "lost: spent was acknowledged with tr_1; sent again it gave tr_2 anew",
        ),
        (
            told_again(spent=Answer(Told.ACK, "tr_1", False, 200)),
            "lost: spent was acknowledged with tr_1; sent again",
        ),
        (told_again(spent=Answer(Told.NO, status=404)), "lost: spent was acknowledged, and refused"),
        (told_again(cut_off=Answer(Told.UNKNOWN, status=503)), "unsettled: cut-off was never answered"),
        (told_again(cut_off=Answer(Told.ACK, "", True, 200)), "unsettled: cut-off was never answered"),
        (told_again(cut_off=Answer(Told.ACK, "gc_1", True, 200)), "doubled: cut-off and booked share"),
        (
            replace(SOUND, after={**SOUND.after, "gc_3": 2500}),
            "doubled: card gc_3 belongs to nothing that was sent",
        ),
        (
            replace(SOUND, after={**SOUND.after, "gc_till": 98}),
            "wrong: card gc_till has 98, its deeds leave 99",
        ),
        (replace(SOUND, after={**SOUND.after, "gc_1": 5000}), "wrong: card gc_1 has 5000"),
        (replace(SOUND, messages=()), "lost: nobody was told of gc_1"),
        (arrived(Message("msg_1", b"other", "gc_1")), "doubled: message msg_1 came with two bodies"),
        (arrived(Message("msg_4", b"one", "gc_1")), "doubled: gc_1 was told by msg_4 and msg_1"),
        (arrived(Message("msg_4", b"four", "gc_9")), "doubled: msg_4 tells of gc_9, which nothing made"),
        (arrived(Message("msg_1", b"one", "gc_1", is_signed=False)), "wrong: message msg_1 has no signature"),
    ],
)
def test_each_loss_and_each_doubling_is_named(facts: Facts, said: str) -> None:
    assert any(fault.startswith(said) for fault in judge(facts)), judge(facts)
