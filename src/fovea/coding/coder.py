"""Codes whole pictures of one model on one engine: pixels to a list of tiles and back."""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from fovea.bitstream import Box, TileGrid
from fovea.coding.latent import Floats, LatentCoder
from fovea.coding.model import Model
from fovea.coding.tiles import analyze, latent_size, region_logits, rows_of, synthesize, window
from fovea.engine import Engine
from fovea.spec import STRIDE

_In = TypeVar("_In")
_Out = TypeVar("_Out")


class PixelCoder:
    """Pixels to tile bytes and back.

    Args:
        model: networks and tables.
        engine: runs the networks; as many tiles are coded at once as it has threads.
    """

    def __init__(self, model: Model, engine: Engine) -> None:
        self.model, self.threads = model, engine.threads
        self._analysis = engine.load(model.graphs["analysis"])
        self._synthesis = engine.load(model.graphs["synthesis"])
        self._latents = LatentCoder(model, engine)

    @cached_property
    def takes_map(self) -> bool:
        """Whether a map of the region of interest can be given: to an encoder that needs one, or that else looks."""
        smallest = np.zeros((1, 2 * STRIDE, 2 * STRIDE, 3), np.uint8)
        return self.model.roi or self._analyze(smallest, 0).shape[1] > self.model.latent

    def _analyze(self, image: NDArray[np.uint8], quality: int) -> Floats:
        latent: Floats
        (latent,) = self._analysis(image, np.array([quality], np.int64))
        return latent

    def encode(
        self, pixels: NDArray[np.uint8], grid: TileGrid, quality: int, region: NDArray[np.uint8] | None = None
    ) -> list[bytes]:
        """Bytes of every tile of a picture.

        Args:
            pixels: [H, W, 3].
            grid: cuts the picture into tiles.
            quality: 0..100.
            region: map of the region of interest, [H, W], 0 outside, 255 inside, for a model that takes one. Without
                it an encoder that needs one takes everything to be of interest, and one that looks finds it.
        """
        if self.model.roi:
            everywhere = np.full(pixels.shape[:2], 255, np.uint8)
            pixels = np.dstack([pixels, everywhere if region is None else region])

        def encode_tile(box: Box) -> bytes:
            analyzed = analyze(pixels, box, self.model.halo, lambda image: self._analyze(image, quality))
            if region is not None and not self.model.roi:
                analyzed[:, -1] = region_logits(region, box)
            return self._latents.encode(analyzed, quality)

        return self._parallel(encode_tile, list(grid))

    def decode(
        self, tile_bytes: Callable[[int], bytes], grid: TileGrid, quality: int, region: Box
    ) -> NDArray[np.uint8]:
        """Pixels of a region.

        Tiles are decoded row by row, and each with its neighbors: a region has the very pixels that it has in the
        whole picture, and memory holds three rows of latents at most.

        Args:
            tile_bytes: gives the bytes of a tile by its number.
            grid: of the picture.
            quality: 0..100.
            region: what to decode.

        Returns:
            uint8 [region.height, region.width, 3].

        Raises:
            BitstreamError: the bytes of a tile are damaged.
        """
        latents: dict[int, Floats] = {}

        def decode_latent(tile: int) -> Floats:
            box = grid.box(tile)
            return self._latents.decode(tile_bytes(tile), latent_size(box.height), latent_size(box.width), quality)

        def decode_pixels(tile: int) -> NDArray[np.uint8]:
            return synthesize(grid, tile, self.model.halo, latents.__getitem__, self._synthesis, quality)

        out = np.empty((region.height, region.width, 3), np.uint8)
        for row in rows_of(grid, grid.tiles_of_region(*region)):
            windows = (window(grid.box(tile), self.model.halo, grid.width, grid.height) for tile in row)
            needed = sorted({tile for around in windows for tile in grid.tiles_of_region(*around)})
            latents = {tile: latents[tile] for tile in needed if tile in latents}
            missing = [tile for tile in needed if tile not in latents]
            latents |= dict(zip(missing, self._parallel(decode_latent, missing), strict=True))
            for tile, pixels in zip(row, self._parallel(decode_pixels, row), strict=True):
                _paste(out, region, pixels, grid.box(tile))
        return out

    def object_map(self, tile_bytes: Callable[[int], bytes], grid: TileGrid, quality: int) -> Floats:
        """What an error weighs at each position of the latent, for a model that knows a region of interest.

        Args:
            tile_bytes: gives the bytes of a tile by its number.
            grid: of the picture.
            quality: 0..100.

        Returns:
            [⌈H/16⌉, ⌈W/16⌉], 1 where an object surely is, least where surely none is.

        Raises:
            BitstreamError: the bytes of a tile are damaged.
        """
        found = np.empty((latent_size(grid.height), latent_size(grid.width)), np.float32)

        def read(tile: int) -> None:
            box = grid.box(tile)
            top, left = box.top // STRIDE, box.left // STRIDE
            rows, columns = latent_size(box.height), latent_size(box.width)
            step = self._latents.read_prior(tile_bytes(tile), rows, columns, quality).step
            found[top : top + rows, left : left + columns] = step[0, 0] ** -2

        self._parallel(read, range(grid.tiles))
        return found

    def _parallel(self, function: Callable[[_In], _Out], items: Iterable[_In]) -> list[_Out]:
        items = list(items)
        if len(items) < 2 or self.threads < 2:
            return [function(item) for item in items]
        with ThreadPoolExecutor(min(self.threads, len(items))) as pool:
            return list(pool.map(function, items))


def _paste(out: NDArray[np.uint8], region: Box, pixels: NDArray[np.uint8], box: Box) -> None:
    """Copy the part of a tile that lies in the region."""
    left, top = max(box.left, region.left), max(box.top, region.top)
    right = min(box.left + box.width, region.left + region.width)
    bottom = min(box.top + box.height, region.top + region.height)
    out[top - region.top : bottom - region.top, left - region.left : right - region.left] = pixels[
        top - box.top : bottom - box.top, left - box.left : right - box.left
    ]
