"""The letters: the operator's over the shipped ones, checked whole before anything is sent."""

from pathlib import Path
from typing import Any

import pytest

from connector.domain.errors import FaultyFiles
from connector.templates.shelf import CannotWrite, load

CARD = {
    "amount": "$25.00",
    "balance": "$20.00",
    "currency": "USD",
    "code": "ABCD-EFGH",
    "last4": "EFGH",
    "expires": "20 November 2027",
    "validity": "Valid until 20 November 2027.",
    "message": "",
    "sender": "",
    "link": "https://gifts.example.com/c/x",
}
VALUES: dict[str, Any] = {
    "account": {"name": "Glow", "color": "#112233", "logo_url": "", "balance_page": "https://x/balance"},
    "recipient": {"name": "Mia", "first_name": "Mia", "balance": "$1.00"},
    "card": CARD,
}


def folder(tmp_path: Path, **files: str) -> Path:
    made = tmp_path / "templates"
    made.mkdir()
    for name, text in files.items():
        (made / name.replace("__", ".").replace("_", "-")).write_text(text)
    return made


def faults(path: Path) -> list[str]:
    with pytest.raises(FaultyFiles) as caught:
        load(path)
    return [str(fault) for fault in caught.value.faults]


@pytest.mark.parametrize("name", sorted(load().letters))
def test_every_shipped_letter_goes_both_ways_and_tells_the_terms(name: str) -> None:
    """Acceptance, closing table: currency, expiry, balance page and issuer in each delivery."""
    shelf = load()
    mail, text = shelf.write(name, "email", VALUES), shelf.write(name, "sms", VALUES)

    assert shelf.letters[name].ways == ("email", "sms")
    for words in (mail.text, mail.html, text.text):
        assert (
            "Glow" in words
            and "ABCD" not in words
            and "{" not in words.replace("{", "", words.count("{style"))
        )
    if shelf.letters[name].speaks_of_card("email"):
        for words in (mail.text, mail.html):
            assert "USD" in words and "20 November 2027" in words and "https://x/balance" in words
        assert "20 November 2027" in text.text and CARD["link"] in text.text
        assert len(text.text) < 320  # two parts
    assert mail.subject and "\n" not in mail.subject and "\n" not in text.text


def test_a_letter_is_written_in_the_language_asked_for_where_it_is_there(tmp_path: Path) -> None:
    """S004-77: with what stands around it; in any other language it is the letter as it is."""
    shelf = load()

    german = shelf.write("gift-card", "email", VALUES, "de")
    assert german.subject.startswith("Ein Gutschein von") and 'lang="de"' in german.html
    assert (
        "Guthaben" in german.text and "Guten Tag" not in shelf.write("gift-card", "email", VALUES, "it").text
    )
    assert shelf.write("win-back", "sms", VALUES, "de") == shelf.write("win-back", "sms", VALUES)
    assert [shelf.speaks("gift-card", "sms", one) for one in ("de", "en", "it")] == [True, True, False]
    assert "gift-card" in shelf.kinds() and not any("." in name for name in shelf.kinds())


def test_a_letter_that_the_operator_wrote_anew_is_for_readers_of_every_language(tmp_path: Path) -> None:
    own = "Hallo! {{ card.balance }} {{ card.validity }} {{ account.name }} {{ card.link }}"

    shelf = load(folder(tmp_path, gift_card__sms=own))

    assert shelf.write("gift-card", "sms", VALUES, "fr").text.startswith("Hallo!")
    assert shelf.speaks("gift-card", "sms", "fr") is False


def test_a_letter_of_the_operators_goes_before_the_shipped_one(tmp_path: Path) -> None:
    own = folder(
        tmp_path, gift_card__sms="{{ account.name }} {{ card.amount }} {{ card.link }} {{ card.validity }}"
    )
    (own / "notes.md").write_text("{{ not a template }}")
    shelf = load(own)

    assert shelf.write("gift-card", "sms", VALUES).text.startswith("Glow $25.00")
    assert shelf.write("gift-card", "email", VALUES).subject == "A gift card from Glow"
    assert load(tmp_path / "nowhere").letters.keys() == load().letters.keys()


@pytest.mark.parametrize(
    ("name", "text", "fault"),
    [
        ("a__txt", "Hello", "templates/a.txt:1:1: the first line of an e-mail is its subject"),
        ("a__txt", "Subject:  \n\nHello", "templates/a.txt:1:1: the first line of an e-mail is its subject"),
        ("a__txt", "Subject: x\n\n\n{{ card.amonut }}", "templates/a.txt:4:4: card has no 'amonut'"),
        ("a__txt", "Subject: {{ cart }}\n\nx", "templates/a.txt:1:4: there is no 'cart'"),
        ("a__html", "<p>x</p>", "templates/a.html:1:1: an e-mail in HTML needs its text too: a.txt"),
        ("a__sms", "{{ card.code }} {{ card.validity }} {{ account.name }} {{ card.link }} {{ card.amount }}",
         "templates/a.sms:1:1: a card's code does not stand in a text message"),
        ("a__sms", "{{ card.amount }} {{ account.name }} {{ card.link }}",
         "templates/a.sms:1:1: it speaks of a card and does not tell until when it is valid"),
        ("a__sms", "{{ card.amount }} {{ card.link }} {{ card.expires }}",
         "templates/a.sms:1:1: it speaks of a card and does not tell who stands for it"),
        ("a__txt", "Subject: {{ card.code }}\n\n{{ card.link }}", "templates/a.txt:1:1: a card's code"),
        ("A__txt", "Subject: x\n\nx", "templates/A.txt:1:1: a template's name has small letters"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_at_its_place(tmp_path: Path, name: str, text: str, fault: str) -> None:
    assert faults(folder(tmp_path, **{name: text}))[0].startswith(fault)


def test_what_is_no_text_is_told(tmp_path: Path) -> None:
    own = folder(tmp_path)
    (own / "a.txt").write_bytes(b"Subject: \xff\n\n")
    assert faults(own) == ["templates/a.txt:1:1: it cannot be read: it is not UTF-8"]


def test_a_letter_that_needs_a_card_cannot_be_written_without(tmp_path: Path) -> None:
    shelf = load()
    without = {**VALUES, "card": None}

    assert shelf.write("credit-reminder", "email", without).subject == "You have $1.00 at Glow"
    with pytest.raises(CannotWrite, match="gift-card"):
        shelf.write("gift-card", "email", without)
    for name, way in (("no-such", "email"), ("gift-card", "pigeon")):
        with pytest.raises(CannotWrite, match="there is no template"):
            shelf.write(name, way, VALUES)


def test_a_value_in_a_page_is_text(tmp_path: Path) -> None:
    values = {**VALUES, "card": {**CARD, "message": "<script>x</script>", "sender": '"><img src=x>'}}

    html = load().write("gift-card", "email", values).html
    assert "<script>" not in html and "<img src=x>" not in html and "&lt;script&gt;" in html


def test_a_text_that_no_network_takes_cannot_be_written() -> None:
    values = {**VALUES, "account": {**VALUES["account"], "name": "x" * 2_000}}
    with pytest.raises(CannotWrite, match="1600 are the most"):
        load().write("gift-card", "sms", values)
