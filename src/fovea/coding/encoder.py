"""Pixels to the bytes of tiles."""

from functools import partial
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fovea.bitstream import Box, TileGrid
from fovea.coding.controls import Controls
from fovea.coding.finding import Finder, Found
from fovea.coding.model import FINDER, Model, Region, graph_name
from fovea.coding.precision import Transform
from fovea.coding.prior import Floats, Part, Prior, PriorNetworks
from fovea.coding.tiles import analyze, latent_size, logits_around, probabilities, region_logits
from fovea.engine import Engine
from fovea.entropy import Encoder
from fovea.parallel import parallel
from fovea.spec import HYPER_MAX, HYPER_RATIO, MAX_SYMBOL, REGION_LOGIT, STRIDE

_LARGEST = np.float32(MAX_SYMBOL)  # NumPy 1 turns an array and a plain int of this size into doubles


class LatentEncoder:
    """Latents to bytes.

    Args:
        model: the networks and tables.
        engine: what runs the networks.
        prior: the prior of the model.
        encoder: name of a further encoder of the model; None for the usual one.
    """

    def __init__(self, model: Model, engine: Engine, prior: PriorNetworks, encoder: str | None = None) -> None:
        self._model, self._prior = model, prior
        self._hyper_analysis = Transform(engine, model.graphs[graph_name("hyper_analysis", encoder)])

    def hyper_latent(self, analyzed: Floats, controls: Controls) -> NDArray[np.int32]:
        """Return z of the output of the analysis, see :meth:`encode`: int32 [1, hyper, ⌈h/4⌉, ⌈w/4⌉], within ±63."""
        padding = [(0, -size % HYPER_RATIO) for size in analyzed.shape[2:]]
        padded = np.pad(analyzed, [(0, 0), (0, 0), *padding], mode="edge") if any(p[1] for p in padding) else analyzed
        (z,) = self._hyper_analysis.at(controls.quality)(padded, controls.as_input())
        rounded: NDArray[np.int32] = np.clip(np.rint(z), -HYPER_MAX, HYPER_MAX).astype(np.int32)
        return rounded

    def quantize(self, latent: Floats, prior: Prior) -> NDArray[np.int32]:
        """Return the rounded residuals of a latent around its means: int32, same shape, 0 where skipped."""

        def rounded(part: Part) -> Floats:
            residual = np.where(part.coded, np.rint((part.known - part.means) / part.step), np.float32(0))
            return residual.clip(-_LARGEST, _LARGEST)

        return self._prior.through_steps(prior, latent, rounded)[1].astype(np.int32)

    def encode(self, analyzed: Floats, controls: Controls) -> bytes:
        """Return the bytes of a latent.

        Args:
            analyzed: the latent y in quantization steps, [1, latent, h, w]; for a model with a region of interest
                followed by one channel that tells z where the region is.
            controls: controls of the networks.
        """
        latent = analyzed[:, : self._model.latent]
        z = self.hyper_latent(analyzed, controls)
        prior = self._prior.given(z, latent.shape[2], latent.shape[3], controls)
        encoder = Encoder(self._model.tables)
        # The coder is a stack: what is pushed last is read first, and z must be.
        encoder.push(self.quantize(latent, prior), prior.index)
        encoder.push(z, self._prior.hyper_index(z.shape, controls))
        return encoder.finish()


class Encoded(NamedTuple):
    """A coded picture.

    Attributes:
        tiles: bytes of every tile.
        objects: where the objects are, as the encoder found them or was told: probabilities [⌈H/16⌉, ⌈W/16⌉], 0 to 1;
            None for an encoder without a region of interest.
    """

    tiles: list[bytes]
    objects: Floats | None


class PictureEncoder:
    """Pixels to the bytes of tiles, with one model on one engine.

    Args:
        model: the networks and tables.
        engine: what runs the networks; as many tiles are coded at once as it has threads.
        prior: the prior of the model.
        encoder: name of a further encoder of the model; None for the usual one.

    Raises:
        ArgumentError: the model has no such encoder.
    """

    def __init__(self, model: Model, engine: Engine, prior: PriorNetworks, encoder: str | None = None) -> None:
        self._region = model.region_of(encoder)
        self._model, self._threads = model, engine.threads
        self._analysis = Transform(engine, model.graphs[graph_name("analysis", encoder)])
        self._latents = LatentEncoder(model, engine, prior, encoder)
        searched = self._region == Region.SEARCHED
        self._finder = Finder(engine, model.graphs[graph_name(FINDER, encoder)]) if searched else None

    def find(self, pixels: NDArray[np.uint8]) -> Found | None:
        """Find the objects of a picture at its own size, [H, W, 3]; None for a model that does not do so beforehand."""
        return None if self._finder is None else self._finder.find(pixels)

    def encode(
        self,
        pixels: NDArray[np.uint8],
        grid: TileGrid,
        controls: Controls,
        region: NDArray[np.uint8] | Found | None = None,
    ) -> Encoded:
        """Encode a picture.

        Args:
            pixels: [H, W, 3].
            grid: how the picture is cut into tiles.
            controls: controls of the networks.
            region: for a model that takes one, a map of the region of interest, [H, W], 0 outside, 255 inside, or what
                was found before. Without it an encoder that needs a map takes everything to be of interest, and one
                that finds objects while it encodes does so.
        """
        if self._finder is None and self._model.backgrounds is None:
            assert not isinstance(region, Found)
            return self._encode_by_pixels(pixels, grid, controls, region)
        if region is None or controls.everywhere_alike:
            logits = np.full((latent_size(grid.height), latent_size(grid.width)), REGION_LOGIT, np.float32)
        elif isinstance(region, Found):
            logits = region.at(grid.height, grid.width)
        else:
            logits = region_logits(region, Box(0, 0, grid.width, grid.height))

        def encode_tile(box: Box) -> bytes:
            return self._latents.encode(self._analyze_tile(pixels, box, grid, controls, logits), controls)

        return Encoded(parallel(encode_tile, list(grid), self._threads), probabilities(logits))

    def _analyze_tile(
        self, pixels: NDArray[np.uint8], box: Box, grid: TileGrid, controls: Controls, logits: Floats
    ) -> Floats:
        """Return the latent of a tile, followed by the logits of the objects, which are known beforehand."""
        halo = self._model.halo
        if controls.background is not None:
            around = logits_around(logits, box, halo, grid)
            return analyze(pixels, box, halo, lambda image: self._analyze(controls, image, around))
        latent = analyze(pixels, box, halo, partial(self._analyze, controls))
        top, left = box.top // STRIDE, box.left // STRIDE
        of_tile = logits[top : top + latent.shape[2], left : left + latent.shape[3]]
        return np.concatenate([latent, of_tile[None, None]], axis=1)

    def _encode_by_pixels(
        self, pixels: NDArray[np.uint8], grid: TileGrid, controls: Controls, region: NDArray[np.uint8] | None
    ) -> Encoded:
        """Encode with a model that takes a map as a channel of the picture, finds objects in each tile, or neither."""
        given = self._region == Region.GIVEN
        if given:
            region = np.full(pixels.shape[:2], 255, np.uint8) if region is None else region
            pixels = np.dstack([pixels, region])
        logits = np.empty((latent_size(grid.height), latent_size(grid.width)), np.float32)

        def encode_tile(box: Box) -> bytes:
            analyzed = analyze(pixels, box, self._model.halo, partial(self._analyze, controls))
            if self._region != Region.NONE:
                objects = analyzed[0, -1] if region is None else region_logits(region, box)
                top, left = box.top // STRIDE, box.left // STRIDE
                logits[top : top + objects.shape[0], left : left + objects.shape[1]] = objects
                if not given:
                    analyzed[0, -1] = objects
            return self._latents.encode(analyzed, controls)

        tiles = parallel(encode_tile, list(grid), self._threads)
        return Encoded(tiles, None if self._region == Region.NONE else probabilities(logits))

    def _analyze(self, controls: Controls, image: NDArray[np.uint8], *logits: Floats) -> Floats:
        latent: Floats
        (latent,) = self._analysis.at(controls.quality)(image, controls.as_input(), *logits)
        return latent
