"""Shared by every test: where the real data is, and a workspace of one's own."""

import os
from pathlib import Path

import pytest
from hypothesis import settings

# Before torch is loaded: two workers on two cores, and their children, do best with a thread each that never spins.
for _name, _value in {"OMP_NUM_THREADS": "1", "GOMP_SPINCOUNT": "0", "KMP_BLOCKTIME": "0"}.items():
    os.environ.setdefault(_name, _value)

settings.register_profile("chaffinch", deadline=None, derandomize=True)  # a busy machine is not a failing test
settings.load_profile("chaffinch")

_SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real datasets; tests that need it skip, saying so, where it is absent."""
    if not _SHARED.is_dir():
        pytest.skip("the real datasets are not beside this checkout (../shared/data)")
    return _SHARED


@pytest.fixture(autouse=True)
def own_workspace(tmp_path_factory, monkeypatch):
    """Each test gets an empty workspace, so that nothing of the user's is read or changed."""
    home = tmp_path_factory.mktemp("workspace")
    monkeypatch.setenv("CHAFFINCH_HOME", str(home))
    return home
