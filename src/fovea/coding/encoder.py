"""Pixels to the bytes of tiles."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fovea.bitstream import Box, TileGrid
from fovea.coding.model import Model, Region, graph_name
from fovea.coding.precision import Transform
from fovea.coding.prior import Floats, Part, Prior, PriorNetworks, quality_input
from fovea.coding.tiles import analyze, latent_size, region_logits
from fovea.engine import Engine
from fovea.entropy import Encoder
from fovea.parallel import parallel
from fovea.spec import HYPER_MAX, HYPER_RATIO, MAX_SYMBOL, STRIDE

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

    def hyper_latent(self, analyzed: Floats, quality: int) -> NDArray[np.int32]:
        """Return z of the output of the analysis, see :meth:`encode`: int32 [1, hyper, ⌈h/4⌉, ⌈w/4⌉], within ±63."""
        padding = [(0, -size % HYPER_RATIO) for size in analyzed.shape[2:]]
        padded = np.pad(analyzed, [(0, 0), (0, 0), *padding], mode="edge") if any(p[1] for p in padding) else analyzed
        (z,) = self._hyper_analysis.at(quality)(padded, quality_input(quality))
        rounded: NDArray[np.int32] = np.clip(np.rint(z), -HYPER_MAX, HYPER_MAX).astype(np.int32)
        return rounded

    def quantize(self, latent: Floats, prior: Prior) -> NDArray[np.int32]:
        """Return the rounded residuals of a latent around its means: int32, same shape, 0 where skipped."""

        def rounded(part: Part) -> Floats:
            residual = np.where(part.coded, np.rint((part.known - part.means) / part.step), np.float32(0))
            return residual.clip(-_LARGEST, _LARGEST)

        return self._prior.through_steps(prior, latent, rounded)[1].astype(np.int32)

    def encode(self, analyzed: Floats, quality: int) -> bytes:
        """Return the bytes of a latent.

        Args:
            analyzed: the latent y in quantization steps, [1, latent, h, w]; for a model with a region of interest
                followed by one channel that tells z where the region is.
            quality: 0..100.
        """
        latent = analyzed[:, : self._model.latent]
        z = self.hyper_latent(analyzed, quality)
        prior = self._prior.given(z, latent.shape[2], latent.shape[3], quality)
        encoder = Encoder(self._model.tables)
        # The coder is a stack: what is pushed last is read first, and z must be.
        encoder.push(self.quantize(latent, prior), prior.index)
        encoder.push(z, self._prior.hyper_index(z.shape, quality))
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

    def encode(
        self, pixels: NDArray[np.uint8], grid: TileGrid, quality: int, region: NDArray[np.uint8] | None = None
    ) -> Encoded:
        """Encode a picture.

        Args:
            pixels: [H, W, 3].
            grid: how the picture is cut into tiles.
            quality: 0..100.
            region: map of the region of interest, [H, W], 0 outside, 255 inside, for a model that takes one. Without
                it an encoder that needs a map takes everything to be of interest, and one that finds objects does so.
        """
        given = self._region == Region.GIVEN
        if given:
            region = np.full(pixels.shape[:2], 255, np.uint8) if region is None else region
            pixels = np.dstack([pixels, region])
        logits = np.empty((latent_size(grid.height), latent_size(grid.width)), np.float32)

        def analysis(image: NDArray[np.uint8]) -> Floats:
            latent: Floats
            (latent,) = self._analysis.at(quality)(image, quality_input(quality))
            return latent

        def encode_tile(box: Box) -> bytes:
            analyzed = analyze(pixels, box, self._model.halo, analysis)
            if self._region != Region.NONE:
                objects = analyzed[0, -1] if region is None else region_logits(region, box)
                top, left = box.top // STRIDE, box.left // STRIDE
                logits[top : top + objects.shape[0], left : left + objects.shape[1]] = objects
                if not given:
                    analyzed[0, -1] = objects
            return self._latents.encode(analyzed, quality)

        tiles = parallel(encode_tile, list(grid), self._threads)
        if self._region == Region.NONE:
            return Encoded(tiles, None)
        return Encoded(tiles, (1 / (1 + np.exp(-logits))).astype(np.float32))
