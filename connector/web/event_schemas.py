"""What answers hold of what happened: events, inbound deliveries, runs."""

from typing import Final

from ..domain.notifications import STATES as NOTIFICATION_STATES
from ..domain.notifications import WAYS
from ..flows.inbound import STATUSES
from ..flows.runs import OUTCOMES
from .json_schema import Schema, every, flag, mapping, maybe, moment, one_of, page_of, ref, text, thing, whole

_PARTS: Final[dict[str, Schema]] = {
    name: mapping("where its type speaks of one")
    for name in ("booking", "invoice", "payment", "order", "refund", "form", "deal", "referrer")
}
_RUNS: Final = every(ref("RunBrief"), "what became of it, newest first")
_DELIVERY: Final[dict[str, Schema]] = {
    "id": text("`dlv_…`"),
    "source": text("the source's slug"),
    "adapter": text(),
    "received_at": moment(),
    "status": one_of(*STATUSES),
    "reason": maybe(text(), "why it was not understood, or not run yet"),
    "tries": whole("how often a worker tried it", minimum=0),
    "due_at": maybe(moment(), "when a worker runs it"),
}

_NOTIFICATION: Final[dict[str, Schema]] = {
    "id": text("`ntf_…`"),
    "state": one_of(*NOTIFICATION_STATES),
    "via": one_of(*WAYS),
    "template": text("the letter"),
    "to": maybe(text(), "the address; null once the person was erased"),
    "card_id": maybe(text()),
    "contact_id": maybe(text()),
    "run_id": maybe(text(), "the run whose step asked for it"),
    "tries": whole("how often it was tried", minimum=0),
    "next_try_at": maybe(moment()),
    "reason": maybe(text(), "why the last try failed, or why it is not sent"),
    "detail": maybe(text(), "the far server's words"),
    "reference": maybe(text(), "the far server's name for it"),
    "created_at": moment(),
    "ended_at": maybe(moment()),
}

SCHEMAS: Final[dict[str, Schema]] = {
    "Notification": thing("What a person is written, by e-mail or text message.", **_NOTIFICATION),
    "NotificationPage": page_of("Notification"),
    "NotificationShown": thing(
        "A notification with what it says, for keys with `cards:reveal`.",
        **_NOTIFICATION,
        content=maybe(
            thing("What is sent.", subject=maybe(text()), text=text(), html=maybe(text())),
        ),
    ),
    "RunTest": thing(
        "A run as a test of its recipe: no name and no address of anybody.",
        recipe=text(),
        file=text("where it is to be pasted, below `tests:`"),
        name=text("the test's name"),
        yaml=text("the test"),
    ),
    "Run": thing(
        "One recipe applied to one event: what it came to, and why.",
        id=text("`run_…`"),
        recipe=text(),
        revision=text("the SHA-256 of the recipe that ran"),
        outcome=one_of(*OUTCOMES),
        reason=maybe(text()),
        place=maybe(text(), "`file:line:column` of the line that decided"),
        event_id=maybe(text()),
        contact_id=maybe(text()),
        replays=maybe(text(), "the run that this one is again"),
        waits_until=maybe(moment(), "when it goes on by itself"),
        lapses_at=maybe(moment(), "until when a person may decide"),
        file=text("whose lines the trace speaks of"),
        trace=every(mapping(), "each line: `line`, `text` or `step`, `verdict`, the `values` that it saw"),
        outputs=mapping("`card`, the last one that it gave, and `steps`, each one's result; no code"),
        created_at=moment(),
    ),
    "RunPage": page_of("Run"),
    "RunBrief": thing(
        "What one recipe did.",
        id=text("`run_…`"),
        recipe=text(),
        outcome=one_of(*OUTCOMES),
        reason=maybe(text()),
    ),
    "Event": thing(
        "What happened, as recipes saw it. A list leaves out `data` and `runs`.",
        id=text("`evt_…`"),
        type=text(),
        occurred_at=moment(),
        source=text("the source's slug"),
        adapter=text(),
        account=text("the account's slug"),
        contact=maybe(mapping("who it was about, as the platform told it")),
        contact_id=maybe(text()),
        delivery_id=maybe(text(), "what brought it"),
        created_at=moment("when it was taken in"),
        optional={
            **_PARTS,
            "points": whole(),
            "tag": text(),
            "caused_by": mapping("a message of ours: its `message`, `run`, and the `recipes` in their order"),
            "derived": flag("worked out by us, not told"),
            "erased": flag("the person was erased, and what was told of them"),
            "data": {"description": "the platform's whole payload, without codes"},
            "runs": _RUNS,
        },
    ),
    "EventPage": page_of("Event"),
    "EventReplayed": thing(
        "An event that was run again.",
        event_id=text(),
        runs=every(ref("Run"), "one for each recipe that wants it today"),
    ),
    "InboundListed": thing("What a platform sent, without its words.", **_DELIVERY),
    "InboundPage": page_of("InboundListed"),
    "InboundDelivery": thing(
        "What a platform sent.",
        **_DELIVERY,
        method=text(),
        headers=mapping("without what proves the sender"),
        query=text("without what proves the sender"),
        body=maybe(text(), "as it came, but for codes, which are hidden; null where it is no UTF-8"),
        body_base64=maybe(text(), "where it is no UTF-8"),
        events=every(thing("", id=text("`evt_…`"), type=text())),
        runs=_RUNS,
    ),
}
