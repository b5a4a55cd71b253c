"""A model: the exported networks of one codec, and the numbers that belong to them."""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fovea.coding.controls import Controls
from fovea.entropy import FrequencyTables
from fovea.errors import ArgumentError, ModelError

ENCODING = ("analysis", "hyper_analysis")
"""Names of the networks that only encoding needs. Some models also have a finder."""
FINDER = "finder"
"""Name of the network that finds objects on the whole picture. Only encoding needs it."""


class Region(StrEnum):
    """Where the encoder of a model gets the region of interest from."""

    NONE = "none"
    """There is no region: an error counts the same everywhere."""
    FOUND = "found"
    """The encoder finds objects while it encodes a tile; a map can be given in place of what it finds."""
    SEARCHED = "searched"
    """A separate network, the finder, finds objects on the whole picture before it is encoded; a map can be given in
    place of what it finds."""
    GIVEN = "given"
    """The encoder takes a map together with the image; without a map everything is of interest."""


@dataclass(frozen=True)
class Model:
    """The networks and tables of one codec, as :mod:`fovea.store` reads and writes them.

    Attributes:
        name: the name of the model, such as ``fovea-s``.
        latent: number of channels of the latent y.
        hyper: number of channels of the hyper-latent z.
        halo: number of latent positions around a tile that its pixels depend on.
        graphs: serialized ONNX models by name, see :attr:`networks`. The mapping may read each one from a file only
            when it is needed.
        tables: frequencies of all symbols.
        hyper_index: index of the table of each channel of z at each quality, uint8 [101, hyper]; for a model with a
            background control also at each background, [101, 101, hyper].
        card: how the model was made, free-form.
        region: where the encoder gets the region of interest from.
        encoders: further encoders whose files this decoder reads, by name, and where each gets the region from. The
            graphs of one are called ``NAME/analysis``, ``NAME/hyper_analysis`` and, if it has one, ``NAME/finder``.
        steps: number of steps in which a latent is decoded, 2 or 4; see :mod:`fovea.coding.coding_steps`.
        backgrounds: the background for each quality where the user gives none, 101 numbers from 0 to 100; None for a
            model without a background control. An encoder of a model with this control takes a map of the objects at
            the positions of the latent.
        stored_id: the id in the model file, 8 bytes; None for a model that was made in memory.
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
    encoders: Mapping[str, Region] = field(default_factory=dict)
    steps: int = 2
    backgrounds: tuple[int, ...] | None = None
    stored_id: bytes | None = None

    @property
    def contexts(self) -> tuple[str, ...]:
        """Names of the networks that give the means of the steps after the first."""
        return ("context",) if self.steps == 2 else tuple(f"context{number}" for number in range(1, self.steps))

    @property
    def networks(self) -> tuple[str, ...]:
        """Names of all networks: those of the encoders, and those of the decoder."""
        further = (
            graph_name(name, encoder) for encoder, region in self.encoders.items() for name in _encoder_networks(region)
        )
        return (*_encoder_networks(self.region), *further, *self.decoding)

    @property
    def decoding(self) -> tuple[str, ...]:
        """Names of the networks that decoding needs. Encoding needs all of them but the synthesis."""
        return ("scales", "means", *self.contexts, "synthesis")

    @cached_property
    def encoder_id(self) -> bytes:
        """Four bytes that identify the usual encoder among all encoders for the same decoder."""
        return hashlib.sha256(b"".join(self.graphs[name] for name in _encoder_networks(self.region))).digest()[:4]

    def controls(self, quality: int, background: int | None = None) -> Controls:
        """Return the controls of the networks.

        Args:
            quality: 0..100.
            background: 0..100; None for the model's own choice at this quality. A model without this control ignores
                it.
        """
        if self.backgrounds is None:
            return Controls(quality)
        return Controls(quality, self.backgrounds[quality] if background is None else background)

    def region_of(self, encoder: str | None) -> Region:
        """Return where an encoder gets the region of interest from.

        Args:
            encoder: name of a further encoder; None for the usual one.

        Raises:
            ArgumentError: the model has no such encoder.
        """
        if encoder is None:
            return self.region
        if encoder not in self.encoders:
            known = ", ".join(self.encoders) or "none but its usual one"
            raise ArgumentError(f"{self.name} has no encoder {encoder!r}; there are: {known}")
        return self.encoders[encoder]

    def with_encoder(self, name: str, other: "Model") -> "Model":
        """Return this model with the encoder of another model in addition to its own.

        Args:
            name: name of the encoder in this model: small letters, digits and dashes.
            other: a model whose networks for decoding are the same.

        Raises:
            ArgumentError: the name is not of this form.
            ModelError: the networks for decoding differ, or the encoder needs a larger halo than this model has.
        """
        if not re.fullmatch(r"[a-z0-9][a-z0-9-]*", name):
            raise ArgumentError(f"{name!r} cannot name an encoder: choose small letters, digits and dashes")
        numbers = [(model.latent, model.hyper, model.steps, model.hyper_index.shape) for model in (self, other)]
        if numbers[0] != numbers[1] or any(self.graphs[part] != other.graphs[part] for part in self.decoding):
            raise ModelError(f"{other.name} has another decoder than {self.name}, so its encoder does not fit")
        if other.halo > self.halo:
            raise ModelError(
                f"the encoder of {other.name} needs a halo of {other.halo} latent positions around a tile,"
                f" and {self.name} has {self.halo}"
            )
        added = {graph_name(network, name): other.graphs[network] for network in _encoder_networks(other.region)}
        encoders = {**self.encoders, name: other.region}
        return replace(self, graphs={**self.graphs, **added}, encoders=encoders, stored_id=self.id)

    @cached_property
    def id(self) -> bytes:
        """Eight bytes that identify the decoder of this model: a hash of all that decoding needs."""
        if self.stored_id is not None:
            return self.stored_id
        numbers = {"latent": self.latent, "hyper": self.hyper, "halo": self.halo, "steps": self.steps}
        parts = {
            "numbers": json.dumps(numbers, sort_keys=True).encode(),
            "tables": self.tables.to_bytes(),
            "hyper_index": self.hyper_index.tobytes(),
            **{name: self.graphs[name] for name in self.decoding},
        }
        digest = hashlib.sha256()
        for name, content in parts.items():
            digest.update(f"{name}\0{len(content)}\0".encode() + content)
        return digest.digest()[:8]


def _encoder_networks(region: Region) -> tuple[str, ...]:
    """Return the names of the networks of an encoder, which depend on where it gets the region of interest from."""
    return (*ENCODING, FINDER) if region == Region.SEARCHED else ENCODING


def graph_name(network: str, encoder: str | None) -> str:
    """Return the name of a network of an encoder among the graphs of a model.

    Args:
        network: "analysis", "hyper_analysis" or "finder".
        encoder: name of a further encoder; None for the usual one.

    Example:
        >>> graph_name("analysis", "fast"), graph_name("analysis", None)
        ('fast/analysis', 'analysis')
    """
    return network if encoder is None else f"{encoder}/{network}"
