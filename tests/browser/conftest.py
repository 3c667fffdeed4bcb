"""One Chromium for all tests of a file."""

from collections.abc import Iterator

import pages
import pytest


@pytest.fixture(scope="module", autouse=True)
def one_browser() -> Iterator[None]:
    """Started by the first test that asks for one, ended with the file."""
    yield
    pages.close_browser()
