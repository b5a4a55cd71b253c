"""Between the latent of a tile and its bytes: hyper-latent, rounding in steps, entropy coding."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fovea.coding.model import Model
from fovea.coding.steps import Checkerboard, Squares, Steps
from fovea.engine import Engine
from fovea.entropy import Decoder, Encoder
from fovea.errors import BitstreamError
from fovea.spec import HYPER_MAX, HYPER_RATIO, MAX_SYMBOL

Floats = NDArray[np.float32]

_LARGEST = np.float32(MAX_SYMBOL)  # NumPy 1 turns an array and a plain int of this size into doubles


@dataclass(frozen=True)
class Prior:
    """What both sides know of a latent once z is known.

    Attributes:
        index: scale indices, uint8 [1, latent, h, w]; 0 means skipped.
        features: what further means are made from.
        first: means of the first step, as the steps split the latent.
        step: quantization step at each position, [1, 1, h, w], of a model with a region of interest; else 1.
    """

    index: NDArray[np.uint8]
    features: Floats
    first: Floats
    step: Floats


class Part(NamedTuple):
    """What a step works on; arrays of one shape.

    Attributes:
        known: of the latent, or of the residuals.
        coded: whether a value is in the stream.
        means: of the latent.
        step: of quantization.
    """

    known: NDArray[Any]
    coded: NDArray[np.bool_]
    means: Floats
    step: Floats


class LatentCoder:
    """Codes latents of one model on one engine.

    Args:
        model: its networks and tables.
        engine: what runs them.
    """

    def __init__(self, model: Model, engine: Engine) -> None:
        self.model = model
        self._hyper_analysis = engine.load(model.graphs["hyper_analysis"])
        self._scales = engine.load(model.graphs["scales"], exact=True)
        self._means = engine.load(model.graphs["means"])
        self._contexts = [engine.load(model.graphs[name]) for name in model.contexts]

    def hyper_latent(self, analyzed: Floats, quality: int) -> NDArray[np.int32]:
        """Z of what the analysis gives, see :meth:`encode`: int32 [1, hyper, ⌈h/4⌉, ⌈w/4⌉], within ±63."""
        padding = [(0, -size % HYPER_RATIO) for size in analyzed.shape[2:]]
        padded = np.pad(analyzed, [(0, 0), (0, 0), *padding], mode="edge") if any(p[1] for p in padding) else analyzed
        (z,) = self._hyper_analysis(padded, _quality(quality))
        rounded: NDArray[np.int32] = np.clip(np.rint(z), -HYPER_MAX, HYPER_MAX).astype(np.int32)
        return rounded

    def prior(self, z: NDArray[np.int32], height: int, width: int, quality: int) -> Prior:
        """What z says about a latent of the given size."""
        floats, asked = z.astype(np.float32), _quality(quality)
        (index,) = self._scales(floats, asked)
        features, first, *step = self._means(floats, asked)

        def cut(array: NDArray[Any]) -> NDArray[Any]:
            return np.ascontiguousarray(array[:, :, :height, :width])

        if self.model.steps == 2:
            features, first = cut(features), cut(first)
        return Prior(cut(index), features, first, cut(*step) if step else np.ones((1, 1, height, width), np.float32))

    def _through_steps(
        self, prior: Prior, known: NDArray[Any], residual: Callable[[Part], Floats]
    ) -> tuple[Floats, Floats]:
        """Decoded latent, and residuals: in each step from what is known and from the means that the steps before give.

        Args:
            prior: of the latent.
            known: what residuals are made from, of the shape of the latent.
            residual: makes those of a step.
        """
        steps: Steps = (Checkerboard if self.model.steps == 2 else Squares)(prior.index.shape)
        coded, step = steps.split(prior.index > 0), steps.split(np.broadcast_to(prior.step, known.shape), beyond=1)
        features, means = prior.features, prior.first
        decoded: list[Floats] = []
        residuals: list[Floats] = []
        for number, part in enumerate(steps.split(known)):
            if number:
                *state, means = self._contexts[number - 1](features, steps.told(number - 1, decoded[-1]))
                features = state[0] if state else features
            residuals.append(residual(Part(part, coded[number], means, step[number])))
            decoded.append(residuals[-1] * step[number] + means)
        return steps.join(decoded), steps.join(residuals)

    def quantize(self, latent: Floats, prior: Prior) -> NDArray[np.int32]:
        """Residuals of a latent around its means, rounded: int32, same shape, 0 where skipped."""

        def rounded(part: Part) -> Floats:
            residual = np.where(part.coded, np.rint((part.known - part.means) / part.step), np.float32(0))
            return residual.clip(-_LARGEST, _LARGEST)

        return self._through_steps(prior, latent, rounded)[1].astype(np.int32)

    def reconstruct(self, residual: NDArray[np.int32], prior: Prior) -> Floats:
        """Decoded latent ŷ of residuals: float32, same shape."""
        return self._through_steps(prior, residual, lambda part: part.known.astype(np.float32))[0]

    def encode(self, analyzed: Floats, quality: int) -> bytes:
        """Bytes of a latent.

        Args:
            analyzed: y in quantization steps, [1, latent, h, w]; of a model with a region of interest one channel more,
                which tells z where that is.
            quality: 0..100.
        """
        latent = analyzed[:, : self.model.latent]
        z = self.hyper_latent(analyzed, quality)
        prior = self.prior(z, latent.shape[2], latent.shape[3], quality)
        encoder = Encoder(self.model.tables)
        # A stack: what is pushed last is read first, and z must be.
        encoder.push(self.quantize(latent, prior), prior.index)
        encoder.push(z, self._hyper_index(z.shape, quality))
        return encoder.finish()

    def decode(self, data: bytes, height: int, width: int, quality: int) -> Floats:
        """Decoded latent ŷ, [1, latent, height, width].

        Raises:
            BitstreamError: the bytes are no latent of this size.
        """
        decoder = Decoder(self.model.tables, data)
        prior = self._read_prior(decoder, height, width, quality)
        residual = decoder.pop(prior.index)
        decoder.finish()
        return self.reconstruct(residual, prior)

    def read_prior(self, data: bytes, height: int, width: int, quality: int) -> Prior:
        """What z says in the bytes of a latent; they begin with it, and the rest is not read.

        Raises:
            BitstreamError: the bytes begin with no z of a latent of this size.
        """
        return self._read_prior(Decoder(self.model.tables, data), height, width, quality)

    def _read_prior(self, decoder: Decoder, height: int, width: int, quality: int) -> Prior:
        shape = (1, self.model.hyper, -(-height // HYPER_RATIO), -(-width // HYPER_RATIO))
        z = decoder.pop(self._hyper_index(shape, quality))
        if np.abs(z).max() > HYPER_MAX:
            raise BitstreamError("a tile holds values that no encoder writes: it is damaged")
        return self.prior(z, height, width, quality)

    def _hyper_index(self, shape: tuple[int, ...], quality: int) -> NDArray[np.uint8]:
        index = self.model.hyper_index[quality][None, :, None, None]
        return np.ascontiguousarray(np.broadcast_to(index, shape))


def _quality(quality: int) -> NDArray[np.int64]:
    return np.array([quality], np.int64)
