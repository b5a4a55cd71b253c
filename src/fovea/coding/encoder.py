"""Encoding: from pixels to the bytes of tiles."""

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

_LARGEST = np.float32(MAX_SYMBOL)  # a plain int of this size would make NumPy 1 compute in float64


class LatentEncoder:
    """Encodes latents to bytes.

    Args:
        model: the networks and tables.
        engine: inference runtime.
        prior: the prior of the model.
        encoder: name of a further encoder of the model; None for the usual one.
    """

    def __init__(self, model: Model, engine: Engine, prior: PriorNetworks, encoder: str | None = None) -> None:
        self._model, self._prior = model, prior
        self._hyper_analysis = Transform(engine, model.graphs[graph_name("hyper_analysis", encoder)])

    def hyper_latent(self, analyzed: Floats, controls: Controls) -> NDArray[np.int32]:
        """Return the hyper-latent z: int32 [1, hyper, ⌈h/4⌉, ⌈w/4⌉], within ±63.

        Args:
            analyzed: output of the analysis, see :meth:`encode`.
            controls: controls of the networks.
        """
        padding = [(0, -size % HYPER_RATIO) for size in analyzed.shape[2:]]
        padded = np.pad(analyzed, [(0, 0), (0, 0), *padding], mode="edge") if any(p[1] for p in padding) else analyzed
        (z,) = self._hyper_analysis.at(controls.quality)(padded, controls.as_input())
        rounded: NDArray[np.int32] = np.clip(np.rint(z), -HYPER_MAX, HYPER_MAX).astype(np.int32)
        return rounded

    def quantize(self, latent: Floats, prior: Prior) -> NDArray[np.int32]:
        """Return the rounded residuals of a latent around its means: int32, same shape, 0 where skipped."""

        def rounded(part: Part) -> Floats:
            residual = part.known - part.means
            residual /= part.step
            np.rint(residual, out=residual).clip(-_LARGEST, _LARGEST, out=residual)
            return np.where(part.coded, residual, np.float32(0))

        return self._prior.through_steps(prior, latent, rounded).residual().astype(np.int32)

    def encode(self, analyzed: Floats, controls: Controls) -> bytes:
        """Return the bytes of a latent.

        Args:
            analyzed: output of the analysis, [1, latent, h, w]: the latent y in quantization steps. For a model with a
                region of interest, one more channel follows with its logits, from which only z is made.
            controls: controls of the networks.
        """
        latent = analyzed[:, : self._model.latent]
        z = self.hyper_latent(analyzed, controls)
        prior = self._prior.predict(z, latent.shape[2], latent.shape[3], controls)
        encoder = Encoder(self._model.tables)
        # The coder is a stack: what is pushed last is read first. The decoder needs z first.
        encoder.push(self.quantize(latent, prior), prior.index)
        encoder.push(z, self._prior.hyper_index(z.shape, controls))
        return encoder.finish()


class Encoded(NamedTuple):
    """A coded picture.

    Attributes:
        tiles: bytes of every tile.
        objects: probability of an object at each position of the latent, as the encoder found it or as the given map
            says: float32 [⌈H/16⌉, ⌈W/16⌉], 0 to 1; None for an encoder without a region of interest.
    """

    tiles: list[bytes]
    objects: Floats | None


class PictureEncoder:
    """Encodes pixels to the bytes of tiles, with one model on one engine.

    Args:
        model: the networks and tables.
        engine: inference runtime; as many tiles are coded at once as it has threads.
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
        """Return the objects of a picture, or None for an encoder without a finder.

        Args:
            pixels: the picture at its own size, uint8 [H, W, 3].
        """
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
            pixels: uint8 [H, W, 3], RGB, at the size at which the picture is coded.
            grid: how the picture is cut into tiles.
            controls: controls of the networks.
            region: for a model with a region of interest, a map of it at the size of ``pixels``, uint8 [H, W], 0
                outside and 255 inside; or the result of :meth:`find`. With None, an encoder that finds objects while
                it encodes does so, and for any other encoder everything is of interest.
        """
        if self._finder is None and self._model.backgrounds is None:
            assert not isinstance(region, Found)
            return self._encode_by_pixels(pixels, grid, controls, region)
        if region is None or controls.same_weight_everywhere:
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
        """Return the latent of a tile, followed by one channel with the given logits of the objects."""
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
        """Encode with a model that takes a map as a channel of the picture, finds objects itself, or does neither."""
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
