"""The gateway's verbs for files."""

import io

from connector.flows.card_files import open_file
from connector.flows.importing import Progress, Rehearsed
from tests.kit.house import House


def test_a_gateway_imports_rehearses_and_exports(shop: House) -> None:
    files, account = shop.gateway.files, shop.account
    body = b"amount\n5.00\nno\n"
    told: list[Progress] = []

    rehearsed = files.rehearse(account, open_file(io.BytesIO(body), "csv").records, tell=told.append)
    assert rehearsed == Rehearsed(done=1, failed=1, skipped=0)
    job = files.take_up(account, {}, digest="abc", total=2)
    records = open_file(io.BytesIO(body), "csv").records
    ended = files.run(account, job, records, is_quiet=True, tell=told.append)

    assert (ended.done, ended.failed) == (1, 1)
    assert [cells for cells, _ in files.rejected(ended)] == [["no"]]
    [page] = files.export(account, after=None, shown_to=None).pages
    assert [row["balance"] for row in page] == ["5.00"]
