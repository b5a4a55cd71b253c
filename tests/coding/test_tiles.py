import numpy as np
import pytest

from fovea.bitstream import Box, TileGrid
from fovea.coding import PictureDecoder, PictureEncoder, PriorNetworks
from fovea.coding.tiles import region_logits, rows_of, window
from fovea.engine import create_engine


class Coder:
    """Encoder and decoder of one model."""

    def __init__(self, model, threads=1):
        engine = create_engine(threads=threads)
        prior = PriorNetworks(model, engine)
        encoder, decoder = PictureEncoder(model, engine, prior), PictureDecoder(model, engine, prior)
        self.model, self.analysis, self.synthesis = model, encoder._analysis.at(50), decoder._synthesis.at(50)
        self.encoder, self.decoder = encoder, decoder

    def encode(self, pixels, grid, quality, region=None):
        region = self.encoder.find(pixels) if region is None else region
        return self.encoder.encode(pixels, grid, self.model.controls(quality), region).tiles

    def decode(self, tiles, grid, quality, box):
        return self.decoder.decode(tiles, grid, self.model.controls(quality), box)

    def object_map(self, tiles, grid, quality):
        return self.decoder.object_map(tiles, grid, self.model.controls(quality))


@pytest.fixture(scope="module", params=["tiny_model", "finding_model", "searching_model", "controlled_model"])
def coder(request):
    return Coder(request.getfixturevalue(request.param), threads=2)


@pytest.mark.parametrize("size", [(1, 1), (1, 70), (63, 65), (64, 64), (130, 17)])
def test_any_size_comes_back(coder, photo, size):
    height, width = size
    pixels = np.ascontiguousarray(photo[:height, :width])
    grid = TileGrid(width, height, 64)
    tiles = coder.encode(pixels, grid, 50)
    assert len(tiles) == grid.tiles
    decoded = coder.decode(tiles.__getitem__, grid, 50, Box(0, 0, width, height))
    assert decoded.shape == pixels.shape and decoded.dtype == np.uint8


def test_region_equals_the_crop_of_the_whole(coder, photo):
    grid = TileGrid(210, 150, 64)
    tiles = coder.encode(photo, grid, 60)
    whole = coder.decode(tiles.__getitem__, grid, 60, Box(0, 0, 210, 150))
    random = np.random.default_rng(0)
    boxes = [Box(0, 0, 1, 1), Box(209, 149, 1, 1), Box(60, 60, 10, 10), Box(0, 64, 210, 1)]
    for _ in range(6):
        left, top = int(random.integers(200)), int(random.integers(140))
        boxes.append(Box(left, top, int(random.integers(1, 211 - left)), int(random.integers(1, 151 - top))))
    for box in boxes:
        part = coder.decode(tiles.__getitem__, grid, 60, box)
        assert np.array_equal(part, whole[box.top : box.top + box.height, box.left : box.left + box.width])


def test_region_reads_only_the_tiles_it_needs(coder, photo):
    big = np.tile(photo, (4, 4, 1))
    grid = TileGrid(big.shape[1], big.shape[0], 64)
    tiles = coder.encode(big, grid, 20)
    read = []

    def tile_bytes(number: int) -> bytes:
        read.append(number)
        return tiles[number]

    coder.decode(tile_bytes, grid, 20, Box(300, 300, 20, 20))
    assert len(read) == len(set(read)) <= 9 < grid.tiles


def test_latents_of_tiles_are_those_of_the_whole_image(coder, photo):
    """With a halo the analysis of a tile sees all that it depends on; objects are looked for further away."""
    from fovea.coding.tiles import analyze

    latent, halo = coder.model.latent, coder.model.halo

    def analysis(image):
        controls, (_, height, width, _) = coder.model.controls(50), image.shape
        region = [] if controls.background is None else [np.zeros((1, 1, height // 16, width // 16), np.float32)]
        return coder.analysis(image, controls.as_input(), *region)[0][:, :latent]

    whole = analyze(photo, Box(0, 0, 210, 150), halo, analysis)
    part = analyze(photo, Box(64, 64, 64, 64), halo, analysis)
    assert np.allclose(part, whole[:, :, 4:8, 4:8], atol=1e-3)
    without = analyze(photo, Box(64, 64, 64, 64), 0, analysis)
    assert not np.allclose(without, whole[:, :, 4:8, 4:8], atol=1e-3)


def test_tiles_leave_no_seam(coder, photo):
    """Decoded from the same latents, pixels do not depend on where the picture is cut."""
    latents = np.random.default_rng(2).normal(0, 2, (1, 16, 12, 16)).astype(np.float32)
    from fovea.coding.tiles import synthesize

    def cut(grid, number):
        box = grid.box(number)
        top, left = box.top // 16, box.left // 16
        return latents[:, :, top : top + box.height // 16, left : left + box.width // 16]

    controls = coder.model.controls(50)
    one, many = TileGrid(256, 192, 256), TileGrid(256, 192, 64)
    whole = synthesize(one, 0, 2, lambda number: cut(one, number), coder.synthesis, controls)
    for number, box in enumerate(many):
        part = synthesize(many, number, 2, lambda number: cut(many, number), coder.synthesis, controls)
        expected = whole[box.top : box.top + box.height, box.left : box.left + box.width]
        assert np.abs(part.astype(int) - expected).max() <= 1


def test_a_map_takes_the_place_of_what_the_encoder_finds(finding_model, photo):
    coder = Coder(finding_model)
    grid = TileGrid(210, 150, 64)
    region = np.zeros((150, 210), np.uint8)
    region[:, :128] = 255  # two of the four tiles of each row
    found, told = coder.encode(photo, grid, 50), coder.encode(photo, grid, 50, region)
    everywhere, nowhere = (coder.encode(photo, grid, 50, np.full_like(region, level)) for level in (255, 0))
    for row in range(3):
        left, right = [4 * row, 4 * row + 1], [4 * row + 2, 4 * row + 3]
        assert [told[tile] for tile in left] == [everywhere[tile] for tile in left] != [nowhere[tile] for tile in left]
        assert [told[tile] for tile in right] == [nowhere[tile] for tile in right]
    assert found not in (told, everywhere, nowhere)
    assert coder.decode(told.__getitem__, grid, 50, Box(0, 0, 210, 150)).shape == photo.shape


@pytest.mark.parametrize("name", ["searching_model", "controlled_model"])
def test_what_is_found_does_not_depend_on_the_tiles(name, photo, request):
    coder = Coder(request.getfixturevalue(name))
    controls, found = coder.model.controls(50), coder.encoder.find(photo)
    whole, cut = (coder.encoder.encode(photo, TileGrid(210, 150, size), controls, found) for size in (256, 64))
    assert np.array_equal(whole.objects, cut.objects) and whole.objects.std() > 0.05


@pytest.mark.parametrize("name", ["searching_model", "controlled_model"])
def test_a_map_takes_the_place_of_what_the_finder_finds(name, photo, request):
    coder = Coder(request.getfixturevalue(name))
    grid, region = TileGrid(210, 150, 256), np.zeros((150, 210), np.uint8)
    found, nowhere = coder.encode(photo, grid, 50), coder.encode(photo, grid, 50, region)
    everywhere = coder.encode(photo, grid, 50, np.full_like(region, 255))
    assert len({found[0], nowhere[0], everywhere[0]}) == 3


def test_a_map_that_is_given_means_the_same_to_both_encoders(finding_model, searching_model, photo):
    """Both have the same decoder; the analysis is another one, but the quantization steps follow the same map."""
    grid, region = TileGrid(210, 150, 256), np.zeros((150, 210), np.uint8)
    region[:, :100] = 255
    assert finding_model.id == searching_model.id
    objects = [
        coder.encoder.encode(photo, grid, coder.model.controls(50), region).objects
        for coder in (Coder(finding_model), Coder(searching_model))
    ]
    assert np.array_equal(*objects)


def test_no_map_matters_where_all_errors_count_alike(controlled_model, photo):
    coder = Coder(controlled_model)
    grid, controls = TileGrid(210, 150, 256), controlled_model.controls(50, 100)
    found, region = coder.encoder.find(photo), np.zeros((150, 210), np.uint8)
    files = [coder.encoder.encode(photo, grid, controls, given).tiles for given in (None, found, region)]
    assert files[0] == files[1] == files[2]
    assert files[0] != coder.encoder.encode(photo, grid, controlled_model.controls(50, 99), None).tiles


def test_logits_are_the_share_of_the_region():
    region = np.zeros((40, 64), np.uint8)
    region[:, 24:] = 255
    assert region_logits(region, Box(16, 32, 40, 8)).tolist() == [[0, 4, 4]]


def test_object_map_is_what_the_decoder_is_told(finding_model, photo):
    coder = Coder(finding_model)
    grid = TileGrid(210, 150, 64)
    maps = []
    for level in (0, 255):
        tiles = coder.encode(photo, grid, 50, np.full(photo.shape[:2], level, np.uint8))
        maps.append(coder.object_map(tiles.__getitem__, grid, 50))
    nowhere, everywhere = maps
    assert nowhere.shape == (10, 14)
    assert 0 < nowhere.min() < everywhere.max() <= 1
    assert np.abs(everywhere - nowhere).mean() > 0.05  # which is larger an untrained network does not know
    half = np.zeros(photo.shape[:2], np.uint8)
    half[:, :128] = 255
    seen = coder.object_map(coder.encode(photo, grid, 50, half).__getitem__, grid, 50)
    assert np.array_equal(seen[:, :8], everywhere[:, :8])
    assert np.array_equal(seen[:, 8:], nowhere[:, 8:])


def test_window_is_clipped_to_the_picture():
    assert window(Box(0, 0, 64, 64), 3, 100, 70) == Box(0, 0, 100, 70)
    assert window(Box(128, 128, 64, 64), 2, 1000, 1000) == Box(96, 96, 128, 128)


def test_rows_take_one_look_at_each_tile():
    """A forged file of a few hundred kilobytes can have 65,536 tiles in 2,048 rows."""
    grid = TileGrid(2048, 131_072, 64)
    once = iter(range(grid.tiles))
    assert [len(row) for row in rows_of(grid, once)] == [grid.columns] * grid.rows
