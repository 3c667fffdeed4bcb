"""A model of one's own on the page Data: fitted when typed, its card before the run, the question of the terminal."""

import pytest
from models.sources.small_models import save_text_folder, texts
from screens import screen, words

from core import actions
from core.cli import main
from core.cli.commands import spec_from
from core.cli.parser import parse
from core.runs.folder.source import load_source
from core.runs.plan import model_in_child, prepare
from core.types.errors import ModelError

pytest.importorskip("transformers")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Reviews, and a small random network that reads them, whose outputs stand in another order than the classes."""
    folder = tmp_path_factory.mktemp("own")
    save_text_folder(folder / "model", names=("good", "bad"))
    save_text_folder(folder / "other", names=("ham", "spam"))
    rows = [f"r{n},{text},{('bad', 'good')[n % 2]}" for n, text in enumerate(texts())]
    (folder / "data.csv").write_text("\n".join(["id,text,label", *rows]) + "\n")
    return folder


@pytest.fixture
def read(folder, monkeypatch):
    """The page with the data read. The child that looks at models has tests of its own: here it is this process."""
    monkeypatch.setattr(model_in_child, "inspect_in_child", model_in_child.inspect_model)
    at = screen("data", source=str(folder / "data.csv"))
    at.button(key="look").click().run()
    at.button(key="read_all").click().run()
    return at.button_group(key="whose_model").set_value("own").run()


def test_the_card_stands_before_the_run_and_the_question_is_the_terminals(read, folder, monkeypatch):
    assert "to_scores" not in [button.key for button in read.button]
    read.text_input(key="own_model").set_value(str(folder / "model"))
    at = read.run()
    for said in ("BertForSequenceClassification", "0 good is good", "not trainings here", "one pass over 24 rows"):
        assert said in words(at)
    at.selectbox(key="device").select("cpu")
    at.checkbox(key="judge_own").check()
    at.number_input(key="batch_size").set_value(8).run()
    at.button(key="to_scores").click().run()
    flags = ["run", str(folder / "data.csv"), "--out", "r", "--model", str(folder / "model"), "--device", "cpu"]
    asked = spec_from(parse([*flags, "--judge", "best", "--batch-size", "8"]))
    assert at.session_state["draft_spec"] == asked
    started = []
    monkeypatch.setattr(actions.runs, "plan_source", lambda spec: prepare.plan_scores(spec, load_source(spec).examples))
    monkeypatch.setattr(actions.runs, "start_run", lambda spec: started.append(spec))
    before = screen("scores")
    before.session_state["draft_spec"] = at.session_state["draft_spec"]
    before.run().button(key="start_run").click().run()
    assert started == [asked]


def test_errors_are_the_terminals(read, folder, capsys):
    for model in (folder / "other", folder / "data.csv", folder / "nothing"):
        read.text_input(key="own_model").set_value(str(model)).run()
        assert main(["inspect-model", str(model), "--data", str(folder / "data.csv")]) == 2
        what, hint = capsys.readouterr().err.strip().splitlines()
        said = words(read).replace("\\'", "'")
        assert what in said
        assert hint[:60] in said
        assert "to_scores" not in [button.key for button in read.button]


def test_code_is_taken_once_it_was_allowed_on_the_command_line(read, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "their_net.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')\n\ndef make(shape, classes): ...\n")
    read.text_input(key="own_model").set_value("their_net:make").run()
    assert "python -m core trust their_net:make" in words(read)
    assert "to_scores" not in [button.key for button in read.button]
    assert main(["trust", "their_net:make"]) == 0
    assert "their_net.py" in capsys.readouterr().out
    at = read.run()
    assert "your own code in" in words(at)
    assert at.session_state["whose_model"] == "own"
    assert not (tmp_path / "ran").exists(), "looked at, not run"
    (tmp_path / "their_net.py").write_text("changed = True\n")
    with pytest.raises(ModelError, match="Nothing was run"):
        actions.runs.check_allowed("their_net:make")
