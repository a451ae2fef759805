"""What is known again without the words: the same for the same text only, contacts' ids left as they are."""

from connector.domain.keys_kept import kept

MIA, NOOR = "ct_01JD4Z8Q5W6X7Y8Z9A0B1C2D3E", "ct_01JD4Z8Q5W6X7Y8Z9A0B1C2D3F"


def test_a_contact_s_id_alone_is_itself() -> None:
    assert kept(MIA) == MIA


def test_no_word_of_a_text_is_left_in_it() -> None:
    for text in ("mia@example.com", f"{MIA} mia@example.com", f"x{MIA}", f"{MIA}x", f"{MIA.lower()}", ""):
        found = kept(text)
        assert found == kept(text) != text
        assert "mia" not in found
        assert not text.startswith("x") or MIA not in found, "an id within a longer word is no id"


def test_ids_stay_so_that_two_who_become_one_are_one_here() -> None:
    one, other = kept(f"{MIA}:2026:{MIA}"), kept(f"{NOOR}:2026:{NOOR}")

    assert one.replace(MIA, NOOR) == other
    assert kept(f"{MIA}:2027:{MIA}").replace(MIA, NOOR) != other


def test_different_texts_are_kept_differently() -> None:
    texts = [
        "a",
        "b",
        f"{MIA}a",
        f"a{MIA}",
        f"{MIA} a",
        f"{MIA} {NOOR}",
        f"{NOOR} {MIA}",
        f"{MIA} ",
        "\udce9",
    ]

    assert len({kept(text) for text in texts}) == len(texts)
