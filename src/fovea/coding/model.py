"""A model: the exported networks of one codec, and the numbers that belong to them."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fovea.entropy import FrequencyTables

ENCODING = ("analysis", "hyper_analysis")
"""Names of the networks that encoding alone needs."""


class Region(StrEnum):
    """Where the encoder of a model gets the region of interest from."""

    NONE = "none"
    """There is no region: an error counts the same everywhere."""
    FOUND = "found"
    """The encoder finds objects by itself; a map can be given in place of what it finds."""
    GIVEN = "given"
    """The encoder takes a map beside the image; without a map everything is of interest."""


@dataclass(frozen=True)
class Model:
    """The networks and tables of one codec, as :mod:`fovea.store` reads and writes them.

    Attributes:
        name: the name of the model, such as ``fovea-s``.
        latent: number of channels of the latent y.
        hyper: number of channels of the hyper-latent z.
        halo: number of latent positions around a tile that its pixels depend on.
        graphs: serialized ONNX models by name, see :attr:`networks`. A mapping may read each when it is asked for.
        tables: frequencies of all symbols.
        hyper_index: index of the table of each channel of z at each quality, uint8 [101, hyper].
        card: how the model was made, free-form.
        region: where the encoder gets the region of interest from.
        steps: number of steps in which a latent is decoded, 2 or 4; see :mod:`fovea.coding.steps`.
        stored_id: the id that the model file tells; None for a model that was made in memory.
    """

    name: str
    latent: int
    hyper: int
    halo: int
    graphs: Mapping[str, bytes]
    tables: FrequencyTables
    hyper_index: NDArray[np.uint8]
    card: Mapping[str, Any]
    region: Region = Region.NONE
    steps: int = 2
    stored_id: bytes | None = None

    @property
    def contexts(self) -> tuple[str, ...]:
        """Names of the networks that give the means of the steps after the first."""
        return ("context",) if self.steps == 2 else tuple(f"context{number}" for number in range(1, self.steps))

    @property
    def networks(self) -> tuple[str, ...]:
        """Names of all networks: those of the encoder, of both sides, and of the decoder."""
        return (*ENCODING, "scales", "means", *self.contexts, "synthesis")

    @cached_property
    def id(self) -> bytes:
        """Eight bytes that tell the decoder of this model from all others: a hash of what decoding needs."""
        if self.stored_id is not None:
            return self.stored_id
        numbers = {"latent": self.latent, "hyper": self.hyper, "halo": self.halo, "steps": self.steps}
        parts = {
            "numbers": json.dumps(numbers, sort_keys=True).encode(),
            "tables": self.tables.to_bytes(),
            "hyper_index": self.hyper_index.tobytes(),
            **{name: self.graphs[name] for name in self.networks if name not in ENCODING},
        }
        digest = hashlib.sha256()
        for name, content in parts.items():
            digest.update(f"{name}\0{len(content)}\0".encode() + content)
        return digest.digest()[:8]
