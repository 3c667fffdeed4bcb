"""Tiny scored runs, made once per modality and session; decisions go to each test's own workspace."""

from collections.abc import Iterator

import pytest
import scored_worlds as worlds
from streamlit import config

from core.attributions import AttributionClient
from core.store import Run
from core.types.errors import CurationError
from dashboard.session import error_boundary, explainer


@pytest.fixture(scope="session")
def made() -> dict:
    """modality -> folder of the finished run, of those that some test asked for."""
    return {}


@pytest.fixture(scope="session")
def run_of(tmp_path_factory, made):
    """modality -> folder of a finished run."""

    def make(modality: str):
        if modality not in made:
            folder = tmp_path_factory.mktemp(modality)
            with pytest.MonkeyPatch.context() as patch:
                patch.setenv("CHAFFINCH_HOME", str(folder / "home"))
                made[modality] = worlds.scored(modality, folder).path
        return made[modality]

    return make


class StartedWhenAsked(AttributionClient):
    """Its process starts with the first question: most tests draw a page and ask none."""

    _asked = False

    def _start(self) -> None:
        if self._asked:
            super()._start()

    def _ask(self, question, timeout):
        self._asked = True
        return super()._ask(question, timeout)


@pytest.fixture(scope="session")
def explainers() -> Iterator[dict[str, AttributionClient]]:
    """Run folder -> the process that explains its predictions."""
    clients: dict[str, AttributionClient] = {}
    yield clients
    for client in clients.values():
        client.close()


@pytest.fixture(autouse=True)
def one_explainer_per_run(made, explainers, monkeypatch):
    """Each drawer that is drawn starts the process that explains: seconds of imports, the same for the next test."""
    start = explainer._client

    def client(run_id: str, path: str, run: Run) -> AttributionClient:
        if path not in {str(folder) for folder in made.values()}:
            return start(run_id, path, run)
        if path not in explainers:
            explainers[path] = StartedWhenAsked(path)
        return explainers[path]

    monkeypatch.setattr(explainer, "_client", client)


@pytest.fixture
def calm_border():
    """For tests of the border itself: it says in words what else would end the test."""


@pytest.fixture(autouse=True)
def loud_border(request, monkeypatch):
    """An error that is our bug ends the run of the page, so that tests see it, instead of becoming words."""
    show = error_boundary.show

    def loud(error):
        if isinstance(error, CurationError):
            return show(error)
        raise error

    if "calm_border" not in request.fixturenames:
        monkeypatch.setattr(error_boundary, "show", loud)


@pytest.fixture(autouse=True)
def empty_caches():
    """What one test's server remembered is nothing to the next."""
    import streamlit as st

    st.cache_resource.clear()
    st.cache_data.clear()


@pytest.fixture(autouse=True)
def listens_on_this_machine():
    """As .streamlit/config.toml says, which Streamlit reads from the folder that a process happens to stand in."""
    config.set_option("server.address", "127.0.0.1")
