"""Keys that were made once are whole, private, and the same ever after."""

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest

from connector.config.key_files import kept, make_folder, private_folder
from connector.domain.errors import FaultyFiles
from connector.domain.ids import new_token


def is_any(text: str) -> bool:
    return bool(text)


@pytest.fixture
def narrow_umask() -> Iterator[None]:
    before = os.umask(0)
    yield
    os.umask(before)


@pytest.mark.usefixtures("narrow_umask")
def test_a_key_can_be_read_by_its_owner_only_whatever_the_umask(tmp_path: Path) -> None:
    folder = private_folder(tmp_path / "data" / "keys")
    kept(folder / "ring", new_token, is_any)
    assert (folder / "ring").stat().st_mode & 0o777 == 0o600
    assert folder.stat().st_mode & 0o777 == 0o700


def test_a_key_is_the_same_at_the_second_start(tmp_path: Path) -> None:
    first = kept(tmp_path / "ring", new_token, is_any)
    assert kept(tmp_path / "ring", new_token, is_any) == first
    assert [path.name for path in tmp_path.iterdir()] == ["ring"]


def test_two_first_starts_at_once_agree(tmp_path: Path) -> None:
    together = Barrier(8)

    def start(number: int) -> str:
        def make() -> str:
            together.wait(10)
            return f"key-{number}"

        return kept(tmp_path / "ring", make, is_any)

    with ThreadPoolExecutor(8) as pool:
        keys = set(pool.map(start, range(8)))

    assert len(keys) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["ring"]


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o660, 0o620])
def test_a_key_that_others_may_read_is_refused(tmp_path: Path, mode: int) -> None:
    key = kept(tmp_path / "ring", new_token, is_any)
    (tmp_path / "ring").chmod(mode)
    with pytest.raises(FaultyFiles, match="other users may read this key; run: chmod 600") as refused:
        kept(tmp_path / "ring", new_token, is_any)
    assert key not in str(refused.value)


@pytest.mark.parametrize("mode", [0o755, 0o750, 0o711])
def test_a_folder_of_keys_that_others_may_enter_is_refused(tmp_path: Path, mode: int) -> None:
    private_folder(tmp_path / "keys").chmod(mode)
    with pytest.raises(FaultyFiles, match="other users may enter this folder of keys; run: chmod 700"):
        private_folder(tmp_path / "keys")


@pytest.mark.parametrize("content", [b"", b"half-a-k", b"\n", b"\xff\xff\n", b"x" * 5_000])
def test_a_file_that_is_not_what_was_written_is_no_key(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "ring"
    path.touch(0o600)
    path.write_bytes(content)
    with pytest.raises(FaultyFiles, match="is damaged; put it back from a backup"):
        kept(path, new_token, lambda text: text.isascii() and bool(text))
    assert path.read_bytes() == content


def test_what_a_crash_left_beside_is_no_key(tmp_path: Path) -> None:
    (tmp_path / ".ring.abcdefabcdef").write_text("half-a-k")
    assert kept(tmp_path / "ring", lambda: "whole", is_any) == "whole"


def test_a_key_that_could_not_be_made_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(UnicodeEncodeError):
        kept(tmp_path / "ring", lambda: "é", is_any)
    assert list(tmp_path.iterdir()) == []


def test_a_link_in_the_place_of_a_key_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").write_text("planted\n")
    (tmp_path / "elsewhere").chmod(0o600)
    (tmp_path / "ring").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(FaultyFiles, match="cannot be used"):
        kept(tmp_path / "ring", new_token, is_any)


def test_a_folder_in_the_place_of_a_key_is_refused(tmp_path: Path) -> None:
    (tmp_path / "ring").mkdir()
    with pytest.raises(FaultyFiles, match="ring"):
        kept(tmp_path / "ring", new_token, is_any)


def test_a_folder_that_cannot_be_made_is_a_fault(tmp_path: Path) -> None:
    (tmp_path / "data").touch()
    for path in (tmp_path / "data", tmp_path / "data" / "keys"):
        with pytest.raises(FaultyFiles, match="this folder cannot be made"):
            make_folder(path)


def test_a_folder_that_was_there_stays_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir(0o755)
    (tmp_path / "data").chmod(0o755)
    assert make_folder(tmp_path / "data").stat().st_mode & 0o777 == 0o755
