"""The configuration of a segmenter's training."""

from typing import Annotated

from pydantic import Field, field_validator

from fovea.training.config import RunConfig
from fovea.training.config_file import Positive, Share
from fovea.training.data.config import DataConfig
from fovea.training.segmenter.network import Activation, SegmenterOutput

Width = Annotated[int, Field(ge=2)]


class SegmenterConfig(RunConfig):
    """One training run of a segmenter. Its images always stay on the device that trains.

    Attributes:
        learning_rate: peak learning rate of AdamW.
        outputs: fields of :class:`SegmenterOutput` that its ONNX file returns; layers that none of them needs are left
            out.
        widths: widths of the network, see :class:`Segmenter`.
        blocks: blocks of the network, see :class:`Segmenter`.
        activation: activation of the network, see :class:`Segmenter`.
    """

    batch_size: Annotated[int, Field(ge=1)] = 96
    learning_rate: Positive = 2e-3
    decay_fraction: Share = 1.0
    ema_decay: Annotated[float, Field(ge=0, lt=1)] = 0.0
    validate_every: Annotated[int, Field(ge=1)] = 48000
    outputs: tuple[str, ...] = SegmenterOutput._fields
    widths: tuple[Width, Width, Width, Width] = (48, 96, 192, 320)
    blocks: Annotated[int, Field(ge=1)] = 2
    activation: Activation = "leaky_relu"

    @field_validator("data")
    @classmethod
    def _check_labels(cls, data: DataConfig) -> DataConfig:
        if not data.labeled:
            raise ValueError("a segmenter learns from annotations: give them for all images")
        return data

    @field_validator("outputs")
    @classmethod
    def _check_outputs(cls, outputs: tuple[str, ...]) -> tuple[str, ...]:
        if unknown := [name for name in outputs if name not in SegmenterOutput._fields]:
            raise ValueError(f"unknown output {unknown[0]!r}: choose from {', '.join(SegmenterOutput._fields)}")
        return outputs
