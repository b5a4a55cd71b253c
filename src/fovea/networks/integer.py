"""Layers whose values are integers times a power of two, so that all sums are exact on every machine.

Entropy coding needs the same probabilities in the encoder and the decoder. Integer networks give them: Ballé, Johnston
and Minnen, "Integer Networks for Data Compression with Latent-Variable Models" (ICLR 2019).

Weights, biases and activations are rounded to fixed grids. Products and sums of such numbers are exact in float32 as
long as the accumulator, counted in grid steps, stays below 2²⁴. Activations need 8 bits, and weights 7 bits and a
sign, so even inputs that are rounded to bfloat16 or TF32 lose nothing. Only 1×1 and depthwise convolutions are used: a
runtime may compute dense 3×3 convolutions as Winograd transforms, whose fractions are not exact.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from fovea.errors import ModelError
from fovea.networks.controls import ControlTable, look_up

WEIGHT_STEP = 2.0**-6
"""Grid step of the weights."""
WEIGHT_MAX = 127
"""Largest magnitude of a weight, in grid steps."""
ACTIVATION_STEP = 2.0**-4
"""Grid step of the activations between layers."""
ACTIVATION_MAX = 255
"""Largest activation between layers, in grid steps."""
ACCUMULATOR_LIMIT = 2**24
"""Magnitude of an accumulator, in grid steps, from which on float32 does not hold every integer."""


def straight_through(value: Tensor, rounded: Tensor) -> Tensor:
    """Return ``rounded``, with the gradient of ``value``.

    This is the straight-through estimator of Bengio, Léonard and Courville, "Estimating or Propagating Gradients
    Through Stochastic Neurons for Conditional Computation" (2013).
    """
    return value + (rounded - value).detach()


class IntegerConv(nn.Module):
    """1×1 or 3×3 depthwise convolution on a grid, trained with straight-through rounding.

    Args:
        inputs: number of input channels.
        outputs: number of output channels; None makes the convolution depthwise 3×3.
        input_step: grid step of the inputs.
        input_max: largest absolute input, in grid steps.
        output_step: grid step of the outputs.
        output_max: largest output, in grid steps; outputs are clipped to 0..output_max.
        bias: initial bias.
        by_controls: whether there is a bias for each quality.
        background: whether there is also a bias for each background, which is added.
    """

    def __init__(
        self,
        inputs: int,
        outputs: int | None = None,
        *,
        input_step: float = ACTIVATION_STEP,
        input_max: int = ACTIVATION_MAX,
        output_step: float = ACTIVATION_STEP,
        output_max: int = ACTIVATION_MAX,
        bias: float = 0.0,
        by_controls: bool = False,
        background: bool = False,
    ) -> None:
        super().__init__()
        self.depthwise = outputs is None
        outputs = outputs or inputs
        if self.depthwise:
            weight = torch.randn(outputs, 1, 3, 3) * 0.1
            weight[:, :, 1, 1] += 0.8
        else:
            weight = torch.randn(outputs, inputs) / inputs**0.5
        self.weight = nn.Parameter(weight)
        self.bias: nn.Parameter | ControlTable
        self.bias = (
            ControlTable(outputs, bias, bias, background) if by_controls else nn.Parameter(torch.full((outputs,), bias))
        )
        self.input_step, self.input_max = input_step, input_max
        self.output_step, self.output_max = output_step, output_max
        self.accumulator_step = input_step * WEIGHT_STEP

    def integer_weight(self) -> Tensor:
        """Return the weights in grid steps: float32 [out, in/groups, k, k] that holds integers."""
        weight = self.weight if self.depthwise else self.weight[:, :, None, None]
        return (weight / WEIGHT_STEP).round().clamp(-WEIGHT_MAX, WEIGHT_MAX)

    def integer_biases(self) -> list[Tensor]:
        """Return the biases in accumulator steps, the first plus half an output step, so that flooring rounds.

        Returns:
            One bias [out]; or one or two tables [101, out], by quality and by background, that are added.
        """
        first, *others = [(bias / self.accumulator_step).round() for bias in self._biases()]
        return [first + self.output_step / self.accumulator_step / 2, *others]

    def _biases(self) -> list[Tensor]:
        return self.bias.tables() if isinstance(self.bias, ControlTable) else [self.bias]

    def _bias(self, biases: list[Tensor], controls: Tensor) -> Tensor:
        return look_up(biases, controls) if isinstance(self.bias, ControlTable) else biases[0][:, None, None]

    def prove(self) -> int:
        """Return the largest accumulator that any input can produce.

        Raises:
            ModelError: it reaches 2²⁴, where float32 stops holding every integer.
        """
        products = self.integer_weight().abs().sum(dim=(1, 2, 3)) * self.input_max
        biases = [bias.abs().reshape(-1, len(products)).amax(dim=0) for bias in self.integer_biases()]
        largest = int(sum(biases, products).max())
        if largest >= ACCUMULATOR_LIMIT:
            raise ModelError(
                f"the integer network is not exact: an accumulator can reach {largest}, the limit is"
                f" {ACCUMULATOR_LIMIT}; train with smaller weights"
            )
        return largest

    def forward(self, x: Tensor, controls: Tensor) -> Tensor:
        """Convolve, round down to the output grid and clip. Values are real numbers on their grids.

        Args:
            x: [B, in, H, W] on the input grid, float32.
            controls: int64 [B] or [B, 2], see :func:`fovea.networks.controls.stack_controls`.

        Returns:
            [B, out, H, W] on the output grid, 0..output_max steps.
        """
        raw = self.weight if self.depthwise else self.weight[:, :, None, None]
        weight = straight_through(raw, self.integer_weight() * WEIGHT_STEP)
        biases = [integer * self.accumulator_step for integer in self.integer_biases()]
        first, *others = self._biases()
        straight = zip([first + self.output_step / 2, *others], biases, strict=True)
        bias = self._bias([straight_through(*pair) for pair in straight], controls)
        groups, padding = (x.shape[1], 1) if self.depthwise else (1, 0)
        accumulator = F.conv2d(x, weight, padding=padding, groups=groups) + bias
        floored = (accumulator / self.output_step).floor() * self.output_step
        top = self.output_max * self.output_step
        return straight_through(accumulator - self.output_step / 2, floored).clamp(0, top)
