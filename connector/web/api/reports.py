"""Reports, as JSON or CSV."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from flask import Response, request

from ...flows.reports import AGES, DIMENSIONS
from ...operations.kit import Field
from ..answers import CSV, JSON, csv_answer, json_answer, link_to_next
from ..calls import PAGING, Asked, Call

PATH: Final = "/v1/reports"
SCOPE: Final = "reports"
FORMAT: Final = {
    "format": Field("text", "json, or csv; else as the header Accept says", choices=("json", "csv"))
}
AS_OF: Final = {"as_of": Field("moment", "as it stood at that moment; now if left out")}
SPAN: Final = {
    "since": Field("moment", "from then on; from the beginning if left out"),
    "until": Field("moment", "before then; up to now if left out"),
    "as_of": Field("moment", "instead of until: up to that moment, which is included"),
}
BY: Final = {
    "by": Field("texts", f"part it further, a card's age in {len(AGES) + 1} steps", choices=DIMENSIONS)
}


def _report(name: str, about: str) -> Callable[[Asked], Response]:
    def handle(asked: Asked) -> Response:
        query = {key: value for key, value in asked.query.items() if key != "format"}
        report = asked.gateway.history.report(asked.account, name, query)
        if _wants_csv(asked.query):
            answer = csv_answer(report.as_csv(), f"{name}.csv")
        else:
            answer = json_answer(report.as_json())
        return link_to_next(answer, asked.site, f"{PATH}/{name}", asked.written, report.next_cursor)

    handle.__doc__ = about
    return handle


def _wants_csv(query: Mapping[str, Any]) -> bool:
    if "format" in query:
        return bool(query["format"] == "csv")
    return request.accept_mimetypes.best_match([JSON, CSV], default=JSON) == CSV


def _call(name: str, title: str, answer: str, about: str, query: Mapping[str, Field]) -> Call:
    return Call(
        *("GET", f"{PATH}/{name}", SCOPE, title, _report(name, about), answer), query={**query, **FORMAT}
    )


CALLS: Final = (
    _call(
        *("liability", "What is owed on gift cards", "LiabilityReport"),
        "Per currency and kind; cards that were removed with something on them stand in rows of their own.",
        {**AS_OF, **BY},
    ),
    _call(
        *("redemptions", "What was spent, given back, and what expired", "RedemptionsReport"),
        "`spend` is what was redeemed less what was refunded; `breakage` what expired less what was revived.",
        {**SPAN, **BY},
    ),
    _call(
        *("recipes", "What each recipe gave, and what became of it", "RecipesReport"),
        "Of the cards made from `since` on and before `until`: what happened to them up to `until`.",
        SPAN,
    ),
    _call(
        *("contacts-with-balance", "Who has credit to spend", "ContactsReport"),
        "A row for each contact and currency; pages are of contacts.",
        {**AS_OF, **PAGING},
    ),
    _call(
        *("funding", "Where the value on cards came from", "FundingReport"),
        "Prepaid funds with what is left of them; what was sold; what each recipe and door gave away.",
        AS_OF,
    ),
)
