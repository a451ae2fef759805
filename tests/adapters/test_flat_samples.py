"""The samples in flat names: strict JSON, the same each time, each with its marker."""

from connector.adapters.flat_samples import FIELDS, plain, samples
from connector.adapters.kit import MARKER
from connector.domain.jsontext import load_object


def test_each_is_one_json_object_that_names_its_type() -> None:
    for name, sample in samples(plain).items():
        body = load_object(sample.body)
        assert body["type"] == sample.platform_name == name
        assert MARKER in body["id"]
        assert MARKER in body["email"]


def test_they_are_the_same_bytes_each_time() -> None:
    assert samples(plain) == samples(plain)
    assert set(samples(plain)) == set(FIELDS)
