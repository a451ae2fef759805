"""The parts of a configuration must fit each other."""

from collections.abc import Sequence

import pytest

from connector.config import AccountSettings, SourceSettings
from tests.config.conftest import A_KEY, A_SANDBOX, A_SHOP, A_SOURCE, LEAST, Desk

IN_CLEAR = 'a secret in clear is for sandbox accounts only: write "env:NAME" or "file:PATH"'
RING_IN_CLEAR = f'[secrets]\nkeys = ["{A_KEY}"]\n'


def test_a_sandbox_may_have_its_secrets_in_clear(desk: Desk) -> None:
    settings = desk.load(RING_IN_CLEAR + A_SANDBOX + A_SOURCE + 'secrets = ["wr1tten"]\ncredential = "t0o"\n')
    assert settings.sources[0].secrets == ("wr1tten",)
    assert settings.sources[0].credential == "t0o"
    assert settings.secrets.keys == (b"k" * 32,)


def test_a_business_may_not_have_its_secrets_in_clear(desk: Desk) -> None:
    text = LEAST + A_SHOP + A_SOURCE + 'secrets = ["env:SIGNING", "wr1tten"]\ncredential = "t0o"\n'
    assert desk.faults(text) == [f"10:27: {IN_CLEAR}", f"11:1: {IN_CLEAR}"]


def test_only_true_makes_a_sandbox(desk: Desk) -> None:
    text = LEAST + A_SHOP + 'sandbox = "true"\n' + A_SOURCE + 'secrets = ["wr1tten"]\n'
    assert desk.faults(text) == ["6:1: sandbox: write true or false", f"11:12: {IN_CLEAR}"]


@pytest.mark.parametrize(
    "accounts", ["", A_SHOP, A_SANDBOX + '[[accounts]]\nslug = "real"\ncurrency = "USD"\n']
)
def test_what_all_accounts_share_is_in_clear_only_where_all_are_sandboxes(desk: Desk, accounts: str) -> None:
    sms = '[sms]\nadapter = "webhook"\nurl = "https://sms.example.com"\nsecret = "wr1tten"\n'
    found = desk.faults(RING_IN_CLEAR + sms + accounts)
    assert [fault.partition(IN_CLEAR)[0] for fault in found] == ["2:9: ", "6:1: "]


def test_a_secret_in_clear_is_a_fault_beside_other_faults_of_its_source(desk: Desk) -> None:
    text = LEAST + A_SHOP + A_SOURCE + 'secrets = ["wr1tten", 3]\nrespond = "later"\n'
    assert [fault.split(": ")[0] for fault in desk.faults(text)] == ["10:12", "10:23", "11:1"]


def test_two_accounts_of_one_name_are_a_fault(desk: Desk) -> None:
    assert desk.faults(LEAST + A_SHOP + A_SHOP) == ["7:1: 'shop' stands here a second time"]


def test_two_sources_of_one_name_are_a_fault(desk: Desk) -> None:
    assert desk.faults(LEAST + A_SHOP + A_SOURCE + A_SOURCE) == [
        "12:1: 'shop/calendly' stands here a second time"
    ]


def test_two_accounts_may_each_have_a_source_of_one_name(desk: Desk) -> None:
    other = A_SHOP.replace('"shop"', '"other"')
    settings = desk.load(LEAST + A_SHOP + other + A_SOURCE + A_SOURCE.replace('"shop"', '"other"'))
    assert [(source.account, source.slug) for source in settings.sources] == [
        ("shop", "calendly"),
        ("other", "calendly"),
    ]


@pytest.mark.parametrize(
    ("line", "place", "fault"),
    [
        ('account = "shopp"', 7, "there is no account 'shopp'; did you mean \"shop\"?"),
        ('account = "zzz"', 7, "there is no account 'zzz'"),
        ('adapter = "calendli"', 7, "there is no adapter 'calendli'; did you mean \"calendly\"?"),
        ('adapter = "zzz"', 7, "there is no adapter 'zzz'; there are: calendly, generic, square"),
    ],
)
def test_a_source_names_what_is_there(desk: Desk, line: str, place: int, fault: str) -> None:
    key = line.partition(" ")[0]
    others = [one for one in A_SOURCE.splitlines()[1:] if not one.startswith(key)]
    text = "\n".join([LEAST + A_SHOP + "[[sources]]", line, *others])
    assert desk.faults(text) == [f"{place}:1: {fault}"]


def test_a_faulty_account_does_not_make_its_sources_faulty(desk: Desk) -> None:
    text = LEAST + '[[accounts]]\nslug = "shop"\n' + A_SOURCE
    assert desk.faults(text) == ["3:1: currency is missing"]


def test_a_cap_is_a_sum_in_the_currency_of_every_account(desk: Desk) -> None:
    yen = '[[accounts]]\nslug = "tokyo"\ncurrency = "JPY"\n'
    assert desk.load(LEAST + '[caps]\nper_card = "2000.00"\n' + A_SHOP + yen)
    [fault] = desk.faults(LEAST + '[caps]\nper_card = "2000.50"\n' + A_SHOP + yen)
    assert fault.startswith("4:1: ")
    assert "JPY" in fault


@pytest.mark.parametrize(
    ("lines", "fault"),
    [
        ('EUR = "0.92"', "3:1: base is missing: in which currency are the others told?"),
        ('base = "USD"\nUSD = "1"', "5:1: the base itself has no rate"),
        ('base = "USD"\nEURO = "0.92"', "5:1: 'EURO' is not a currency; did you mean \"EUR\"?"),
        (
            'base = "USD"\nEUR = 0.92',
            '5:1: EUR: 0.92 is not a rate of exchange: write it in quotes like "0.92"',
        ),
        (
            'base = "usd"',
            "4:1: base: 'usd' is not an ISO 4217 currency code: write three capital letters, such as \"USD\"",
        ),
    ],
)
def test_rates_of_exchange_need_a_base_and_currencies(desk: Desk, lines: str, fault: str) -> None:
    assert desk.faults(f"{LEAST}[exchange_rates]\n{lines}\n") == [fault]


def test_an_adapter_names_its_own_faults_and_they_get_their_place(desk: Desk) -> None:
    asked: list[tuple[str, str]] = []

    def check(source: SourceSettings, account: AccountSettings) -> Sequence[str]:
        asked.append((source.slug, account.currency))
        return ["fields.email: a path is needed", "currency: this platform sends none", "unheard: of"]

    text = LEAST + A_SHOP + A_SOURCE + '[sources.options.fields]\nphone = "p"\nemail = "e"\n'

    assert desk.faults(text, check) == [
        "6:1: currency: this platform sends none",
        "10:1: unheard: of",
        "12:1: fields.email: a path is needed",
    ]
    assert asked == [("calendly", "USD")]


def test_an_adapter_is_asked_of_sound_sources_only(desk: Desk) -> None:
    def check(source: SourceSettings, account: AccountSettings) -> Sequence[str]:
        raise AssertionError(f"{source.slug} of {account.slug}")

    assert len(desk.faults(LEAST + A_SHOP + A_SOURCE + "respond = 3\n", check)) == 1
    assert len(desk.faults(LEAST + A_SHOP + A_SOURCE.replace("calendly", "zzz"), check)) == 1
    assert len(desk.faults(LEAST + A_SHOP.replace("USD", "usd") + A_SOURCE, check)) == 1
