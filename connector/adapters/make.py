"""Make (formerly Integromat): the HTTP module's "Make a request", as JSON or form.

https://apps.make.com/http

- Signature: none exists. Our secret comes as header (an API-key credential), basic-auth password or
  path token.
- Replay: whoever has the secret can send anything; a repeated delivery is known by its id.
- Delivery id: the `Idempotency-Key` header, then `type` with `id`, else the body's digest for ten
  minutes. Map the record's id to `id`.
- Event type: `type` or `event` in the body, else `?event=` in the URL.
- Money: `amount` in major units, text or number, with `currency` or the source's. Numbers that Make
  wrote with a locale's comma are refused, never guessed.
- Time zone: an offset where one is written, else the source's `timezone`.
- Retries: with incomplete executions on, and only after 429, connection faults and timeouts: eight
  times, from 1 minute to 3 hours apart. So 429 is what it gets when we are busy.
- Known limits: one event in one request; an array of bundles is refused, put an iterator before the
  module. A manual run sends what looks real: point tests at a sandbox account.
- How sure: vendor documentation for the schedule; the time-out (40 s) is hearsay.
"""

from ..domain.ids import new_token
from . import flat, flat_samples, kit, shared

ADAPTER = kit.Adapter(
    name="make",
    title="Make",
    setup="In HTTP, Make a request: POST to the source's URL with the header Authorization: Bearer <secret>, "
    "body type Raw, JSON or form, with `type`, `id`, `email` and whatever else the recipe asks for.",
    guide=kit.Guide(
        start="order.paid",
        steps=(
            (
                "Add the module HTTP, Make a request, behind the module that knows what happened; put an "
                "iterator between where that gives an array."
            ),
            (
                "URL <url>, method POST, the header `Authorization` with `Bearer <secret>`, body type Raw, "
                "content type JSON."
            ),
            (
                "Map `type`, `id` (the record's own) and `email`, and what else the recipe asks for: "
                "`amount`, `currency`, `first_name`."
            ),
            (
                "Allow storing of incomplete executions in the scenario's settings, so that a delivery which "
                "comes at a bad moment is repeated."
            ),
            "A blueprint to import, with the calls the other way round as well: `integrations/make`.",
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
