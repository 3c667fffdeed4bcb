"""Every flag is checked while the command line is read: two lines, exit code 2, nothing written."""

import argparse
import math
from pathlib import Path

import pytest
from worlds import write_table

from core.cli import main
from core.cli.flag_types import memory, names, number, path, path_words, shares, some_of, whole
from core.cli.parser import COMMANDS, Parser

LONG, NUL = "x" * 300, "a\0b"


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> Path:
    return write_table(tmp_path_factory.mktemp("flags"))[0]


RUN = [
    ["--threads", "-5"], ["--threads", "many"], ["--threads", "1e9"], ["--seed", "-5"], ["--seed", str(2**70)],
    ["--learning-rate", "nan"], ["--learning-rate", "inf"], ["--learning-rate", "0"], ["--learning-rate", "-1"],
    ["--weight-decay", "nan"], ["--weight-decay", "-0.1"], ["--epochs", "99999999999"], ["--epochs", "-1"],
    ["--epochs", "0"], ["--seeds", "0"], ["--folds", "0"], ["--folds", "1"], ["--batch-size", "-1"],
    ["--checkpoints", "0"], ["--features", ","], ["--features", "a,,b"], ["--scores", ","], ["--scores", "el2m"],
    ["--model", "os:system"], ["--model", ":"], ["--model", "a:"], ["--model", ":b"], ["--model", "a.:b"],
    ["--model", "subprocess:call"], ["--model", "../x:y"], ["--model", "nowhere_to_be_found:make"], ["--model", "alex"],
    ["--memory", "nan"], ["--memory", "9" * 400 + "GB"], ["--memory", "1"], ["--labels", LONG], ["--labels", NUL],
    ["--class-map", NUL], ["--truth", LONG], ["--weights", NUL], ["--weights", LONG], ["--label", ""], ["--text", NUL],
    ["--model", "mlp", "--model.width", "nan"], ["--el2n.last-epoch", "nan"], ["--image-size", "0"], ["--mean", "nan"],
]  # fmt: skip
OTHERS = [
    ["open", "--port", "0"], ["open", "--port", "many"],
    ["check", "adult", "--fractions", "nan"], ["check", "adult", "--fractions", "0.5,,"],
    ["check", "adult", "--fractions", "1.5"], ["check", "adult", "--seeds", "0"], ["check", "adult", "--seeds", "2"],
    ["check", "adult", "--resume", ""], ["check", "adult", "--resume", "../../x"],
    ["selftest", "adult", "--flip", "nan"], ["selftest", "adult", "--flip", "0"],
    ["selftest", "adult", "--flip", "0.9"], ["rank", "adult", "--score", NUL],
    ["rank", "adult", "--score", "el2n", "--top", "0"], ["table", "adult", "--csv", NUL],
    ["table", "adult", "--csv", LONG], ["table", NUL], ["table", LONG],
    ["export", "adult", "--out", NUL], ["export", "adult", "--out", "d/" + LONG],
    ["export", "adult", "--out", "e", "--keep-fraction", "nan"],
    ["export", "adult", "--out", "e", "--keep-fraction", "-0.1"],
    ["export", "adult", "--out", "e", "--formats", "xlsx"], ["export", "adult", "--out", "e", "--rules", NUL],
    ["report", "adult", "--out", NUL], ["report", "adult", "--out", LONG], ["verify", NUL], ["verify", LONG],
    ["verify", "e", "--level", "9"], ["evaluate", "adult", "--truth", NUL], ["inspect", NUL], ["inspect", LONG],
    ["plant", "adult", "--flip", "nan", "--out", "p"], ["plant", "adult", "--flip", "2", "--out", "p"],
    ["plant", "adult", "--flip", "0.1", "--duplicates", "-1", "--out", "p"], ["resume", LONG], ["status", NUL],
    ["plant", "adult", "--flip", "0.1", "--seed", "-1", "--out", "p"],
    ["plant", "adult", "--flip", "0.1", "--out", NUL],
    ["cancel", LONG], ["explain", "adult", "row", "--cover", "-1"], ["noise", NUL], ["", ""],
]  # fmt: skip


def _refused(arguments, tmp_path, capsys, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(arguments) == 2
    said = capsys.readouterr()
    assert len(said.err.splitlines()) == 2, said.err
    assert not said.out
    assert not list(tmp_path.rglob("*"))


@pytest.mark.parametrize("flags", RUN, ids=lambda flags: " ".join(flags)[:40].replace("\0", "NUL"))
def test_a_flag_of_run_is_refused_before_any_work(flags, data, tmp_path, capsys, monkeypatch):
    _refused(["run", str(data), "--out", "run", *flags], tmp_path, capsys, monkeypatch)


@pytest.mark.parametrize("out", [NUL, LONG, "d/" + LONG, "d/" * 3000])
def test_an_out_that_no_disk_could_hold_is_refused(out, data, tmp_path, capsys, monkeypatch):
    _refused(["run", str(data), "--out", out], tmp_path, capsys, monkeypatch)


@pytest.mark.parametrize("arguments", OTHERS, ids=lambda words: " ".join(words)[:40].replace("\0", "NUL"))
def test_a_flag_of_another_command_is_refused(arguments, tmp_path, capsys, monkeypatch):
    _refused(arguments, tmp_path, capsys, monkeypatch)


def test_every_flag_that_takes_a_value_says_what_it_may_be():
    checked = 0
    for command in COMMANDS:
        parser = Parser(prog=command.name)
        command.flags(parser)
        for action in parser._actions:
            if action.nargs == 0:
                continue
            assert action.type not in (int, float, str), f"{command.name} {action.option_strings}: give it bounds"
            read = parser._registry_get("type", action.type, action.type)
            if action.choices is None:
                with pytest.raises((argparse.ArgumentTypeError, ValueError)):
                    read(NUL)
            checked += 1
    assert checked > 60


def test_help_says_what_zero_means(capsys):
    with pytest.raises(SystemExit):
        main(["run", "--help"])
    said = " ".join(capsys.readouterr().out.split())
    assert "0 or left out: every core" in said
    assert "0 or left out: the model's own" in said


@pytest.mark.parametrize(("read", "text", "value"), [
    (whole(0, 5), "5", 5), (number(0, 1, above=True), "1", 1.0), (number(0), "0", 0.0), (names, "a, b", ("a", "b")),
    (shares, "0.5,.9", (0.5, 0.9)), (some_of("csv", "parquet"), "csv,parquet", ("csv", "parquet")),
    (memory, "16MB", 2**24), (memory, "1.5 GiB", 3 * 2**29), (path, "a/b", Path("a/b")),
    (path_words, "é" * 127, "é" * 127),
])  # fmt: skip
def test_what_is_within_bounds_is_read(read, text, value):
    assert read(text) == value


@pytest.mark.parametrize(("read", "text"), [
    (whole(0, 5), "6"), (whole(0, 5), "1.0"), (whole(0, 5), ""), (number(0, 1, above=True), "0"), (number(0), "-1e-9"),
    (number(0), "1e999"), (number(0), str(math.nan)), (shares, "0"), (shares, "1"), (shares, ""),
    (some_of("csv"), "csv,"),
    (memory, "1e30TB"), (memory, "lots"), (memory, "999999999999999T"), (path_words, "é" * 128), (path, ""),
])  # fmt: skip
def test_what_is_out_of_bounds_is_said(read, text):
    with pytest.raises(argparse.ArgumentTypeError, match=r"is|holds"):
        read(text)
