"""Mail: over TLS or not at all, in its time, and whatever the server does ends in a result."""

import ssl
from collections import Counter
from pathlib import Path
from urllib.parse import quote

import pytest

from connector.domain.errors import FaultyFiles
from connector.domain.notifications import Later, Refused, Sending, Taken, Written
from connector.outside.smtp import MAX_LETTERS, Mailer, MailServer, Patience, message_of, read_own
from tests.kit.clock import THE_MOMENT, FixedClock
from tests.kit.mailbox import PASSWORD, USER, Mailbox, Silence
from tests.kit.tls import Issuer

FROM = "Glow Spa <gifts@example.com>"
WRITTEN = Written("Hello Mia\n", "A gift card for you", "<p>Hello Mia</p>")
SENDING = Sending("ntf_01", "mia@example.com", WRITTEN, "Glow Spa", "Mia Ä")


def mailer(url: str, **how: object) -> Mailer:
    patience = Patience(step_s=5.0, total_s=float(str(how.pop("total_s", 10.0))))
    return Mailer(MailServer(url, FROM, **how), FixedClock(), patience)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def issuer(tmp_path_factory: pytest.TempPathFactory) -> Issuer:
    return Issuer(tmp_path_factory.mktemp("tls"))


@pytest.fixture(scope="module")
def context(issuer: Issuer) -> ssl.SSLContext:
    return issuer.context("127.0.0.1", "localhost")


def test_a_message_arrives_whole_with_text_and_page() -> None:
    with Mailbox() as box:
        result = mailer(box.url, reply_to="help@example.com").send(SENDING)

    assert result == Taken("<ntf_01@example.com>")
    [mail] = box.mails
    assert (mail.sender, mail.to) == ("gifts@example.com", ["mia@example.com"])
    told = mail.message
    assert told["From"] == FROM
    assert told["To"] == "Mia Ä <mia@example.com>"
    assert told["Reply-To"] == "help@example.com"
    assert told["Subject"] == "A gift card for you"
    assert told["Message-ID"] == "<ntf_01@example.com>"
    assert told["Date"].datetime == THE_MOMENT
    assert told["Auto-Submitted"] == "auto-generated"
    assert mail.part("plain") == "Hello Mia\n"
    assert "<p>Hello Mia</p>" in mail.part("html")


def test_starttls_is_taken_up_with_name_and_password(issuer: Issuer, context: ssl.SSLContext) -> None:
    with Mailbox(context, needs_login=True) as box:
        url = box.url.replace("//", f"//{USER}:{quote(PASSWORD, safe='')}@")
        assert isinstance(mailer(url, ca_file=str(issuer.file)).send(SENDING), Taken)
        wrong = mailer(box.url.replace("//", f"//{USER}:wrong-one@"), ca_file=str(issuer.file)).send(SENDING)

    assert len(box.mails) == 1
    assert isinstance(wrong, Later) and wrong.reason == "smtp_535"  # somebody mends the password
    assert "wrong-one" not in wrong.detail


def test_tls_from_the_first_byte(issuer: Issuer, context: ssl.SSLContext) -> None:
    with Mailbox(context, wrapped=True) as box:
        assert isinstance(mailer(box.url, ca_file=str(issuer.file)).send(SENDING), Taken)


def test_a_certificate_that_is_not_trusted_gets_nothing(tmp_path: Path, context: ssl.SSLContext) -> None:
    stranger = Issuer(tmp_path, "stranger")
    for wrapped in (False, True):
        with Mailbox(context, wrapped=wrapped) as box:
            result = mailer(box.url, ca_file=str(stranger.file)).send(SENDING)
        assert isinstance(result, Later) and result.reason == "tls_not_trusted"
        assert box.mails == []


def test_nothing_goes_in_clear_where_tls_is_wanted(issuer: Issuer) -> None:
    with Mailbox() as box:
        result = mailer(box.url, ca_file=str(issuer.file)).send(SENDING)
        assert isinstance(result, Later) and result.reason == "starttls_not_offered"
        assert box.mails == []

        allowed = mailer(box.url, ca_file=str(issuer.file), may_be_plain=True).send(SENDING)
        assert isinstance(allowed, Taken)


@pytest.mark.parametrize(
    ("answer", "kind", "reason"),
    [
        ("450 4.2.0 greylisted, come back", Later, "smtp_450"),
        ("452 4.2.2 mailbox full", Later, "smtp_452"),
        ("550 5.1.1 <mia@example.com> is unknown here", Refused, "smtp_550"),
        ("530 5.7.0 log in first", Later, "smtp_530"),
    ],
)
def test_what_a_server_says_of_the_recipient(answer: str, kind: type, reason: str) -> None:
    with Mailbox() as box:
        box.answers_recipients(answer)
        result = mailer(box.url).send(SENDING)

    assert isinstance(result, kind)
    assert isinstance(result, Later | Refused) and result.reason == reason
    assert "mia@example.com" not in result.detail
    assert box.mails == []


def test_what_a_server_says_of_the_message() -> None:
    with Mailbox() as box:
        box.answers_data("451 4.3.0 try again", "554 5.7.1 spam")
        later, refused = mailer(box.url).send(SENDING), mailer(box.url).send(SENDING)

    assert isinstance(later, Later) and later.reason == "smtp_451"
    assert isinstance(refused, Refused) and refused.reason == "smtp_554"


def test_a_server_that_dies_after_the_message_may_have_it_and_gets_it_again_under_the_same_name() -> None:
    with Mailbox() as box:
        box.dies_after_data()
        first, second = mailer(box.url).send(SENDING), mailer(box.url).send(SENDING)

    assert first == Later("connection_closed")
    assert isinstance(second, Taken)
    assert len({str(mail.message["Message-ID"]) for mail in box.mails}) == 1 and len(box.mails) == 2


def test_letters_that_follow_each_other_go_over_one_connection(
    issuer: Issuer, context: ssl.SSLContext
) -> None:
    """Up to fifty: the name, TLS and the password cost more than the letter."""
    with Mailbox(context, needs_login=True) as box:
        ours = mailer(
            box.url.replace("//", f"//{USER}:{quote(PASSWORD, safe='')}@"), ca_file=str(issuer.file)
        )
        for _ in range(MAX_LETTERS + 2):
            assert isinstance(ours.send(SENDING), Taken)

    taken = Counter(mail.connection for mail in box.mails)
    assert list(taken.values()) == [MAX_LETTERS, 2]


def test_what_is_wrong_with_one_letter_spoils_neither_the_next_nor_the_connection() -> None:
    with Mailbox() as box:
        ours = mailer(box.url)
        box.answers_data("554 5.7.1 spam")
        refused = [ours.send(SENDING)]
        box.answers_recipients("550 5.1.1 unknown")
        refused.append(ours.send(SENDING))
        taken = [ours.send(SENDING), ours.send(SENDING)]

    assert [one.reason for one in refused if isinstance(one, Refused)] == ["smtp_554", "smtp_550"]
    assert all(isinstance(one, Taken) for one in taken)
    assert len({mail.connection for mail in box.mails}) == 1


@pytest.mark.parametrize(
    ("answer", "second"),
    [
        ("421 4.7.0 enough for one connection", Taken("<ntf_01@example.com>")),
        ("550 5.7.1 not you", Refused("smtp_550", "5.7.1 not you")),
        ("", Later("connection_closed")),
    ],
)
def test_a_kept_connection_that_has_had_enough_is_left_for_a_new_one(answer: str, second: object) -> None:
    """Only where nothing of the letter was told: what may have arrived is tried again at its time."""
    with Mailbox() as box:
        ours = mailer(box.url)
        assert isinstance(ours.send(SENDING), Taken)
        box.answers_senders(answer)
        assert ours.send(SENDING) == second
        assert isinstance(ours.send(SENDING), Taken)

    assert len({mail.connection for mail in box.mails}) == 2


def test_a_kept_connection_that_was_closed_meanwhile_is_not_used() -> None:
    with Mailbox() as box:
        ours = mailer(box.url)
        box.dies_after_data()
        ours.send(SENDING)
        assert isinstance(ours.send(SENDING), Taken)
        box.hang_up()
        assert isinstance(ours.send(SENDING), Taken)

    assert len({mail.connection for mail in box.mails}) == 3


def test_a_server_that_says_nothing_is_left_when_the_time_is_over() -> None:
    with Silence() as silence:
        url = silence.url
        assert mailer(url, total_s=0.2).send(SENDING) == Later("timeout")
    assert mailer(url).send(SENDING) == Later("connection_refused")


@pytest.mark.parametrize(
    ("sender", "reply_to"),
    [("Spa, Glow <gifts@example.com>", ""), ("Glow Spa gifts@example.com", ""), ("", ""), (FROM, "help")],
)
def test_a_sender_of_ours_that_is_none_fails_no_mail_for_good(sender: str, reply_to: str) -> None:
    one = Mailer(MailServer("smtp://127.0.0.1:1", sender, reply_to), FixedClock())

    result = one.send(SENDING)

    assert isinstance(result, Later) and result.reason == "sender_not_valid"


@pytest.mark.parametrize(
    "to", ["", "mia", "mia@", "@example.com", "a b@example.com", "a@b@example.com\r\nX: y"]
)
def test_what_is_no_address_is_refused_before_anything_is_dialled(to: str) -> None:
    result = mailer("smtp://127.0.0.1:1").send(Sending("ntf_01", to, WRITTEN))

    assert isinstance(result, Refused) and result.reason == "address_not_valid"


@pytest.mark.parametrize(
    "words",
    [
        "Mia\r\nBcc: eve@example.com",
        "Mia\nBcc: eve@example.com\n\nbody",
        "=?utf-8?q?Mia=0d=0aBcc:_eve@example.com?=",
        "Mia\u2028Bcc: eve@example.com",
        '"Mia" <eve@example.com>, ',
        "x" * 5_000,
        "\x00\x1b[31m",
    ],
)
def test_hostile_names_and_subjects_add_no_header_and_no_recipient(words: str) -> None:
    sending = Sending("ntf_01", "mia@example.com", Written("Hello\n", words), "Glow\r\nBcc: a@b.c", words)
    with Mailbox() as box:
        server = MailServer(box.url, "gifts@example.com")
        assert isinstance(Mailer(server, FixedClock()).send(sending), Taken)

    [mail] = box.mails
    head = mail.raw.replace(b"\r\n", b"\n").partition(b"\n\n")[0]
    names = [
        line.partition(b":")[0].lower() for line in head.split(b"\n") if not line.startswith((b" ", b"\t"))
    ]
    assert b"bcc" not in names and len(names) == len(set(names))
    assert mail.to == ["mia@example.com"]
    assert [one.addr_spec for one in mail.message["To"].addresses] == ["mia@example.com"]
    assert mail.message["From"].addresses[0].display_name == "Glow Bcc: a@b.c"


def test_an_international_domain_is_written_as_dns_has_it() -> None:
    sending = Sending("ntf_01", "mia@bücher.example", WRITTEN)

    assert message_of(sending, read_own(MailServer("smtp://x", FROM)), THE_MOMENT)["To"].addresses[
        0
    ].domain == ("xn--bcher-kva.example")


def test_issuers_that_cannot_be_read_stop_the_start(tmp_path: Path) -> None:
    (tmp_path / "no.pem").write_text("nothing")
    with pytest.raises(FaultyFiles):
        mailer("smtp://mail.example.com", ca_file=str(tmp_path / "no.pem"))
