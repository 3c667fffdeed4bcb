"""Shared by every test: where the real data is, and a workspace of one's own."""

import gc
import os
import sys
from pathlib import Path

import pytest
from hypothesis import settings

pytest_plugins = ["contracts.proofs"]

# Before torch is loaded: two workers on two cores, and their children, do best with a thread each that never spins.
for _name, _value in {"OMP_NUM_THREADS": "1", "GOMP_SPINCOUNT": "0", "KMP_BLOCKTIME": "0"}.items():
    os.environ.setdefault(_name, _value)

# The tests start hundreds of processes of Python. Where the environment forbids bytecode, each would compile the whole
# tree again, and each worker rewrite every test: several seconds of processor time apiece.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

settings.register_profile("chaffinch", deadline=None, derandomize=True)  # a busy machine is not a failing test
settings.load_profile("chaffinch")

# The files that take longest, in the order in which they begin. A file is one worker's; the many short ones come last
# and fill both workers to the end. A browser waits while its page is drawn, so it stands beside a file that computes.
_FIRST = (
    "browser/test_survival.py",
    "cli/test_exporting.py",
    "contracts/test_batches_and_store.py",
    "browser/test_journey.py",
    "cli/test_cli.py",
    "browser/test_accessibility.py",
    "test_own_pictures.py",
    "browser/test_map_component.py",
    "embeddings/test_input_embeddings.py",
    "browser/test_what_if_page.py",
    "attributions/test_worker.py",
    "browser/test_hostile_words.py",
    "training/test_memory_and_precision.py",
    "browser/test_page_manners.py",
    "contracts/test_every_score.py",
    "browser/test_background.py",
    "test_house_rules.py",
    "browser/",
    "cli/test_own_networks.py",
    "datasets/test_unpacking.py",
    "scores/test_semivalues.py",
    "test_quickstart.py",
    "test_guide.py",
    "dashboard/views/",
    "scores/test_truth.py",
    "embeddings/test_projections.py",
    "training/",
    "cli/",
    "runs/",
    "attributions/",
    "test_",  # they stand last where files are found, and some take long: copies of the tree, a wheel, a notebook
    "contracts/",
    "embeddings/",
    "training/",
    "numerics/",
    "scores/test_semivalues.py",
    "datasets/test_unpacking.py",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Long files before short ones; inside a file, the order in which they stand."""
    items.sort(key=_turn)


def _turn(item: pytest.Item) -> int:
    place = item.path.relative_to(Path(__file__).parent).as_posix()
    return next((turn for turn, begun in enumerate(_FIRST) if place.startswith(begun)), len(_FIRST))


_SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real datasets; tests that need it skip, saying so, where it is absent."""
    if not _SHARED.is_dir():
        pytest.skip("the real datasets are not beside this checkout (../shared/data)")
    return _SHARED


@pytest.fixture(scope="module", autouse=True)
def what_stays_is_not_searched():
    """Streamlit collects garbage after every run of a page; it need not look through all of torch and every test."""
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def own_workspace(tmp_path_factory, monkeypatch):
    """Each test gets an empty workspace, so that nothing of the user's is read or changed."""
    home = tmp_path_factory.mktemp("workspace")
    monkeypatch.setenv("CHAFFINCH_HOME", str(home))
    return home
