"""One walk through a real process, and then a search of all that it printed and wrote for its secrets.

The search is by bytes, in the database too. It is shown to find what is planted.
"""

import base64
import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

from connector.store.engine import open_engines
from connector.store.tables import metadata
from tests.kit.house import KEY
from tests.kit.journal import Till, Told, send
from tests.kit.process import Place, Serving, call, settle
from tests.kit.receiver import Recorder
from tests.kit.wire import a_request, exchange

REDEEM = b'{"amount": 100}'


def written_as(name: str, secret: str) -> Iterator[tuple[str, bytes]]:
    """The forms in which a secret could stand somewhere."""
    bare = secret.replace("-", "")
    for text in {secret, bare, secret.lower(), bare.lower()}:
        yield name, text.encode()
        yield f"{name} in base64", base64.b64encode(text.encode()).rstrip(b"=")
    yield f"{name} in hex", secret.encode().hex().encode()


def digests_of(code: str) -> Iterator[tuple[str, bytes]]:
    """What would confirm a guess to whoever stole the file."""
    for text in {code, code.replace("-", ""), code.replace("-", "").lower()}:
        for kind in ("sha256", "sha1", "md5"):
            digest = hashlib.new(kind, text.encode())
            yield f"{kind} of the code", digest.digest()
            yield f"{kind} of the code", digest.hexdigest().encode()


def found(wanted: dict[str, str], codes: list[str], text: dict[str, bytes]) -> list[str]:
    """Where any of it stands."""
    forms = [form for name, secret in wanted.items() for form in written_as(name, secret)]
    forms += [form for code in codes for form in digests_of(code)]
    return sorted(
        {f"{name}: {where}" for name, form in forms for where, held in text.items() if form in held}
    )


def files(folder: Path, *but: str) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name not in but
    }


def tables_of(place: Place) -> dict[str, bytes]:
    """What a PostgreSQL keeps, table by table; an SQLite file is looked at as it is."""
    engines = open_engines(place.database)
    held = {}
    try:
        with engines.reading() as connection:
            for table in metadata.sorted_tables if not engines.is_sqlite else ():
                cells = [cell for row in connection.exec_driver_sql(f"SELECT * FROM {table}") for cell in row]
                held[table.name] = b"\n".join(
                    bytes(cell) if isinstance(cell, bytes) else str(cell).encode() for cell in cells
                )
    finally:
        engines.dispose()
    return held


def walk(place: Place, served: Serving, receiver: Recorder) -> tuple[dict[str, str], list[str]]:
    """A card by REST and one by webhook, redeemed, looked up, refused; the secrets and codes that it used."""
    wanted = json.dumps({"url": receiver.url, "event_types": ["*"]}).encode()
    endpoint = served.ask("POST", "/v1/webhook-endpoints", wanted, Idempotency_Key="endpoint").json()
    issued = b'{"amount": 2500, "currency": "USD", "note": "for Ada"}'
    made = served.ask("POST", "/v1/gift-cards", issued, Idempotency_Key="issue").json()
    again = served.ask("POST", "/v1/gift-cards", issued, Idempotency_Key="issue").json()
    assert again["code"] == made["code"]
    lookup = json.dumps({"code": made["code"]}).encode()
    assert served.ask("POST", "/v1/gift-cards/lookup", lookup).status == 200
    assert served.ask("POST", "/v1/gift-cards/lookup", b'{"code": "AAAA-BBBB-CCCC-DDDD-E"}').status in (
        404,
        422,
    )
    assert served.ask("POST", f"/v1/gift-cards/{made['id']}/redeem", REDEEM).status == 200
    assert send(served.port, next(Till(place).deeds())).told is Told.ACK
    misspelt = f"/v1/gift-cards/{made['code']}/redeem"
    assert served.ask("POST", misspelt, REDEEM).status in (404, 405, 422)
    forged = a_request(
        "POST",
        f"/hooks/glow-spa/calendly/{made['code']}?token={place.signing_key}",
        "Content-Type: application/json",
        f"Authorization: Bearer {place.key}",
        body=lookup,
    )
    assert exchange(served.port, forged).status in (401, 404)
    broken = a_request("POST", "/v1/gift-cards", f"Authorization: Bearer {place.key}", body=lookup + b"!")
    assert exchange(served.port, broken).status in (400, 415, 422)
    receiver.wait_for(3)
    secrets = {
        "the API key": place.key,
        "the source's secret": place.signing_key,
        "the key ring": base64.b64encode(KEY).decode(),
        "the endpoint's secret": endpoint["secret"],
        "the endpoint's key": endpoint["secret"].removeprefix("whsec_"),
        "the code": made["code"],
    }
    return secrets, [made["code"]]


def test_no_secret_stands_in_anything_that_was_written_or_printed(place: Place, receiver: Recorder) -> None:
    with Serving.at(place) as served:
        secrets, codes = walk(place, served, receiver)
        served.kill()
        written = {"standard output": served.process.out, "the log": served.process.err}
        served.start()
        served.terminate()
        written |= {"output after a restart": served.process.out, "log after it": served.process.err}
    told = call("ledger", "verify", "--config", place.config, folder=place.folder)
    written |= {"what verify printed": told.out + told.err}
    held = {name: text.encode() for name, text in written.items()}
    held |= files(place.folder, "ring", "signing-key") | tables_of(place)
    held |= {f"message {n}": one.body for n, one in enumerate(receiver.requests)}

    assert found(secrets, codes, held) == []
    assert '"delivery"' in written["the log"], "the log was on"


def test_the_demos_own_secrets_stand_in_its_folder_of_keys_alone(tmp_path: Path) -> None:
    with Serving(tmp_path, ("--listen", "127.0.0.1:0")) as served:
        sent = call("send", "demo/calendly", "invitee.created", folder=tmp_path)
        code = sent.json["runs"][0]["outputs"]["card"]["code"]
        served.kill()
        log = served.process.err
    keys = tmp_path / "data" / "keys"
    secrets = {path.name: path.read_text().strip() for path in keys.iterdir()} | {"the code": code}
    elsewhere = {
        name: held for name, held in files(tmp_path).items() if not name.startswith("data/keys/")
    } | {"the log": log.encode()}

    assert found(secrets, [code], elsewhere) == []
    assert "data/connector.db" in elsewhere and "data/connector.db-wal" in elsewhere


def test_the_search_finds_what_is_there(tmp_path: Path) -> None:
    place = settle(tmp_path)

    assert found({"the ring": base64.b64encode(KEY).decode()}, [], files(place.folder)) == ["the ring: ring"]
    code = "ABCD-EFGH"
    for planted in (b"abcdefgh", base64.b64encode(code.encode()), hashlib.sha256(b"ABCDEFGH").digest()):
        assert found({"the code": code}, [code], {"here": b"..." + planted + b"..."})
