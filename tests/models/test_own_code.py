"""Own code is found without running it, and run only as the person allowed it: that file, those bytes, for that run."""

from __future__ import annotations

import importlib.util
import py_compile
import sys
from pathlib import Path

import pytest

from core.models.own_code import allow, allowed_before, located, own_factory, refuse_unless_allowed
from core.store.consent import Consent, consent_for, remember_consent
from core.types.errors import CurationError, ModelError

CODE = "import helper_of_ones_own\ndef make():\n    return helper_of_ones_own.WORD\n"


@pytest.fixture(autouse=True)
def import_path(monkeypatch):
    """What is imported here stays here."""
    known = set(sys.modules)
    monkeypatch.setattr(sys, "path", list(sys.path))
    yield
    for name in set(sys.modules) - known:
        del sys.modules[name]


@pytest.fixture
def code(tmp_path) -> Path:
    folder = tmp_path / "code"
    (folder / "group").mkdir(parents=True)
    (folder / "helper_of_ones_own.py").write_text("WORD = 'mine'\n")
    (folder / "ones_net.py").write_text(CODE)
    (folder / "group" / "ones_net.py").write_text("def make():\n    return 'from a namespace package'\n")
    return folder


def test_code_is_found_where_the_person_stands_or_on_the_import_path_and_not_run(code, monkeypatch):
    (code / "ones_net.py").write_text("raise SystemExit('it ran')\n")
    monkeypatch.chdir(code)
    monkeypatch.setattr(sys, "path", ["", ".", *sys.path])
    with pytest.raises(ModelError, match="Nothing was run"):
        located("ones_net:make")  # relative entries of the import path are the current folder
    assert located("ones_net:make", code).file == str(code / "ones_net.py")
    sys.path.append(str(code))
    assert located("ones_net:make").file == str(code / "ones_net.py")
    assert located("group.ones_net:make").file == str(code / "group" / "ones_net.py")
    assert "ones_net" not in sys.modules


@pytest.mark.parametrize(
    "model",
    [
        "os:system",
        ":",
        "a:",
        ":b",
        "a.:b",
        "a..b:c",
        "os.path:join",
        "../a:b",
        "a:b.c",
        "builtins:eval",
        "sys:exit",
        "a-b:c",
    ],
)
def test_what_is_no_factory_is_refused_by_its_name(model):
    with pytest.raises(ModelError):
        located(model)


def test_what_was_allowed_is_run_from_its_own_folder_for_that_run_alone(code, tmp_path, monkeypatch):
    remember_consent("mine", located("ones_net:make", code))
    monkeypatch.chdir(tmp_path)
    assert own_factory("mine", "ones_net:make")() == "mine"
    assert own_factory("mine", "mlp") is None
    for run_id, model in (("other", "ones_net:make"), ("mine", "ones_net:other"), ("mine", "group.ones_net:make")):
        with pytest.raises(ModelError, match="Nothing was run"):
            own_factory(run_id, model)


def test_changed_code_is_refused_until_it_is_allowed_again(code, tmp_path):
    remember_consent("mine", located("ones_net:make", code))
    assert own_factory("mine", "ones_net:make")() == "mine"
    (code / "ones_net.py").write_text("def make():\n    return 'changed'\n")
    with pytest.raises(ModelError, match=r"ones_net\.py, has changed since you allowed it\. Nothing was run"):
        own_factory("mine", "ones_net:make")
    allow("mine", "ones_net:make")  # --trust, from any folder: it is looked for where it was
    assert own_factory("mine", "ones_net:make")() == "changed"
    (code / "ones_net.py").unlink()
    with pytest.raises(ModelError, match="cannot be read"):
        refuse_unless_allowed("mine", "ones_net:make")


def test_a_new_run_may_use_what_another_run_of_the_workspace_may(code, tmp_path):
    with pytest.raises(ModelError, match="Nothing was run"):
        allowed_before("ones_net:make")
    remember_consent("mine", located("ones_net:make", code))
    assert allowed_before("ones_net:make") == consent_for("mine", "ones_net:make")
    second = tmp_path / "second"
    second.mkdir()
    (second / "ones_net.py").write_text(CODE + "# another one\n")
    remember_consent("other", located("ones_net:make", second))
    with pytest.raises(ModelError):  # which of the two is meant?
        allowed_before("ones_net:make")
    assert allowed_before("mlp") is None


def test_a_compiled_file_beside_the_source_is_not_what_runs(code, tmp_path):
    source = code / "ones_net.py"
    evil = tmp_path / "evil.py"
    evil.write_text(f"open({str(tmp_path / 'canary')!r}, 'w')\ndef make(): return 'evil'\n")
    py_compile.compile(
        str(evil),
        importlib.util.cache_from_source(str(source)),
        str(source),
        invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH,
    )
    remember_consent("mine", located("ones_net:make", code))
    assert own_factory("mine", "ones_net:make")() == "mine"
    assert not (tmp_path / "canary").exists()


def test_packages_around_it_are_those_of_its_folder(code, tmp_path):
    remember_consent("mine", located("group.ones_net:make", code))
    shadow = tmp_path / "shadow" / "group"
    shadow.mkdir(parents=True)
    (shadow / "__init__.py").write_text(f"open({str(tmp_path / 'canary')!r}, 'w')\n")
    sys.path.append(str(shadow.parent))  # a package with an __init__ wins over a namespace wherever it stands
    with pytest.raises(ModelError, match="another package"):
        own_factory("mine", "group.ones_net:make")
    sys.path.remove(str(shadow.parent))
    assert own_factory("mine", "group.ones_net:make")() == "from a namespace package"
    assert not (tmp_path / "canary").exists()


def test_relative_imports_of_a_package_work(code):
    (code / "group" / "__init__.py").write_text("from .ones_net import make\n")
    remember_consent("mine", located("group:make", code))
    assert own_factory("mine", "group:make")() == "from a namespace package"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("make = 5\n", "has no function 'make'"),
        ("def other(): pass\n", "has no function 'make'"),
        ("1 / 0\n", "cannot be imported: ZeroDivisionError"),
        ("def make(:\n", "cannot be imported: SyntaxError"),
        ("import nowhere_at_all\n", "cannot be imported: ModuleNotFoundError"),
    ],
)
def test_what_is_wrong_with_the_code_is_said_in_words(code, text, words):
    (code / "ones_net.py").write_text(text)
    remember_consent("mine", located("ones_net:make", code))
    with pytest.raises(ModelError, match=words):
        own_factory("mine", "ones_net:make")
    assert "ones_net" not in sys.modules or text == "make = 5\n" or "other" in text


def test_a_record_lies_in_the_workspace_whatever_the_run_calls_itself(own_workspace):
    for run_id in ("../../outside", "a/b", "", "x" * 300, "\ud800"):
        remember_consent(run_id, Consent("a:b", "/a.py", "0" * 64))
        assert consent_for(run_id, "a:b").file == "/a.py"
    assert {path.parent.name for path in own_workspace.rglob("*.json")} == {"consent"}
    next(own_workspace.rglob("*.json")).write_text("[]")
    with pytest.raises(CurationError):
        allowed_before("a:b")
