"""The table of METHODS: Flipped digits is reached (five seeds of an MLP)."""

import pytest
from benchmarks.truth import NOISE, asked, measure

# The mean of five seeds moves by this much between sets of seeds (EL2N at epoch 60, four sets: .863 to .887).
_BETWEEN_SEEDS = 0.03


def gaps(noise, loop, within):
    """Rows of the table further from the figure asked for than `within` (than their own tolerance when None)."""
    reached, place = measure(noise, loop=loop), NOISE.index(noise)
    found = {row.title: (reached[row.title]["auroc"], row.asked[place]) for row in asked()}
    allowed = {row.title: row.within if within is None else within for row in asked()}
    return {title: pair for title, pair in found.items() if abs(pair[0] - pair[1]) > allowed[title]}


@pytest.mark.slow
@pytest.mark.parametrize("noise", NOISE)
def test_flipped_digits_are_found_as_published(noise):
    assert gaps(noise, "published", None) == {}


@pytest.mark.slow
def test_the_training_loop_of_the_project_gives_the_same_table():
    # VoG has no figure of its own: rank correlation between seeds .1 to .2. Before training there is nothing to find.
    off = gaps(0.4, "core", _BETWEEN_SEEDS)
    assert [title for title in off if not title.startswith(("VoG", "GraNd epoch 0"))] == []
