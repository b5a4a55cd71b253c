"""Decoding: from the bytes of tiles to pixels."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from fovea.bitstream import Box, TileGrid
from fovea.coding.controls import Controls
from fovea.coding.model import Model
from fovea.coding.precision import Transform
from fovea.coding.prior import Floats, Prior, PriorNetworks
from fovea.coding.tiles import latent_size, rows_of, synthesize, window
from fovea.engine import Engine
from fovea.entropy import Decoder
from fovea.errors import BitstreamError
from fovea.parallel import parallel
from fovea.spec import HYPER_MAX, HYPER_RATIO, STRIDE


class LatentDecoder:
    """Decodes bytes to latents.

    Args:
        model: the frequency tables and the numbers of channels.
        prior: the prior of the model.
    """

    def __init__(self, model: Model, prior: PriorNetworks) -> None:
        self._model, self._prior = model, prior

    def decode(self, data: bytes, height: int, width: int, controls: Controls) -> Floats:
        """Return the decoded latent ŷ, [1, latent, height, width].

        Args:
            data: the bytes of a tile.
            height: number of rows of the latent.
            width: number of columns of the latent.
            controls: controls of the networks.

        Raises:
            BitstreamError: the bytes do not hold a latent of this size.
        """
        decoder = Decoder(self._model.tables, data)
        prior = self.read_prior(decoder, height, width, controls)
        residual = decoder.pop(prior.index)
        decoder.finish()
        return self.reconstruct(residual, prior)

    def reconstruct(self, residual: NDArray[np.int32], prior: Prior) -> Floats:
        """Return the decoded latent ŷ, given its residuals: float32, same shape."""
        return self._prior.through_steps(prior, residual, lambda part: part.known.astype(np.float32)).latent()

    def read_prior(self, decoder: Decoder, height: int, width: int, controls: Controls) -> Prior:
        """Return what follows from z about a latent. The bytes of a tile begin with z, and the rest is not read.

        Args:
            decoder: entropy decoder at the first byte of a tile.
            height: number of rows of the latent.
            width: number of columns of the latent.
            controls: controls of the networks.

        Raises:
            BitstreamError: the bytes do not begin with z of a latent of this size.
        """
        shape = (1, self._model.hyper, -(-height // HYPER_RATIO), -(-width // HYPER_RATIO))
        z = decoder.pop(self._prior.hyper_index(shape, controls))
        if np.abs(z).max() > HYPER_MAX:
            raise BitstreamError("a tile holds values that no encoder writes: it is damaged")
        return self._prior.predict(z, height, width, controls)


class PictureDecoder:
    """Decodes the bytes of tiles to pixels, with one model on one engine.

    Args:
        model: the networks and tables.
        engine: inference runtime; as many tiles are decoded at once as it has threads.
        prior: the prior of the model.
    """

    def __init__(self, model: Model, engine: Engine, prior: PriorNetworks) -> None:
        self._model, self._threads = model, engine.threads
        self._synthesis = Transform(engine, model.graphs["synthesis"])
        self._latents = LatentDecoder(model, prior)

    def decode(
        self, tile_bytes: Callable[[int], bytes], grid: TileGrid, controls: Controls, region: Box
    ) -> NDArray[np.uint8]:
        """Return the pixels of a part of a picture.

        Each tile is decoded together with its neighbors, so that a part has exactly the pixels that it has in the whole
        picture. Tiles are decoded row by row, so that memory holds at most three rows of latents.

        Args:
            tile_bytes: function that returns the bytes of a tile by its number.
            grid: how the picture is cut into tiles.
            controls: controls of the networks.
            region: the part to decode, in pixels of the coded picture.

        Returns:
            uint8 [region.height, region.width, 3].

        Raises:
            BitstreamError: the bytes of a tile are damaged.
        """
        latents: dict[int, Floats] = {}
        synthesis = self._synthesis.at(controls.quality)

        def decode_latent(tile: int) -> Floats:
            box = grid.box(tile)
            return self._latents.decode(tile_bytes(tile), latent_size(box.height), latent_size(box.width), controls)

        def decode_pixels(tile: int) -> NDArray[np.uint8]:
            return synthesize(grid, tile, self._model.halo, latents.__getitem__, synthesis, controls)

        out = np.empty((region.height, region.width, 3), np.uint8)
        for row in rows_of(grid, grid.tiles_of_region(*region)):
            windows = (window(grid.box(tile), self._model.halo, grid.width, grid.height) for tile in row)
            needed = sorted({tile for around in windows for tile in grid.tiles_of_region(*around)})
            latents = {tile: latents[tile] for tile in needed if tile in latents}
            missing = [tile for tile in needed if tile not in latents]
            latents |= dict(zip(missing, parallel(decode_latent, missing, self._threads), strict=True))
            for tile, pixels in zip(row, parallel(decode_pixels, row, self._threads), strict=True):
                _paste(out, region, pixels, grid.box(tile))
        return out

    def object_map(self, tile_bytes: Callable[[int], bytes], grid: TileGrid, controls: Controls) -> Floats:
        """Return the weight of an error at each position of the latent, for a model with a region of interest.

        Args:
            tile_bytes: function that returns the bytes of a tile by its number.
            grid: how the picture is cut into tiles.
            controls: controls of the networks.

        Returns:
            float32 [⌈H/16⌉, ⌈W/16⌉]: 1 where an object is certain, and the smallest weight where it is certain that
            there is no object.

        Raises:
            BitstreamError: the bytes of a tile are damaged.
        """
        found = np.empty((latent_size(grid.height), latent_size(grid.width)), np.float32)

        def read(tile: int) -> None:
            box = grid.box(tile)
            top, left = box.top // STRIDE, box.left // STRIDE
            rows, columns = latent_size(box.height), latent_size(box.width)
            decoder = Decoder(self._model.tables, tile_bytes(tile))
            step = self._latents.read_prior(decoder, rows, columns, controls).step
            found[top : top + rows, left : left + columns] = step[0, 0] ** -2

        parallel(read, range(grid.tiles), self._threads)
        return found


def _paste(out: NDArray[np.uint8], region: Box, pixels: NDArray[np.uint8], box: Box) -> None:
    """Copy the part of a tile that lies in the region."""
    left, top = max(box.left, region.left), max(box.top, region.top)
    right = min(box.left + box.width, region.left + region.width)
    bottom = min(box.top + box.height, region.top + region.height)
    out[top - region.top : bottom - region.top, left - region.left : right - region.left] = pixels[
        top - box.top : bottom - box.top, left - box.left : right - box.left
    ]
