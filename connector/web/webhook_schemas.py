"""What answers hold of our webhooks: endpoints, messages, deliveries, attempts, REST Hooks."""

from typing import Final

from ..domain.retries import OUTCOMES
from ..flows.delivery_json import STATES
from .json_schema import Schema, every, flag, mapping, maybe, moment, one_of, page_of, ref, text, thing, whole

_ENDPOINT: Final[dict[str, Schema]] = {
    "id": text("`we_…`"),
    "url": text("where we post to"),
    "event_types": every(text()),
    "filter": maybe(mapping("`program` and `recipe`: lists of which a message must have one")),
    "description": maybe(text()),
    "metadata": mapping("anything of yours"),
    "headers": mapping("custom headers, their values masked"),
    "rate_limit": maybe(whole("a second at most", minimum=1)),
    "concurrency": whole("at once at most", minimum=1),
    "ordering": one_of("none", "card"),
    "version": text("how its payloads look"),
    "kind": one_of("api", "rest_hook"),
    "status": one_of("enabled", "paused", "disabled"),
    "disabled_reason": maybe(text("`gone`, `receiver`, `failing`")),
    "failing_since": maybe(moment()),
    "last_success_at": maybe(moment(), "right to a minute"),
    "breaker": thing(
        "", state=one_of("closed", "open", "probing"), until=maybe(moment(), "nothing is sent before")
    ),
    "backlog": whole("what is open; counted up to 10,000", minimum=0),
    "secrets": every(
        thing(
            "",
            fingerprint=text("the first signs of its hash"),
            created_at=moment(),
            expires_at=maybe(moment()),
        ),
        "the secrets that sign, newest first",
    ),
    "created_at": moment(),
    "updated_at": moment(),
}
_FIGURES: Final[dict[str, Schema]] = {
    "success_rate_24h": maybe(text("of attempts, from 0 to 1"), "null without attempts, and in lists"),
    "p95_ms_24h": maybe(whole("of attempts that were taken"), "likewise"),
}
_WHOLE: Final[dict[str, Schema]] = {**_ENDPOINT, **_FIGURES}
_SECRET: Final = maybe(text(), "shown this once; null to another key that asks for the answer again")
_WARNINGS: Final = every(text(), "what may be wrong with the URL")
_MESSAGE: Final[dict[str, Schema]] = {
    "id": text("`msg_…`, the webhook-id"),
    "type": text(),
    "gift_card_id": maybe(text()),
    "sequence": maybe(whole(minimum=1), "counts the messages of one card"),
    "created_at": moment(),
}
_ATTEMPT: Final[dict[str, Schema]] = {
    "id": text("`wha_…`"),
    "number": whole(minimum=1),
    "trigger": one_of("schedule", "hand", "recover", "ping"),
    "started_at": moment(),
    "url": maybe(text()),
    "address": maybe(text(), "what was dialled"),
    "status": maybe(whole(), "null where no answer came"),
    "outcome": one_of(*OUTCOMES),
    "error": maybe(text()),
    "detail": maybe(text()),
    "duration_ms": maybe(whole(minimum=0)),
    "phases_ms": maybe(mapping("dns, connect, tls, answer")),
    "told_s": maybe(whole(), "what Retry-After asked for"),
    "answer_headers": maybe(every(every(text())), "10 at most, each a name and a value"),
    "answer": maybe(text(), "4 KiB at most"),
    "answer_cut": maybe(flag()),
    "reconnected": maybe(flag("a kept connection had been closed")),
    "retry_at": maybe(moment()),
    "hint": maybe(text(), "what to look at"),
}

SCHEMAS: Final[dict[str, Schema]] = {
    "Endpoint": thing("Where our webhooks go.", **_WHOLE),
    "NewEndpoint": thing("An endpoint that was just made.", **_WHOLE, secret=_SECRET, warnings=_WARNINGS),
    "ChangedEndpoint": thing("An endpoint as it is now.", **_WHOLE, warnings=_WARNINGS),
    "RotatedEndpoint": thing("An endpoint with a new secret.", **_WHOLE, secret=_SECRET),
    "EndpointPage": page_of("Endpoint"),
    "Message": thing(
        "A message.",
        **_MESSAGE,
        body=maybe(mapping("as it was sent"), "null once it is not kept any more"),
        deliveries=every(ref("WebhookDelivery"), "newest first; 250 at most"),
    ),
    "MessageBrief": thing("A message in a list.", **_MESSAGE),
    "MessagePage": page_of("MessageBrief"),
    "WebhookDelivery": thing(
        "One message for one endpoint.",
        id=text("`whd_…`"),
        message_id=text(),
        type=text(),
        endpoint_id=text(),
        gift_card_id=maybe(text()),
        state=one_of(*STATES),
        waiting_for=maybe(text("`order`: an earlier one of its card; `endpoint`: it is paused or disabled")),
        reason=maybe(text()),
        outcome=maybe(text(), "of the last attempt"),
        attempts=whole(minimum=0),
        due_at=maybe(moment(), "when it is tried next"),
        created_at=moment(),
        ended_at=maybe(moment()),
    ),
    "WebhookDeliveryPage": page_of("WebhookDelivery"),
    "Attempt": thing("One attempt of a delivery.", **_ATTEMPT),
    "AttemptPage": page_of("Attempt"),
    "Ping": thing("What came of a ping, which is kept nowhere.", **_ATTEMPT, message_id=text()),
    "Recovery": thing(
        "A job that sends again.",
        id=text("`job_…`"),
        kind=one_of("recover"),
        state=one_of("queued", "running", "done", "cancelled"),
        total=whole(minimum=0),
        done=whole("deliveries so far", minimum=0),
        failed=whole(minimum=0),
        skipped=whole(minimum=0),
        created_at=moment(),
        ended_at=maybe(moment()),
        endpoint_id=text(),
        since=moment(),
        until=moment(),
        missed=flag(),
    ),
    "RestHook": thing(
        "A REST Hook.",
        optional={"secret": _SECRET},
        id=text("`we_…`"),
        target_url=text(),
        event=text(),
    ),
    "Samples": every(mapping("a body as it is sent"), "newest first; 3 at most"),
}
