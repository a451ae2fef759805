"""Operations are found by looking; a file that names its deed otherwise stops the start."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from connector.operations.registry import operations
from tests.kit.sources import ROOT

ASK = "from connector.operations.registry import operations; print(*operations())"
EXTEND = """
import dataclasses
from .redeem import OPERATION as REDEEM
OPERATION = dataclasses.replace(REDEEM, name={name!r})
"""


def test_every_file_with_a_deed_is_found_sorted_by_name() -> None:
    folder = ROOT / "connector" / "operations"
    files = [path.stem for path in sorted(folder.glob("*.py")) if "OPERATION = " in path.read_text()]

    assert list(operations()) == files
    assert not {"kit", "registry", "__init__"} & {*files}


@pytest.mark.parametrize("name", ["tip", "redeem"], ids=["its own name", "another's name"])
def test_one_more_file_is_one_more_operation_if_it_has_its_files_name(tmp_path: Path, name: str) -> None:
    shutil.copytree(
        ROOT / "connector", tmp_path / "connector", ignore=shutil.ignore_patterns("__pycache__", "web")
    )
    (tmp_path / "connector/operations/tip.py").write_text(EXTEND.format(name=name))

    told = subprocess.run(
        [sys.executable, "-c", ASK], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False
    )

    if name == "tip":
        assert told.stdout.split() == sorted([*operations(), "tip"])
    else:
        assert told.returncode != 0
        assert "operations/tip.py holds an operation named redeem" in told.stderr
