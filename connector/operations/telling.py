"""What messages and the audit trail say: values as JSON, contacts, and what is left out of long ones."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from ..domain.contacts import Person
from ..domain.events import person_json, rfc3339
from ..store.contacts import Contact


def contact_json(contact: Contact) -> dict[str, Any]:
    """A contact as messages show them."""
    person = Person(
        contact.external_id,
        contact.email,
        contact.phone,
        contact.first_name,
        contact.last_name,
        tuple(contact.tags),
    )
    return {"id": contact.public_id, **person_json(person)}


def details_of(values: Mapping[str, Any]) -> dict[str, Any]:
    """What was changed, as JSON can say it."""
    return {name: rfc3339(one) if isinstance(one, datetime) else one for name, one in values.items()}


def shortened(data: Mapping[str, Any]) -> dict[str, Any]:
    """What a message says without the texts that people wrote: ids, sums and times are left."""
    card = {**data["gift_card"], "metadata": {}, "message": None, "note": None}
    contact = data["contact"] and {**data["contact"], "tags": []}
    return {**data, "gift_card": card, "contact": contact, "shortened": True}
