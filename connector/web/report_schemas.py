"""What reports answer with."""

from typing import Any, Final

from ..domain.cards import KINDS, SOURCES
from ..flows.reports import AGES
from .json_schema import Schema, every, flag, maybe, moment, one_of, ref, text, thing, total, whole

_COUNT: Final = {"minimum": 0}
_BY: Final[dict[str, Schema]] = {
    "program": maybe(text(), "where asked for by it"),
    "recipe": maybe(text(), "where asked for by it"),
    "source": one_of(*SOURCES, about="where asked for by it"),
    "age": one_of(*AGES, about="where asked for by it"),
}
_PARTED: Final = every(text(), "by what it is parted")


_RATE: Final[Schema] = {
    "type": ["number", "null"],
    "description": "to four places, `0.2500`; null where nobody was watched",
}


def _report(name: str, row: Schema, **about: Schema) -> Schema:
    return thing("A report; sums in minor units.", report=one_of(name), **about, data=every(row))


_GOAL: Final = thing(
    "",
    recipe=text(),
    goal=text("its name"),
    treated=whole("how many the recipe acted for", **_COUNT),
    treated_reached=whole("of these, how many reached the goal in time", **_COUNT),
    control=whole("how many were in the control group, which got nothing", **_COUNT),
    control_reached=whole("of these, how many reached it all the same", **_COUNT),
    treated_rate=_RATE,
    control_rate=_RATE,
    difference={**_RATE, "description": "what the recipe changed: one rate less the other, or null"},
    currency=maybe(text(), "null where nothing was given"),
    cost=total("what was given to those whom it acted for"),
)


_AS_OF: Final[dict[str, Any]] = {"as_of": moment("the moment that it tells of")}
_SPAN: Final[dict[str, Any]] = {
    "since": maybe(moment(), "null: from the beginning"),
    "until": moment("what was before this moment"),
}
SCHEMAS: Final[dict[str, Schema]] = {
    "LiabilityReport": _report(
        "liability",
        thing(
            "",
            optional=_BY,
            currency=ref("Currency"),
            kind=one_of(*KINDS),
            removed=flag("cards that were removed with something on them"),
            cards=whole("how many have something on them", **_COUNT),
            outstanding=total(),
            held=total("of it, what is reserved"),
        ),
        **_AS_OF,
        by=_PARTED,
    ),
    "RedemptionsReport": _report(
        "redemptions",
        thing(
            "",
            optional=_BY,
            currency=ref("Currency"),
            kind=one_of(*KINDS),
            redemptions=whole("how many", **_COUNT),
            cards=whole("how many cards were redeemed from", **_COUNT),
            redeemed=total(),
            refunded=total(),
            spend=total("redeemed less refunded"),
            breakage=total("expired less revived"),
            cashed_out=total(),
            issued=total("what was put on cards in that time"),
            redemption_rate={**_RATE, "description": "spend for each issued: `0.2500`; null of nothing"},
        ),
        **_SPAN,
        by=_PARTED,
    ),
    "RecipesReport": _report(
        "recipes",
        thing(
            "",
            recipe=text(),
            currency=ref("Currency"),
            cards=whole("how many it gave", **_COUNT),
            contacts=whole("to how many", **_COUNT),
            contacts_back=whole("of these, who had a booking after it", **_COUNT),
            cards_used=whole("how many were spent from", **_COUNT),
            issued=total(),
            spend=total("redeemed less refunded"),
            breakage=total("expired less revived"),
            outstanding=total(),
            redemption_rate={**_RATE, "description": "spend for each issued: `0.2500`; null of nothing"},
        ),
        **_SPAN,
        goals=every(_GOAL, "what came of the goals of recipes"),
    ),
    "ContactsReport": _report(
        "contacts-with-balance",
        thing(
            "",
            contact_id=text("`ct_…`"),
            first_name=maybe(text()),
            last_name=maybe(text()),
            email=maybe(text()),
            phone=maybe(text()),
            currency=ref("Currency"),
            balance=total("what can be spent"),
            cards=whole("on how many cards", **_COUNT),
            next_expiry_at=maybe(moment(), "when the first of them expires"),
        ),
        **_AS_OF,
        next_cursor=maybe(text(), "the `cursor` of the next page; null on the last"),
    ),
    "FundingReport": _report(
        "funding",
        thing(
            "",
            account=text("`prepaid:…`, `funding:…` or `promo:…`"),
            program=maybe(text()),
            currency=ref("Currency"),
            paid_in=maybe(total(), "of prepaid funds only"),
            taken_out=maybe(total()),
            given=total("what was put on cards, less what an undo put back into prepaid funds"),
            balance=maybe(total(), "what is left, of prepaid funds only"),
            threshold=maybe(total(), "below it a message warns"),
        ),
        **_AS_OF,
    ),
}
