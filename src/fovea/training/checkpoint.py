"""Checkpoint files: tensors and plain values, which are loaded without running any code."""

import pickle
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self, TypeVar

import torch
from torch import Tensor

from fovea.atomic import writing
from fovea.errors import FoveaError, about
from fovea.training.config import RunConfig
from fovea.training.config_file import validated

LAST = "last.ckpt"
"""The file in the folder of a run from which it can be resumed. Lightning writes it."""
WEIGHTS = "weights.ckpt"
"""The file in the folder of a run with its result: what is exported, and what other runs start from."""

Run = TypeVar("Run", bound=RunConfig)


@dataclass(frozen=True)
class Checkpoint:
    """The content of a checkpoint file of a training.

    The names in the file are those of Lightning, so that the files of Lightning can be read too. A checkpoint can come
    from anywhere, and a pickle can run code when it is loaded. Therefore only tensors and plain values are loaded.

    Attributes:
        config: configuration of the run, as JSON values.
        step: number of steps done.
        hours: hours of training, over all parts of a resumed run.
        weights: averaged weights by name.
        earlier: the runs that this one started from, the first one first, as :attr:`summary` describes each.
    """

    config: Mapping[str, Any]
    step: int
    hours: float
    weights: Mapping[str, Tensor]
    earlier: Sequence[Mapping[str, Any]] = ()

    @property
    def summary(self) -> dict[str, Any]:
        """The name of the run, the patches that it was trained on so far, their side in pixels, and its hours."""
        return {
            "name": self.config["name"],
            "patches": self.step * self.config["batch_size"],
            "patch_size": self.config["data"]["patch"]["size"],
            "hours": round(self.hours, 2),
        }

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read a file that :meth:`write` or Lightning has written.

        Raises:
            FoveaError: the file cannot be read, holds more than tensors and plain values, or is no checkpoint.
        """
        with about(path):
            try:
                saved = torch.load(path, map_location="cpu", weights_only=True)
                return cls(
                    config=saved["hyper_parameters"]["config"],
                    step=int(saved["global_step"]),
                    hours=float(saved.get("hours", 0.0)),
                    weights=dict(saved["state_dict"]),
                    earlier=tuple(saved.get("earlier", ())),
                )
            except MemoryError:
                raise
            except OSError as error:
                raise FoveaError(f"cannot be read: {error.strerror or error}") from error
            except pickle.UnpicklingError as error:
                raise FoveaError(
                    "is no checkpoint of tensors and plain values: other content could run code and is never loaded"
                ) from error
            except Exception as error:  # damaged files raise errors of many kinds
                reason = " ".join(f"{type(error).__name__}: {error}".split())
                raise FoveaError(f"is no checkpoint of a training: {reason}") from error

    def write(self, path: Path) -> None:
        """Write a file with the weights in 16 bits, a sixth of the size of the file from which a run is resumed."""
        saved = {
            "global_step": self.step,
            "hyper_parameters": {"config": dict(self.config)},
            "hours": self.hours,
            "earlier": [dict(run) for run in self.earlier],
            "state_dict": {
                name: tensor.half() if tensor.is_floating_point() else tensor for name, tensor in self.weights.items()
            },
        }
        with writing(path) as file:
            torch.save(saved, file)

    def validated_config(self, kind: type[Run]) -> Run:
        """Return the configuration of the run.

        Args:
            kind: class of the configuration.

        Raises:
            FoveaError: it has another form, or is that of another kind of training.
        """
        return validated(self.config, kind)
