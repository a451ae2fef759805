"""What arrives, before anything in it is believed."""

from datetime import UTC, datetime

import pytest

from connector.domain.inbound import Request, Source


def _request(**headers: str) -> Request:
    return Request(
        method="POST",
        url="https://gifts.example.com/hooks/glow-spa/calendly",
        headers={name.replace("_", "-"): value for name, value in headers.items()},
        body=b"{}",
        address="203.0.113.9",
        received_at=datetime(2026, 11, 20, 15, tzinfo=UTC),
    )


@pytest.mark.parametrize(
    ("header", "media_type"),
    [
        ("application/json", "application/json"),
        ("Application/JSON; charset=utf-8", "application/json"),
        ("application/json;charset=utf-7", "application/json"),
        (" text/plain ", "text/plain"),
        ("multipart/form-data; boundary=application/json", "multipart/form-data"),
        ("", ""),
        (";", ""),
    ],
)
def test_the_media_type_stands_alone(header: str, media_type: str) -> None:
    assert _request(content_type=header).content_type == media_type


def test_without_a_header_there_is_no_media_type() -> None:
    assert _request().content_type == ""
    assert (_request().token, _request().query) == (None, "")


def test_a_source_has_no_options_unless_it_is_given_some() -> None:
    one = Source("glow-spa", "calendly", "calendly", [], "USD", "America/New_York", "US")
    assert one.options == {}
