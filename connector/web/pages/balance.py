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
from .. import problems
from ..access import Gate
from .frame import framed, page_answer

_FORM: Final = """<form method="post" action="/balance/{slug}">
<label for="code">{ask}</label>
<input id="code" name="code" required maxlength="{longest}" autocomplete="off" autocapitalize="characters"
 spellcheck="false" autofocus>
<button>See the balance</button>
</form>
<footer><p>The code stands on the card, or on the page that your e-mail leads to.</p></footer>
"""
_GOOD: Final = """<section class="value" role="status">
<p class="balance">{balance}</p>
<p class="of">on the card that ends in {last4}</p>
<p class="of">{validity}{from_when}{trial}</p>
</section>
"""
_NOTE: Final = """<section class="ended" role="status">
<p>{why}</p>
</section>
"""
_WHY: Final = {
    "expired": "The card that ends in {last4} has expired.",
    "disabled": "The card that ends in {last4} is switched off.",
    "removed": "The card that ends in {last4} is no longer valid.",
}
_UNKNOWN: Final = "{issuer} has no gift card with this code. Look at it once more: letters and digits count."
_TOO_MANY: Final = "Too many codes were tried from where you are. Come back in {minutes}."


def install(app: Flask, gateway: Gateway, gate: Gate) -> None:
    """Add the routes. They count as a stranger's requests, and wrong codes as guesses."""
    pages = gateway.balance_pages

    def empty(account: str) -> Response:
        gate.count_stranger()
        issuer = pages.issuer(account)
        return problems.lost_page() if issuer is None else _answer(issuer)

    def asked(account: str) -> Response:
        gate.count_stranger()
        issuer = pages.issuer(account)
        if issuer is None:
            return problems.lost_page()
        try:
            with gate.stranger_looking(account):
                found = pages.shown(account, request.form.get("code", ""))
        except UnknownCode:
            return _answer(issuer, _NOTE.format(why=escape(_UNKNOWN.format(issuer=issuer.name))), 404)
        except RateLimited as spent:
            return _wait(issuer, spent)
        return _answer(issuer, _found(found))

    app.add_url_rule("/balance/<slug:account>", "balance", empty, methods=["GET"])
    app.add_url_rule("/balance/<slug:account>", "balance.asked", asked, methods=["POST"])


def balance_page(issuer: Issuer, found: str = "") -> tuple[str, str]:
    """The page, and the policy under which a browser may show it."""
    form = _FORM.format(
        slug=issuer.slug, ask="Another card's code" if found else "Your card's code", longest=MAX_CODE
    )
    return framed(
        title=f"Gift card balance, {issuer.name}",
        kind="Gift card balance",
        issuer=issuer.name,
        color=issuer.color,
        body=found + form,
        allows="form-action 'self'",
        assets="/c/",
    )


def _found(card: ShownBalance) -> str:
    if not card.balance:
        return _NOTE.format(why=escape(_WHY[card.state].format(last4=card.last4)))
    return _GOOD.format(
        balance=escape(card.balance),
        last4=escape(card.last4),
        validity=escape(card.validity),
        from_when=escape(f" It can be used from {card.usable_from}." if card.state == "pending" else ""),
        trial="<br><strong>A trial: it is worth nothing</strong>" if card.is_sandbox else "",
    )


def _wait(issuer: Issuer, spent: RateLimited) -> Response:
    seconds = 60.0 if spent.retry_after is None else spent.retry_after.total_seconds()
    minutes = max(1, -(-int(seconds) // 60))
    told = _TOO_MANY.format(minutes="a minute" if minutes == 1 else f"{minutes} minutes")
    answer = _answer(issuer, _NOTE.format(why=told), spent.status)
    answer.headers["Retry-After"] = str(max(1, round(seconds)))
    return answer


def _answer(issuer: Issuer, found: str = "", status: int = 200) -> Response:
    return page_answer(*balance_page(issuer, found), status)
