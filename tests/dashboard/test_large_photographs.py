"""Photographs are kept small for tiles, turned, gray or of four colors; only Enlarge sees all of one."""

import numpy as np
import pytest
from PIL import Image

from core.datasets.image_arrays import of_at_most
from core.datasets.image_files import ImageFiles, examine


@pytest.fixture(scope="module")
def photographs(tmp_path_factory):
    """Upper half dark, lower half bright: plain, gray, CMYK, and one that a camera turned."""
    folder = tmp_path_factory.mktemp("photographs")
    pixels = np.full((1500, 2000, 3), 30, np.uint8)
    pixels[750:] = 220
    image, paths = Image.fromarray(pixels), []
    turned = Image.Exif()
    turned[0x0112] = 6  # a quarter to the right
    for mode, more in (("RGB", {}), ("L", {}), ("CMYK", {}), ("RGB", {"exif": turned})):
        paths.append(folder / f"{len(paths)}.jpg")
        image.convert(mode).save(paths[-1], quality=95, **more)
    return ImageFiles([examine(path) for path in paths])


@pytest.mark.parametrize("row", range(4))
def test_a_thumbnail_is_the_photograph_at_a_part_of_its_size(photographs, row):
    small, whole = of_at_most(photographs, row, 512), photographs[row]
    assert small.shape == ((512, 384, 3) if row == 3 else (384, 512, 3))
    assert whole.shape[:2] == ((2000, 1500) if row == 3 else (1500, 2000))
    for way in (0, 1):  # the same halves are dark
        halves = [np.array_split(image, 2, axis=way)[0].mean() for image in (small, whole)]
        assert abs(halves[0] - halves[1]) < 4


def test_small_images_and_arrays_stay_as_they_are():
    pixels = np.arange(2 * 8 * 9 * 3, dtype=np.uint8).reshape(2, 8, 9, 3)
    np.testing.assert_array_equal(of_at_most(pixels, 1, 512), pixels[1])
    assert of_at_most(pixels, 1, 4).shape == (4, 4, 3)
