"""URLs with passwords are judged before anything connects, and never repeated."""

from pathlib import Path

import pytest

from connector.config.urls import has_password, host_of, sqlite_file
from tests.config.conftest import LEAST, Desk


def with_database(url: str) -> str:
    return LEAST + f"[database]\nurl = '{url}'\n"


def with_smtp(url: str) -> str:
    return LEAST + f"[email]\nfrom = 'a@example.com'\nsmtp_url = '{url}'\n"


def test_an_sqlite_path_begins_at_the_configuration_file(desk: Desk) -> None:
    url = desk.load(with_database("sqlite:///data/mine.db")).database.url
    assert url == f"sqlite:///{desk.folder}/data/mine.db"
    assert sqlite_file(url) == desk.folder / "data" / "mine.db"


def test_a_whole_sqlite_path_stays_as_it_is(desk: Desk) -> None:
    url = f"sqlite:///{desk.folder}/data/mine.db"
    assert url.startswith("sqlite:////")
    assert desk.load(with_database(url)).database.url == url


def test_an_sqlite_database_that_is_there_is_taken(desk: Desk) -> None:
    (desk.folder / "data" / "empty.db").touch()
    (desk.folder / "data" / "full.db").write_bytes(b"SQLite format 3\x00" + b"\0" * 84)
    for name in ("empty", "full", "new"):
        assert desk.load(with_database(f"sqlite:///data/{name}.db"))


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://shop@localhost/gifts",
        "postgresql://shop:p%40ss%2Fw%25rd@localhost:5432/gifts",
        "postgresql://shop:with:colon@localhost/gifts",
        "postgresql://shop@one:5432,two:5433/gifts?target_session_attrs=read-write",
        "postgresql://shop@[::1]:5432/gifts",
        "postgresql:///gifts?host=/run/postgresql",
        "postgresql://shop:@/gifts?host=/run/postgresql",
    ],
)
def test_a_postgresql_url_is_kept_as_it_is(desk: Desk, url: str) -> None:
    settings = desk.load(with_database(url))
    assert settings.database.url == url
    assert sqlite_file(settings.database.url) is None


@pytest.mark.parametrize(
    ("url", "fault"),
    [
        ("", "the secret is empty"),
        ("data/connector.db", "write sqlite:///path/to/file.db or postgresql://user@host/name"),
        ("mysql://shop:s3cret@localhost/gifts", "write sqlite:///path/to/file.db or postgresql://"),
        ("sqlite://data/connector.db", "write sqlite:///path/to/file.db"),
        ("postgres://shop:s3cret@localhost/gifts", "write postgresql:// in place of postgres://"),
        ("sqlite:///", "after sqlite:/// comes the path of a file"),
        ("sqlite:///:memory:", "after sqlite:/// comes the path of a file"),
        ("sqlite:///data/x.db?mode=ro", "after sqlite:/// comes the path of a file"),
        ("sqlite:///no/such/folder/x.db", "there is no folder"),
        ("sqlite:///config.toml/x.db", "config.toml is not a folder"),
        ("sqlite:///recipes", "recipes is not a file"),
        ("sqlite:///config.toml", "config.toml is not an SQLite database"),
        ("postgresql://shop:s3cret@ss@localhost/gifts", "user, password and hosts cannot be told apart"),
        ("postgresql://shop:s3/cret@localhost/gifts", "user, password and hosts cannot be told apart"),
        ("postgresql://shop:12/s3cret@localhost/gifts", "user, password and hosts cannot be told apart"),
        ("postgresql://shop:s3cret%@localhost/gifts", "a % stands alone in the URL"),
        ("postgresql://shop:s3%zzcret@localhost/gifts", "a % stands alone in the URL"),
        ("postgresql://shop:s3cret localhost/gifts", "the URL has a blank in it"),
        ("postgresql://shop:s3cret@localhost", "the URL names no database"),
        ("postgresql://:s3cret@localhost/gifts", "no user"),
        ("postgresql://shop:s3cret@localhost:five/gifts", "cannot be told apart"),
    ],
)
def test_a_database_that_cannot_be_meant_is_a_fault_without_its_password(
    desk: Desk, url: str, fault: str
) -> None:
    [found] = desk.faults(with_database(url))
    assert found.startswith("4:1: url: ")
    assert fault in found
    assert "s3" not in found


def test_a_database_url_may_come_from_the_environment(desk: Desk) -> None:
    environ = {**desk.environ, "DATABASE": "postgresql://shop:s3cret@localhost/gifts"}
    settings = Desk(desk.folder, environ).load(with_database("env:DATABASE"))
    assert settings.database.url == environ["DATABASE"]
    assert settings.clear_passwords == ()


def test_a_password_in_clear_is_noted(desk: Desk) -> None:
    settings = desk.load(
        with_database("postgresql://shop:s3cret@localhost/gifts")
        + "[email]\nfrom = 'a@example.com'\nsmtp_url = 'smtp://shop:s3cret@localhost'\n"
    )
    assert settings.clear_passwords == ("database.url", "email.smtp_url")


@pytest.mark.parametrize(
    "url", ["smtp://localhost:1025", "smtps://shop:p%40ss@mail.example.com:465", "env:SMTP"]
)
def test_a_mail_server_is_read(desk: Desk, url: str) -> None:
    environ = {**desk.environ, "SMTP": "smtp://shop:s3cret@localhost:587"}
    assert Desk(desk.folder, environ).load(with_smtp(url)).email.smtp_url == environ.get(url[4:], url)


@pytest.mark.parametrize(
    "url",
    [
        "localhost:25",
        "http://localhost",
        "smtp://",
        "smtp://localhost:99999",
        "smtp://a:s3cret@b c",
        "smtp://s3%@h",
        "smtp://[::1",
        "smtp://localhost?tls=off",
        "SMTP",
    ],
)
def test_what_is_no_mail_server_is_a_fault_without_its_password(desk: Desk, url: str) -> None:
    [found] = desk.faults(with_smtp(url))
    assert found.startswith("5:1: smtp_url: write smtp://user:password@host:587 or smtps://…")
    assert "s3" not in found


def with_store(url: str) -> str:
    return LEAST + f"[limits]\nstore = '{url}'\n"


def test_limits_are_counted_in_memory_unless_a_redis_is_named(desk: Desk) -> None:
    assert desk.load(LEAST).limits.store == "memory"
    assert desk.load(with_store("memory")).limits.store == "memory"


@pytest.mark.parametrize(
    "url",
    [
        "redis://localhost",
        "redis://localhost:6379/0",
        "redis://:p%40ss@10.0.0.7:6380/15",
        "rediss://limits:pass@redis.example.com:6379/1",
        "rediss://redis.example.com/0?ssl_ca_certs=/etc/ssl/ours.pem&socket_timeout=0.5",
        "redis://[::1]:6379/?socket_connect_timeout=2&socket_timeout=20",
        "env:REDIS",
        "file:redis-url",
    ],
)
def test_a_redis_is_read(desk: Desk, url: str) -> None:
    environ = {**desk.environ, "REDIS": "redis://:s3cret@localhost:6379/0"}
    (desk.folder / "redis-url").write_text("redis://:s3cret@localhost:6379/0\n")
    read = Desk(desk.folder, environ).load(with_store(url)).limits
    assert read.store == (environ["REDIS"] if url[:4] in ("env:", "file") else url)
    assert "s3cret" not in repr(read)


@pytest.mark.parametrize(
    "url",
    [
        "localhost:6379",
        "memcached://localhost",
        "redis://",
        "redis:///0",
        "redis://localhost:99999",
        "redis://localhost:0",
        "redis://:s3cret@a b",
        "redis://:s3%@h",
        "redis://[::1",
        "redis://localhost/s3cret",
        "redis://localhost/0/1",
        "redis://localhost/99999",
        "rediss://localhost/0?ssl_cert_reqs=none",
        "rediss://localhost/0?ssl_check_hostname=false&socket_timeout=1",
        "redis://localhost/0?ssl_ca_certs=/etc/ssl/ours.pem",
        "redis://localhost/0?socket_timeout=0",
        "redis://localhost/0?socket_timeout=100",
        "redis://localhost/0?socket_timeout=1&password=s3cret",
        "redis://localhost/0#s3cret",
        "Memory",
        "",
    ],
)
def test_what_is_no_redis_is_a_fault_without_its_password(desk: Desk, url: str) -> None:
    [found] = desk.faults(with_store(url))
    assert found.startswith("4:1: store: ")
    assert "s3" not in found


def test_a_redis_with_its_password_in_clear_is_worth_a_warning(desk: Desk) -> None:
    assert desk.load(with_store("redis://:s3cret@localhost")).clear_passwords == ("limits.store",)
    assert desk.load(with_store("redis://localhost")).clear_passwords == ()


@pytest.mark.parametrize(
    ("url", "has"),
    [
        ("postgresql://u:p@h/d", True),
        ("postgresql://u@h/d?password=p", True),
        ("postgresql://u:@h/d", False),
        ("postgresql://u@h/d", False),
        ("sqlite:///x", False),
        ("http://[::1", False),
        ("", False),
    ],
)
def test_it_is_known_whether_a_url_holds_a_password(url: str, has: bool) -> None:
    assert has_password(url) is has


def test_the_host_of_a_url_is_found() -> None:
    assert [host_of("http://[::1]:80/x"), host_of("https://a.example"), host_of("")] == [
        "::1",
        "a.example",
        "",
    ]


def test_a_database_folder_that_is_missing_alone_is_no_fault(desk: Desk) -> None:
    assert sqlite_file(desk.load(with_database("sqlite:///new/x.db")).database.url) == Path(
        desk.folder, "new", "x.db"
    )
