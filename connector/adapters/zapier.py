"""Zapier: "Webhooks by Zapier", actions POST and Custom Request, as JSON or form.

https://help.zapier.com/hc/en-us/articles/8496326446989

- Signature: none exists. Our secret comes as header, basic-auth password or path token.
- Replay: whoever has the secret can send anything; a repeated delivery is known by its id.
- Delivery id: the `Idempotency-Key` header, then `type` with `id`, else the body's digest for ten
  minutes. Map the record's id to `id`.
- Event type: `type` or `event` in the body, else `?event=` in the URL.
- Money: `amount` in major units, text or number, with `currency` or the source's.
- Time zone: an offset where one is written, else the source's `timezone`.
- Retries: a step fails on all but 2xx; 429 is held and tried again, Retry-After honoured, so that is
  what it gets when we are busy. Paid autoreplay tries 5 times within 11 hours.
- Known limits: Zapier drops empty fields, so a missing one never clears anything; a test step sends
  what looks real, so point tests at a sandbox account. No nested lists in the plain POST action.
- How sure: vendor documentation; the secret's transport is ours.
"""

from ..domain.ids import new_token
from . import flat, flat_samples, kit, shared

ADAPTER = kit.Adapter(
    name="zapier",
    title="Zapier",
    setup="In Webhooks by Zapier, POST to the source's URL with the header Authorization: Bearer <secret>, "
    "and map `type`, `id`, `email` and whatever else the recipe asks for.",
    guide=kit.Guide(
        start="referral.completed",
        steps=(
            "Add the action Webhooks by Zapier to the Zap, event POST or Custom Request.",
            "URL <url>, payload type JSON, and under Headers `Authorization` with `Bearer <secret>`.",
            (
                "Under Data map `type`, `id` (the record's own) and `email`, and what else the event has to "
                "say: of a referral `referrer_email`, of an order `amount` and `currency`."
            ),
            "Test against a sandbox account: Zapier's test step sends what looks real.",
            "An app with triggers and actions of its own, without headers to paste: `integrations/zapier`.",
        ),
    ),
    new_secret=new_token,
    content_types=(kit.JSON, kit.FORM),
    verify=shared.verify,
    delivery_ids=flat.shared_keys,
    read=flat.read_shared,
    sign=shared.sign,
    samples=flat_samples.samples(flat_samples.plain),
    answers=kit.Answers(busy=429),
    allows_path_token=True,
)
