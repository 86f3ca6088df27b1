"""The Chromium or Chrome of this machine, for what is tested in a real browser: absent, such tests fail under CI."""

from __future__ import annotations

import os
import shutil

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")


def find_chromium() -> str:
    """Return its path; without one skip the test, or fail it where the environment says CI."""
    found = next(filter(None, map(shutil.which, NAMES)), None)
    if found is None:
        say = pytest.fail if os.environ.get("CI") else pytest.skip
        say("There is no Chromium or Chrome on this machine, so the pages are not tested; install one.")
    return str(found)
