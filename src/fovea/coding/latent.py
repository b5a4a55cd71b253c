"""Between the latent of a tile and its bytes: hyper-latent, two-step rounding, entropy coding."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fovea.coding.model import Model
from fovea.engine import Engine
from fovea.entropy import MAX_SYMBOL, Decoder, Encoder
from fovea.errors import BitstreamError

Floats = NDArray[np.float32]

HYPER_MAX = 63
HYPER_RATIO = 4


def first_board(shape: tuple[int, ...]) -> NDArray[np.bool_]:
    """Checkerboard of the positions whose means come from z alone; the others also see those.

    Channels in the upper half have the opposite color.

    Args:
        shape: of the latent, [1, channels, h, w].

    Example:
        >>> first_board((1, 2, 1, 3))[0, :, 0].astype(int)
        array([[0, 1, 0],
               [1, 0, 1]])
    """
    _, channels, height, width = shape
    upper = np.arange(channels)[:, None, None] * 2 // channels
    board: NDArray[np.bool_] = (np.arange(height)[:, None] + np.arange(width) + upper) % 2 == 1
    return board[None]


@dataclass(frozen=True)
class Prior:
    """What both sides know of a latent once z is known.

    Attributes:
        index: scale indices, uint8 [1, latent, h, w]; 0 means skipped.
        features: what the second means are made from, [1, prior, h, w].
        first: means of the first half, [1, latent, h, w].
        step: quantization step at each position, [1, 1, h, w], of a model with a region of interest; else 1.
    """

    index: NDArray[np.uint8]
    features: Floats
    first: Floats
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
        self._context = engine.load(model.graphs["context"])

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
        features, first, *steps = self._means(floats, asked)
        index, features, first, *steps = (
            np.ascontiguousarray(array[:, :, :height, :width]) for array in (index, features, first, *steps)
        )
        return Prior(index, features, first, *(steps or [np.ones(1, np.float32)]))

    def _all_means(self, prior: Prior, residual: Floats) -> Floats:
        """Means of both halves, given the residuals of the first."""
        board = first_board(residual.shape)
        decoded = residual * prior.step + prior.first
        (second,) = self._context(prior.features, np.where(board, decoded, np.float32(0)))
        return np.where(board, prior.first, second)

    def quantize(self, latent: Floats, prior: Prior) -> NDArray[np.int32]:
        """Residuals of a latent around its means, rounded: int32, same shape, 0 where skipped."""
        coded = prior.index > 0

        def rounded(means: Floats) -> Floats:
            return np.where(coded, np.rint((latent - means) / prior.step), np.float32(0))

        residual = rounded(self._all_means(prior, rounded(prior.first)))
        return np.clip(residual, -MAX_SYMBOL, MAX_SYMBOL).astype(np.int32)

    def reconstruct(self, residual: NDArray[np.int32], prior: Prior) -> Floats:
        """Decoded latent ŷ of residuals: float32, same shape."""
        floats = residual.astype(np.float32)
        return floats * prior.step + self._all_means(prior, floats)

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
