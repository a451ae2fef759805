"""GET and POST /balance/<account>: what is left on a card, for whoever types its code.

The one rule: the code goes in a body and comes back in no page, address or log; and a code that nobody has
gets one answer, and is counted with every other guess of that address.
"""

from html import escape
from typing import Final

from flask import Flask, Response, request

from ...domain.errors import RateLimited, UnknownCode
from ...flows.balance_pages import MAX_CODE, Issuer, ShownBalance
from ...flows.gateway import Gateway
from ...flows.letter_values import page_locale
from ..access import Gate
from .frame import framed, lang_of, lost_answer, page_answer, wished
from .words import words_of

_FORM: Final = """<form method="post" action="/balance/{slug}">
<label for="code">{ask}</label>
<input id="code" name="code" required maxlength="{longest}" autocomplete="off" autocapitalize="characters"
 spellcheck="false" autofocus>
<button>{see}</button>
</form>
<footer><p>{where}</p></footer>
"""
_GOOD: Final = """<section class="value" role="status">
<p class="balance">{balance}</p>
<p class="of">{ends_in}</p>
<p class="of">{validity}{from_when}{trial}</p>
</section>
"""
_NOTE: Final = """<section class="ended" role="status">
<p>{why}</p>
</section>
"""


def install(app: Flask, gateway: Gateway, gate: Gate) -> None:
    """Add the routes; /balance is the only account's. A stranger's requests, and wrong codes guesses."""
    pages = gateway.balance_pages

    def empty(account: str = "") -> Response:
        gate.count_stranger()
        issuer = pages.issuer(account) if account else pages.only_issuer()
        return lost_answer() if issuer is None else _answer(issuer, page_locale(*wished()))

    def asked(account: str) -> Response:
        gate.count_stranger()
        issuer, locale = pages.issuer(account), page_locale(*wished())
        if issuer is None:
            return lost_answer()
        try:
            with gate.stranger_looking(account):
                found = pages.shown(account, request.form.get("code", ""), wished())
        except UnknownCode:
            why = _NOTE.format(why=escape(words_of(locale).unknown.format(issuer=issuer.name)))
            return _answer(issuer, locale, why, 404)
        except RateLimited as spent:
            return _wait(issuer, locale, spent)
        return _answer(issuer, locale, _found(found))

    app.add_url_rule("/balance", "balance.only", empty, methods=["GET"])
    app.add_url_rule("/balance/<slug:account>", "balance", empty, methods=["GET"])
    app.add_url_rule("/balance/<slug:account>", "balance.asked", asked, methods=["POST"])


def balance_page(issuer: Issuer, locale: str, found: str = "") -> tuple[str, str]:
    """The page, and the policy under which a browser may show it."""
    words = words_of(locale)
    form = _FORM.format(
        slug=issuer.slug,
        ask=escape(words.other_code if found else words.your_cards_code),
        see=escape(words.see),
        where=escape(words.where_code),
        longest=MAX_CODE,
    )
    return framed(
        lang=lang_of(locale),
        title=words.balance_title.format(issuer=issuer.name),
        kind=words.balance,
        issuer=issuer.name,
        color=issuer.color,
        body=found + form,
        allows="form-action 'self'",
        assets="/c/",
    )


def _found(card: ShownBalance) -> str:
    words = words_of(card.locale)
    if not card.balance:
        return _NOTE.format(why=escape(words.why_balance[card.state].format(last4=card.last4)))
    from_when = f" {words.usable_from.format(day=card.usable_from)}" if card.state == "pending" else ""
    return _GOOD.format(
        balance=escape(card.balance),
        ends_in=escape(words.ends_in.format(last4=card.last4)),
        validity=escape(card.validity),
        from_when=escape(from_when),
        trial=f"<br><strong>{escape(words.trial)}</strong>" if card.is_sandbox else "",
    )


def _wait(issuer: Issuer, locale: str, spent: RateLimited) -> Response:
    words = words_of(locale)
    seconds = 60.0 if spent.retry_after is None else spent.retry_after.total_seconds()
    minutes = max(1, -(-int(seconds) // 60))
    told = words.too_many.format(wait=words.minute if minutes == 1 else words.minutes.format(minutes=minutes))
    answer = _answer(issuer, locale, _NOTE.format(why=escape(told)), spent.status)
    answer.headers["Retry-After"] = str(max(1, round(seconds)))
    return answer


def _answer(issuer: Issuer, locale: str, found: str = "", status: int = 200) -> Response:
    return page_answer(*balance_page(issuer, locale, found), status)
