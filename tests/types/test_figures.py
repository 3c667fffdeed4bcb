"""One way to write a number: nothing of a person's own is altered, and no power of ten where digits will do."""

import numpy as np
import pytest

from core.types.figures import cell, digits, probability


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1.23456, "1.235"),
        (0, "0"),
        (None, "–"),
        (float("nan"), "–"),
        (float("inf"), "∞"),
        (-3.0, "-3"),
        (123456, "123,456"),
        (9999.6, "10,000"),
        (1234.5, "1234"),
        (952.2, "952.2"),
        (0.00012345, "0.0001234"),
        (-0.0006759, "-0.0006759"),
        (-7.629e-06, "-7.6×10⁻⁶"),
        (2.6e-40, "2.6×10⁻⁴⁰"),
        (np.float32(0.5), "0.5"),
    ],
)
def test_figures_have_four_digits_at_most(value, text):
    assert digits(value) == text


def test_a_spread_has_two_digits_and_no_power_of_ten():
    assert digits(352.1, 2) == "352"
    assert digits(0.0483, 2) == "0.048"


@pytest.mark.parametrize(
    ("share", "text"),
    [
        (2.6e-40, "< 0.001"),
        (0.0004, "< 0.001"),
        (0.0123, "0.012"),
        (0.4894, "0.49"),
        (0.9951, "0.995"),
        (1.0, "> 0.999"),
    ],
)
def test_probabilities(share, text):
    assert probability(share) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (207123.0, "207,123"),
        (207123, "207,123"),
        (np.int64(207123), "207,123"),
        (2024, "2024"),
        (39.0, "39"),
        (0.1 + 0.2, "0.30000000000000004"),
        (np.float32(0.1), "0.1"),
        (1234567.891, "1,234,567.891"),
        (-15000.25, "-15,000.25"),
        (1e-12, "1e-12"),
        (True, "True"),
        ("00123", "00123"),
        (None, "–"),
        (float("nan"), "–"),
        (12345678901234567890, "12,345,678,901,234,567,890"),
    ],
)
def test_own_cells_keep_every_digit(value, text):
    assert cell(value) == text
