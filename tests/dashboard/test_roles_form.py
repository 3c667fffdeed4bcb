"""A role set to "(none)" stays empty: the loaders do not guess it again."""

import pandas as pd
import pytest

from core import actions
from core.datasets import load_examples
from core.types.examples import Modality, Roles
from dashboard.panels.roles_form import roles_of


@pytest.fixture
def preview(tmp_path):
    """A table whose columns are all guessed: id, label, split, and two features."""
    rows = 24
    frame = pd.DataFrame(
        {
            "id": [f"r{i}" for i in range(rows)],
            "x": [i / 7 for i in range(rows)],
            "y2": [i * 3 % 11 / 10 for i in range(rows)],
            "split": ["test" if i > 19 else "train" for i in range(rows)],
            "label": ["ab"[i % 2] for i in range(rows)],
        }
    )
    frame.to_csv(tmp_path / "t.csv", index=False)
    return actions.data.inspect_source(str(tmp_path / "t.csv")), str(tmp_path / "t.csv")


def _chosen(seen, **changed):
    return {part: getattr(seen.roles, part) for part in ("label", "id", "split", "group")} | changed


def test_left_as_guessed_nothing_is_fixed(preview):
    assert roles_of(preview[0], _chosen(preview[0])) == Roles()


def test_an_emptied_role_is_not_guessed_again(preview):
    seen, source = preview
    assert seen.roles.split == "split"
    roles = roles_of(seen, _chosen(seen, split=None, id=None))
    again = actions.data.inspect_source(source, None, roles)
    assert (again.roles.split, again.roles.id, again.roles.label) == (None, None, "label")
    examples = load_examples(source, None, roles)
    assert set(examples.splits) == {"train"}
    assert "r0" not in set(examples.ids)


def test_a_freed_column_becomes_a_feature_unless_it_names_rows(preview):
    seen, _ = preview
    assert seen.modality == Modality.TABLE
    assert roles_of(seen, _chosen(seen, split=None, id=None)).features == ("x", "y2", "split")
