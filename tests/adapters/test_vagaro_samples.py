"""Vagaro's samples: each event has an id of its own, and each says what was done to what."""

import json

from connector.adapters.vagaro_samples import SAMPLES


def test_every_sample_is_an_event_of_its_own() -> None:
    bodies = [json.loads(sample.body) for sample in SAMPLES.values()]
    assert len({body["id"] for body in bodies}) == len(SAMPLES)
    assert {f"{body['type']} {body['action']}" for body in bodies} == {
        one.platform_name for one in SAMPLES.values()
    }
