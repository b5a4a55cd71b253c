"""Muon for the matrices and Adam for the rest, as one optimizer.

Most weights of the networks are matrices of 1×1 convolutions. Orthogonalized momentum trains them in far fewer patches
than Adam does: Jordan et al., "Muon: An optimizer for hidden layers in neural networks" (2024). ``docs/training.md``
shows the comparison.
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import nn
from torch.optim import Adam, Optimizer

from fovea.networks import Pointwise
from fovea.training.muon import Muon


class MuonAdam(Optimizer):
    """Two optimizers that schedules, checkpoints and precision plugins see as one.

    Args:
        network: network to train. Muon trains the weights of its :class:`Pointwise` layers, Adam all other parameters.
        muon_rate: learning rate of Muon, on the scale of Adam's.
        adam_rate: learning rate of Adam.
    """

    def __init__(self, network: nn.Module, muon_rate: float, adam_rate: float) -> None:
        matrices = [module.weight for module in network.modules() if isinstance(module, Pointwise)]
        chosen = {id(parameter) for parameter in matrices}
        others = [parameter for parameter in network.parameters() if id(parameter) not in chosen]
        self.parts: tuple[Optimizer, ...] = (Muon(matrices, lr=muon_rate), Adam(others, lr=adam_rate))
        super().__init__([group for part in self.parts for group in part.param_groups], {})
        # The parts update the parameters. Schedules and checkpoints see the groups, which are shared.
        for part, group in zip(self.parts, self.param_groups, strict=True):
            part.param_groups = [group]

    def step(self, closure: Callable[[], float] | None = None) -> float | None:  # type: ignore[override]
        """Update all parameters.

        Args:
            closure: function that computes the gradients and returns the loss; None if they are computed already.

        Returns:
            The loss of the closure, if there is one.
        """
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for part in self.parts:
            part.step()
        return loss

    def state_dict(self) -> dict[str, Any]:
        """Return the states of both parts."""
        return {"parts": [part.state_dict() for part in self.parts]}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Restore both parts."""
        for part, state in zip(self.parts, state_dict["parts"], strict=True):
            part.load_state_dict(state)
        self.param_groups = [group for part in self.parts for group in part.param_groups]
