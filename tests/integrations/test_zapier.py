"""The Zapier app's own tests, on Zapier's own core, against a real gateway."""

import json
import os
import subprocess
from pathlib import Path

from tests.kit.node import NODE, PACKAGES
from tests.kit.pages import ROOT
from tests.kit.process import PATIENCE_S, Serving, settle

APP = ROOT / "integrations" / "zapier"
SCOPES = ("cards:read", "cards:write", "contacts", "webhooks")


def test_the_app_s_own_tests_pass_against_a_real_gateway(tmp_path: Path) -> None:
    """S000-31: Zapier triggers issuing; with no more scopes than its help text asks for."""
    assert (PACKAGES / "zapier-platform-core").is_dir(), "`make test` installs what tests/node names"
    place = settle(tmp_path / "place")
    gateway = place.gateway()
    try:
        key = str(gateway.create_key(gateway.account("glow-spa"), name="zapier", scopes=SCOPES)["key"])
    finally:
        gateway.close()
    with Serving.at(place) as serving:
        ran = subprocess.run(
            [NODE, "--test", "--test-reporter=spec", APP / "test" / "app.test.js"],
            env={
                "PATH": os.environ["PATH"],
                "HOME": str(tmp_path),
                "NODE_PATH": str(PACKAGES),
                "CONNECTOR_URL": serving.url,
                "CONNECTOR_KEY": key,
            },
            capture_output=True,
            text=True,
            timeout=3 * PATIENCE_S,  # Node, Zapier's core and a gateway have to start
            check=False,
        )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "pass 10" in ran.stdout and "skipped 0" in ran.stdout


def test_the_scopes_that_the_app_asks_for_are_those_that_it_is_tried_with() -> None:
    text = (APP / "authentication.js").read_text("utf-8")
    assert all(f"--scope {one}" in text for one in SCOPES)


def test_what_is_published_is_what_is_tried() -> None:
    """One version of Zapier's core: that of the app, of its lock file and of the tests."""
    wanted = json.loads((APP / "package.json").read_text())["dependencies"]["zapier-platform-core"]
    tried = json.loads((ROOT / "tests" / "node" / "package.json").read_text())["dependencies"]
    locked = json.loads((APP / "package-lock.json").read_text())["packages"]
    assert tried["zapier-platform-core"] == wanted
    assert locked["node_modules/zapier-platform-core"]["version"] == wanted
    assert all("resolved" not in one for one in locked.values()), "no lock file names a registry"
