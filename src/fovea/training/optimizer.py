"""Muon for the matrices, Adam for the rest, as one optimizer.

Most weights of the networks are matrices of 1×1 convolutions. Orthogonalized momentum (Muon, Jordan et al., 2024)
trains those in far fewer patches than Adam does; see ``docs/training.md`` for the comparison.
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import nn
from torch.optim import Adam, Muon, Optimizer

from fovea.networks.layers import Pointwise


class MuonAdam(Optimizer):
    """One optimizer made of two, so that schedules, checkpoints and precision plugins need not know.

    Args:
        network: its :class:`Pointwise` weights go to Muon, all other parameters to Adam.
        matrix_rate: learning rate of Muon, on Adam's scale.
        vector_rate: learning rate of Adam.
    """

    def __init__(self, network: nn.Module, matrix_rate: float, vector_rate: float) -> None:
        matrices = [module.weight for module in network.modules() if isinstance(module, Pointwise)]
        chosen = {id(parameter) for parameter in matrices}
        vectors = [parameter for parameter in network.parameters() if id(parameter) not in chosen]
        self.parts: tuple[Optimizer, ...] = (
            Muon(matrices, lr=matrix_rate, weight_decay=0.0, adjust_lr_fn="match_rms_adamw"),
            Adam(vectors, lr=vector_rate),
        )
        super().__init__([group for part in self.parts for group in part.param_groups], {})
        # The parts step; the shared groups are what schedules and checkpoints see.
        for part, group in zip(self.parts, self.param_groups, strict=True):
            part.param_groups = [group]

    def step(self, closure: Callable[[], float] | None = None) -> float | None:  # type: ignore[override]
        """Update all parameters."""
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for part in self.parts:
            part.step()
        return loss

    def state_dict(self) -> dict[str, Any]:
        """States of both parts."""
        return {"parts": [part.state_dict() for part in self.parts]}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Restore both parts."""
        for part, state in zip(self.parts, state_dict["parts"], strict=True):
            part.load_state_dict(state)
        self.param_groups = [group for part in self.parts for group in part.param_groups]
