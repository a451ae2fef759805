"""What people write on a card has a length and known names."""

import pytest

from connector.domain.errors import ValidationFailed
from connector.operations.details import MAX_DETAIL, MAX_TEXT, RECIPIENT, require_known, require_text


def test_a_text_has_a_length() -> None:
    require_text("note", None)
    require_text("note", "x" * MAX_TEXT)
    with pytest.raises(ValidationFailed) as refused:
        require_text("note", "x" * (MAX_TEXT + 1))
    assert [one.field for one in refused.value.errors] == ["note"]


def test_details_stand_under_known_names() -> None:
    require_known("recipient", None, RECIPIENT)
    require_known("recipient", {"name": "x" * MAX_DETAIL, "phone": None}, RECIPIENT)
    for given in ({"pet": "Rex"}, {"name": 4}, {"name": "x" * (MAX_DETAIL + 1)}, {"name": ["Mia"]}):
        with pytest.raises(ValidationFailed) as refused:
            require_known("recipient", given, RECIPIENT)
        assert [one.field for one in refused.value.errors] == [f"recipient.{next(iter(given))}"]
