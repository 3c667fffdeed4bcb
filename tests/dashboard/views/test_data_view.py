"""The Data step: a path in the address is filled in, not read; reading is a child's; one source at a time."""

import pytest
from screens import screen, words

from core.datasets import guarded


@pytest.fixture
def rows(tmp_path):
    """A small table of words and numbers."""
    path = tmp_path / "rows.csv"
    path.write_text("id,x,y,label\n" + "".join(f"r{i},{i / 7},{i * 3 % 11},{'ab'[i % 2]}\n" for i in range(24)))
    return path


@pytest.fixture
def asked(monkeypatch):
    """What children were asked to do, in order; a server that opens the file itself asks nobody."""
    found, ask = [], guarded.ask_child

    def noted(module, question, source, *more):
        found.append((question.get("task"), str(source)))
        return ask(module, question, source, *more)

    monkeypatch.setattr(guarded, "ask_child", noted)
    return found


def test_a_path_in_the_address_is_filled_in_and_read_after_a_click(rows, asked):
    at = screen("data", source=str(rows))
    assert at.text_input(key="source").value == str(rows)
    assert not asked
    assert "Nothing was read yet" in words(at)
    at.button(key="look").click().run()
    assert [task for task, _ in asked] == ["preview"]
    assert "24 rows" in words(at)
    at.button(key="read_all").click().run()
    assert [task for task, _ in asked] == ["preview", "report"]
    assert "Report card" in words(at)


def test_a_typed_path_is_looked_at(rows, asked):
    at = screen("data")
    at.text_input(key="source").set_value(str(rows)).run()
    assert not at.exception
    assert asked == [("preview", str(rows))]
    assert "24 rows" in words(at)


def test_a_reader_that_dies_is_two_lines(rows, monkeypatch, tmp_path):
    reader = tmp_path / "reader"
    reader.write_text("#!/bin/sh\nkill -9 $$\n")  # as the kernel does when memory runs out
    reader.chmod(0o755)
    monkeypatch.setattr(guarded.sys, "executable", str(reader))
    at = screen("data", source=str(rows))
    at.button(key="look").click().run()
    assert not at.exception
    assert "Reading rows.csv crashed (signal 9)" in words(at)


def test_the_open_run_shows_its_own_data_and_new_data_takes_its_place(run_of, rows, asked):
    at = screen("data", run_of("table"))
    assert "Data of the open run" in words(at)
    assert "table.csv" in words(at)
    assert not asked
    at.text_input(key="source").set_value(str(rows)).run()
    assert "Data of the open run" not in words(at)
    assert "What Chaffinch sees" in words(at)
    assert at.session_state["looked"] == str(rows)
    at.text_input(key="source").set_value("").run()
    assert "Data of the open run" in words(at)
