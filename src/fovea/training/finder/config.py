"""The configuration of a finder's training."""

from dataclasses import fields
from typing import Any

from pydantic import field_validator

from fovea.networks import FinderConfig
from fovea.training.config import RunConfig
from fovea.training.config_file import Positive, refuse_unknown_keys
from fovea.training.data.config import DataConfig
from fovea.training.teaching.config import TeachingConfig


class FinderTrainingConfig(RunConfig, TeachingConfig):
    """One training run of a finder.

    Attributes:
        network: sizes of the network, the fields of :class:`fovea.networks.FinderConfig`.
        positive_weight: cost of missing an object, relative to finding one where there is none.
        learning_rate: learning rate of the matrices, which Muon trains.
        adam_learning_rate: learning rate of all other parameters, which Adam trains.
    """

    network: FinderConfig = FinderConfig()
    positive_weight: Positive = 1.0
    adam_learning_rate: Positive = 1e-3

    @property
    def needs_recognizer(self) -> bool:
        """Whether the training needs the extra ``eval``: its teachers are recognizers."""
        return True

    @field_validator("network", mode="before")
    @classmethod
    def _check_network(cls, value: Any) -> Any:
        if isinstance(value, dict):
            refuse_unknown_keys(value, [field.name for field in fields(FinderConfig)])
        return value

    @field_validator("data")
    @classmethod
    def _check_data(cls, data: DataConfig) -> DataConfig:
        if data.on_device:
            raise ValueError("data.on_device: the patches of a finder are cut by the workers")
        return data
