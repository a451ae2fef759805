"""Square's samples: each event has an id of its own and the object that its name says."""

import json

from connector.adapters.square_samples import SAMPLES


def test_every_sample_holds_the_object_that_its_name_begins_with() -> None:
    bodies = {name: json.loads(sample.body) for name, sample in SAMPLES.items()}
    assert len({body["event_id"] for body in bodies.values()}) == len(SAMPLES)
    for name, body in bodies.items():
        place, _, _ = SAMPLES[name].platform_name.partition(".")
        [(held, thing)] = body["data"]["object"].items()
        assert (body["data"]["type"], held, body["data"]["id"]) == (place, place, thing["id"])
