"""What files say reaches the terminal as text: no control character moves the cursor, no line break makes up a line."""

import io
import logging
import re
import warnings
from pathlib import Path

import pytest
from rich.console import Console

from core.cli import main
from core.cli.progress import BarProgress, PlainProgress
from core.runs.execute.context import RunContext
from core.runs.folder.run_folder import RunFolder
from core.types.progress import SilentProgress
from core.types.terminal import EscapedFormatter, escaped, escaped_lines

CLEAR = "\x1b[2J\x1b]0;owned\x07"
_CONTROL = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\u202e]")


def test_each_control_character_is_written_as_python_writes_it():
    assert escaped("a\x1b[2J\r\n\t\x07\x7f\x9b\u202eb\u2028\ud83d") == (
        r"a\x1b[2J\r\n\t\x07\x7f\x9b\u202eb\u2028\ud83d"
    )
    assert escaped("Ämter 日本 🐦 → ±\u00a0%") == "Ämter 日本 🐦 → ±\u00a0%"
    assert escaped_lines("a\x1b\nb") == "a\\x1b\nb"


@pytest.fixture
def hostile(tmp_path):
    """A CSV whose ids, classes and cells clear the screen, name the window and make up lines."""
    rows = [
        f'"{CLEAR}{i}",{i % 3 + i / 90},{i % 7},"{("a", "b" + CLEAR, "c")[i % 3]}\nwarning: fake line"'
        for i in range(60)
    ]
    path = tmp_path / "hostile.csv"
    path.write_text("\n".join(["id,x,y,label", *rows]))
    return path


def test_ids_classes_and_flags_are_escaped_by_every_command(hostile, tmp_path, capsys):
    run = tmp_path / "run"
    asked = ("run", hostile, "--out", run, "--scores", "knn_distance,label_quality", "--no-map", "--folds", "2")
    for words in (
        ("inspect", hostile),
        asked,
        ("rank", run, "--score", "knn_distance"),
        ("noise", run),
        ("explain", run, "nobody" + CLEAR),
        ("rank", run, "--score", CLEAR),
        ("rank", run, CLEAR, "--score", "knn_distance"),
        (CLEAR,),
        ("run", hostile, "--out", tmp_path / "other", "--model", f"a{CLEAR}"),
        ("table", f"{CLEAR}\nwarning: fake line"),
        ("check", run, "--fractions", f"{CLEAR}\nwarning: fake line"),
    ):
        main([str(word) for word in words])
        said = "".join(capsys.readouterr())
        assert said
        assert not _CONTROL.search(said), words
        assert not re.search(r"^\s*warning: fake line", said, re.MULTILINE), words
        assert "\\x1b" in said or "\\n" in said or words == asked


def test_progress_logs_and_what_libraries_say_are_escaped(tmp_path, capsys):
    out = io.StringIO()
    PlainProgress(out).stage(f"[red]{CLEAR}\n", 1)
    bars = BarProgress()
    bars.bars.live.console = Console(file=out, force_terminal=False, width=200)
    bars.stage(f"[red]{CLEAR}\nwarning: fake line", 1)
    bars.close()
    assert not _CONTROL.search(out.getvalue())
    assert "[red]\\x1b[2J" in out.getvalue().splitlines()[0]
    record = logging.LogRecord("x", logging.ERROR, "f", 1, "bad %s", (CLEAR,), None)
    assert EscapedFormatter().format(record) == f"bad {escaped(CLEAR)}"
    assert main(["methods", "--json"]) == 0
    assert isinstance(logging.lastResort.formatter, EscapedFormatter)
    assert "\x1b" not in warnings.formatwarning(CLEAR, UserWarning, "f", 1)
    (tmp_path / "spec.json").write_text('{"run_id": "r", "spec": {"source": "x"}}')
    RunContext(RunFolder(tmp_path), SilentProgress()).log(f"score: {CLEAR}")
    assert "\x1b" not in (tmp_path / "log.txt").read_text()


def test_the_command_line_prints_in_two_places():
    folder = Path(__file__).parents[2] / "core" / "cli"
    printing = re.compile(r"(?<![\w.])print\(|std(out|err)\.write|rich")
    found = [p.name for p in sorted(folder.glob("*.py")) if printing.search(p.read_text())]
    assert found == ["progress.py", "say.py"]  # both escape what they print, see above
