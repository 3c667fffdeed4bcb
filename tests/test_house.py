"""The house keeps its shape: floors, README table, no orphan views, nothing that runs strangers' code."""

import ast
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import grimp

from core.scores import SCORES

ROOT = Path(__file__).resolve().parents[1]
ALLOWED = {
    "pyproject.toml",
    "README.md",
    "dashboard",
    "core",
    "tests",
    "sample_data",
    ".streamlit",
    ".ci",
    "LICENSE",
    ".gitignore",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
}


def _sources(*folders: str) -> list[Path]:
    return [p for folder in folders for p in sorted((ROOT / folder).rglob("*.py"))]


def test_imports_go_down():
    linter = [sys.executable, "-c", "from importlinter.cli import lint_imports_command; lint_imports_command()"]
    done = subprocess.run([*linter, "--no-cache"], cwd=ROOT, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_door_is_the_only_way_in():
    """The contract names every floor below: a new package of core is forbidden to screen and command line, too."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    door = next(contract for contract in contracts if contract["name"].startswith("one door"))
    floors = {f"core.{path.parent.name}" for path in (ROOT / "core").glob("*/__init__.py")}
    assert set(door["forbidden_modules"]) == floors - {"core.actions", "core.types", "core.cli"}
    assert "ignore_imports" not in door


def score_users(graph: grimp.ImportGraph) -> set[tuple[str, str]]:
    """(who, a registered score's module) wherever anyone but the registry imports one."""
    modules = {method.compute.__module__ for method in SCORES}
    return {(who, score) for score in modules for who in graph.find_modules_that_directly_import(score)} - {
        ("core.scores", score) for score in modules
    }


def test_scores_do_not_know_each_other_and_only_the_registry_knows_them():
    """Which modules are scores follows from the registry: no list to keep, and nothing to leave out of it."""
    graph = grimp.build_graph("core", cache_dir=None)
    assert not score_users(graph)
    graph.add_import(importer="core.scores.el2n", imported="core.scores.aum")
    graph.add_import(importer="core.scores.shared.epochs", imported="core.scores.vog")
    assert score_users(graph) == {
        ("core.scores.el2n", "core.scores.aum"),
        ("core.scores.shared.epochs", "core.scores.vog"),
    }


def test_readme_table_is_the_registry():
    from core.runs.plan.catalogue import scores_markdown

    text = (ROOT / "README.md").read_text(encoding="utf-8")
    table = re.search(r"<!-- scores -->\n(.*?)<!-- /scores -->", text, re.S)
    assert table
    assert table.group(1).strip() == scores_markdown().strip(), "run: python -m core methods --markdown"


def test_every_view_is_reachable():
    app = (ROOT / "dashboard/page.py").read_text(encoding="utf-8")
    views = {p.stem for p in (ROOT / "dashboard/views").glob("*.py")} - {"__init__"}
    assert views, "no views found"
    missing = {view for view in views if not re.search(rf"\b{view}\b", app)}
    assert not missing, f"views that dashboard/page.py never names: {sorted(missing)}"


def test_session_and_url_are_touched_in_one_room():
    """`st.session_state` and the query parameters: by whatever name, in dashboard/session alone."""
    names = ("session_state", "query_params", "session_state_proxy", "SessionStateProxy")
    elsewhere = [p for p in _sources("dashboard") if "session" not in p.relative_to(ROOT).parts]
    found = [
        f"{p.relative_to(ROOT)}:{node.lineno}"
        for p in elsewhere
        for node in ast.walk(ast.parse(p.read_bytes()))
        if (isinstance(node, ast.Attribute) and node.attr in names)
        or (isinstance(node, ast.ImportFrom) and any(alias.name in names for alias in node.names))
    ]
    assert not found
    inside = (ROOT / "dashboard/session").glob("*.py")
    assert any("st.session_state" in p.read_text(encoding="utf-8") for p in inside), "the search still finds it"


def test_top_level_names_are_the_agreed_ones():
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, timeout=60)
    if tracked.returncode == 0 and tracked.stdout:
        assert {line.split("/")[0] for line in tracked.stdout.splitlines()} <= ALLOWED


def test_every_file_of_tests_has_a_name_of_its_own():
    """pytest imports them by name alone: two of one name stop the whole suite."""
    names = [path.name for path in (ROOT / "tests").rglob("test_*.py")]
    assert sorted(names) == sorted(set(names))


def test_nothing_runs_strangers_code():
    forbidden = re.compile(r"allow_pickle\s*=\s*True|\bpickle\.load|joblib\.load|unsafe_allow_html|components\.v1")
    found = [
        f"{p.relative_to(ROOT)}: {m.group()}"
        for p in _sources("core", "dashboard")
        for m in [forbidden.search(p.read_text(encoding="utf-8"))]
        if m
    ]
    assert not found
    calls = [
        call
        for p in _sources("core", "dashboard")
        for call in ast.walk(ast.parse(p.read_bytes()))
        if isinstance(call, ast.Call)
    ]
    loads = [ast.unparse(call) for call in calls if ast.unparse(call.func).endswith("torch.load")]
    assert loads
    assert all("weights_only=True" in text for text in loads), loads
    keywords = [keyword for call in calls for keyword in call.keywords if keyword.arg == "weights_only"]
    assert {ast.unparse(keyword.value) for keyword in keywords} == {"True"}


def test_the_dashboards_process_needs_no_torch():
    code = (
        "import sys, core.library\n"
        "from core import actions\n"
        "[getattr(actions, name) for name in actions.FILES]\n"
        "import core.scores, core.curation\n"
        "import core.datasets, core.attributions, core.export\n"
        "heavy = [m for m in ('torch', 'umap', 'captum', 'shap', 'numba') if m in sys.modules]\n"
        "sys.exit(f'imported: {heavy}' if heavy else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr
