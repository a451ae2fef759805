"""HighLevel's samples: the marketplace's are signed, a workflow's presents the secret."""

import json

from connector.adapters.highlevel_samples import SAMPLES


def test_all_but_a_workflows_payment_come_from_the_marketplace() -> None:
    bodies = {name: json.loads(sample.body) for name, sample in SAMPLES.items()}
    of_workflow = [name for name, body in bodies.items() if "contact_id" in body]
    assert of_workflow == ["payment.succeeded"]
    webhooks = [body["webhookId"] for name, body in bodies.items() if name not in of_workflow]
    assert len(webhooks) == len(set(webhooks)) == len(SAMPLES) - 1
