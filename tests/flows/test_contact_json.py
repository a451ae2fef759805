"""A contact as REST shows them: the same alone and in a list, in a few queries for all."""

from typing import Any

from sqlalchemy import event

from tests.kit.house import BY_HAND, House


def make(house: House, number: int) -> dict[str, Any]:
    told = {"email": f"p{number}@example.com", "external_ids": {"till": [str(number)]}}
    return dict(house.gateway.people.create(house.account, BY_HAND, told).body)


def test_a_list_shows_each_as_they_are_alone(house: House) -> None:
    made = [make(house, number) for number in range(3)]
    for number, one in enumerate(made):
        house.issue(100 * (number + 1), contact_id=one["id"])
        house.tell(type="points.earned", email=one["email"], points=number + 1)

    listed = house.gateway.people.page(house.account, {}).data

    assert listed == [house.gateway.people.one(house.account, one["id"]) for one in made[::-1]]
    assert [one["points"] for one in listed] == [3, 2, 1]


def test_more_contacts_cost_no_more_queries(shop: House) -> None:
    def queries() -> int:
        counted: list[str] = []

        def note(*told: Any) -> None:
            counted.append(told[2])

        engine = shop.gateway.parts.engines.read
        event.listen(engine, "before_cursor_execute", note)
        shop.gateway.people.page(shop.account, {})
        event.remove(engine, "before_cursor_execute", note)
        return len(counted)

    make(shop, 0)
    of_one = queries()
    for number in range(1, 6):
        make(shop, number)

    assert queries() == of_one
