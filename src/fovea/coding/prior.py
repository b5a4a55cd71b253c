"""What the encoder and the decoder both know of a latent before it is decoded: scales, means, quantization steps."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fovea.coding.coding_steps import Checkerboard, Squares, Steps
from fovea.coding.controls import Controls
from fovea.coding.model import Model
from fovea.coding.precision import Transform
from fovea.engine import Engine

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Prior:
    """What the encoder and the decoder both know of a latent once they know z.

    Attributes:
        index: scale indices, uint8 [1, latent, h, w]; 0 means that the value is skipped.
        features: input of the networks that predict the means of the later steps.
        first: means of the first coding step, split as the steps split the latent.
        step: quantization step at each position, [1, 1, h, w]; 1 for a model without a region of interest.
        controls: controls of the networks.
    """

    index: NDArray[np.uint8]
    features: Floats
    first: Floats
    step: Floats
    controls: Controls


class Part(NamedTuple):
    """What one coding step works on; all arrays have the same shape.

    Attributes:
        known: values of the latent in the encoder, or residuals in the decoder.
        coded: whether a value is coded; if not, its residual is 0.
        means: means of the latent.
        step: quantization steps.
    """

    known: NDArray[Any]
    coded: NDArray[np.bool_]
    means: Floats
    step: Floats


class Decoded(NamedTuple):
    """What the coding steps decoded, a part each.

    Attributes:
        steps: the coding steps.
        values: decoded values of the latent.
        residuals: residuals of the latent.
    """

    steps: Steps
    values: list[Floats]
    residuals: list[Floats]

    def latent(self) -> Floats:
        """Return the decoded latent, float32 [1, latent, h, w]."""
        return self.steps.join(self.values)

    def residual(self) -> Floats:
        """Return the residuals of the whole latent, float32 [1, latent, h, w]."""
        return self.steps.join(self.residuals)


class PriorNetworks:
    """The hyperprior and the context model of one model on one engine; encoder and decoder share them.

    The scales and the first means are predicted from a hyper-latent z (Ballé et al., "Variational Image Compression
    with a Scale Hyperprior", ICLR 2018). The further means are predicted from the values that earlier steps decoded
    (Minnen et al., "Joint Autoregressive and Hierarchical Priors for Learned Image Compression", NeurIPS 2018), in a
    few steps that each cover the whole tile. The scales choose the tables of the entropy coder and come from a network
    of integers, so that they are the same on every machine (Ballé et al., "Integer Networks for Data Compression with
    Latent-Variable Models", ICLR 2019).

    Args:
        model: the networks and tables.
        engine: inference runtime.
    """

    def __init__(self, model: Model, engine: Engine) -> None:
        self._model = model
        self._scales = engine.load(model.graphs["scales"], exact=True)
        self._means = Transform(engine, model.graphs["means"])
        self._contexts = [Transform(engine, model.graphs[name]) for name in model.contexts]

    def predict(self, z: NDArray[np.int32], height: int, width: int, controls: Controls) -> Prior:
        """Return the prior of a latent, which follows from z.

        Args:
            z: hyper-latent, [1, hyper, ⌈h/4⌉, ⌈w/4⌉].
            height: number of rows of the latent.
            width: number of columns of the latent.
            controls: controls of the networks.
        """
        inputs = z.astype(np.float32), controls.as_input()
        (index,) = self._scales(*inputs)
        features, first, *step = self._means.at(controls.quality)(*inputs)

        def cut(array: NDArray[Any]) -> NDArray[Any]:
            return np.ascontiguousarray(array[:, :, :height, :width])

        if self._model.steps == 2:
            features, first = cut(features), cut(first)
        steps = cut(*step) if step else np.ones((1, 1, height, width), np.float32)
        return Prior(cut(index), features, first, steps, controls)

    def through_steps(self, prior: Prior, known: NDArray[Any], residual: Callable[[Part], Floats]) -> Decoded:
        """Go through the coding steps; the means of each step follow from what the steps before it decoded.

        Args:
            prior: what follows from z about the latent.
            known: the latent in the encoder, or its residuals in the decoder: [1, latent, h, w].
            residual: function that returns the residuals of a step.
        """
        steps: Steps = (Checkerboard if self._model.steps == 2 else Squares)(prior.index.shape)
        coded, step = steps.split(prior.index > 0), steps.split(np.broadcast_to(prior.step, known.shape), fill=1)
        features, means = prior.features, prior.first
        decoded = Decoded(steps, [], [])
        for number, part in enumerate(steps.split(known)):
            if number:
                context = self._contexts[number - 1].at(prior.controls.quality)
                *state, means = context(features, steps.decoded_in(number - 1, decoded.values[-1]))
                features = state[0] if state else features
            decoded.residuals.append(residual(Part(part, coded[number], means, step[number])))
            values = decoded.residuals[-1] * step[number]
            values += means
            decoded.values.append(values)
        return decoded

    def hyper_index(self, shape: tuple[int, ...], controls: Controls) -> NDArray[np.uint8]:
        """Return the indices of the tables that z is coded with.

        Args:
            shape: the shape of z, [1, hyper, h, w].
            controls: controls of the networks.
        """
        index = self._model.hyper_index[controls.place][None, :, None, None]
        return np.ascontiguousarray(np.broadcast_to(index, shape))
