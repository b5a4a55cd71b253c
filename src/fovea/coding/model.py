"""A deployable model: one file with the exported networks, the frequency tables and the model card."""

import hashlib
import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fovea.atomic import writing
from fovea.entropy import FrequencyTables
from fovea.errors import ModelError
from fovea.spec import QUALITIES

FORMAT = 2
SUFFIX = ".fovea"
_CARD = "card.json"
_LARGEST = 256 << 20


@dataclass(frozen=True)
class Model:
    """What a model file holds. Built by ``fovea export``, read with :meth:`load`.

    Attributes:
        name: such as ``fovea-s``.
        latent: channels of the latent y, at 1/16 of the resolution.
        hyper: channels of the hyper-latent z, at 1/64.
        halo: latent positions around a tile that its pixels depend on.
        graphs: serialized ONNX models, by the names in :attr:`networks`.
        tables: frequencies of all symbols.
        hyper_index: table of each channel of z at each quality, uint8 [101, hyper].
        card: how the model was made, free-form.
        roi: whether the encoder takes a map of the region of interest beside the image.
        steps: in which a latent is decoded, 2 or 4; see :mod:`fovea.coding.steps`.
    """

    name: str
    latent: int
    hyper: int
    halo: int
    graphs: Mapping[str, bytes]
    tables: FrequencyTables
    hyper_index: NDArray[np.uint8]
    card: Mapping[str, Any]
    roi: bool = False
    steps: int = 2

    @property
    def contexts(self) -> tuple[str, ...]:
        """Names of the networks that give the means of the steps after the first."""
        return ("context",) if self.steps == 2 else tuple(f"context{number}" for number in range(1, self.steps))

    @property
    def networks(self) -> tuple[str, ...]:
        """Names of all networks, in the order of the file."""
        return ("analysis", "hyper_analysis", "scales", "means", *self.contexts, "synthesis")

    def _members(self) -> dict[str, bytes]:
        """All that decoding depends on, in the order that is hashed."""
        about: dict[str, Any] = {
            "format": 1 if self.steps == 2 else FORMAT,
            "name": self.name,
            "latent": self.latent,
            "hyper": self.hyper,
            "halo": self.halo,
        }
        # Left out otherwise, as in the models that were made before these existed.
        if self.roi:
            about["roi"] = True
        if self.steps != 2:
            about["steps"] = self.steps
        return {
            "model.json": json.dumps(about, sort_keys=True).encode(),
            "tables.bin": self.tables.to_bytes(),
            "hyper_index.bin": self.hyper_index.tobytes(),
            **{f"{name}.onnx": self.graphs[name] for name in self.networks},
        }

    @cached_property
    def id(self) -> bytes:
        """Eight bytes that tell this model from all others: a hash of everything but the card."""
        digest = hashlib.sha256()
        for name, content in self._members().items():
            digest.update(f"{name}\0{len(content)}\0".encode() + content)
        return digest.digest()[:8]

    def save(self, path: Path) -> None:
        """Write the model file, and the folders on the way to it. The same model gives the same bytes.

        Raises:
            FoveaError: the file cannot be written.
        """
        members = self._members() | {_CARD: json.dumps(self.card, indent=1).encode()}
        with writing(path) as file, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
            for name, content in members.items():
                archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)

    @classmethod
    def load(cls, path: Path) -> "Model":
        """Read a model file.

        Raises:
            ModelError: the file is missing, damaged, or of a newer format.
        """
        try:
            with zipfile.ZipFile(path) as archive:
                if sum(member.file_size for member in archive.infolist()) > _LARGEST:
                    raise ModelError(f"it unpacks to more than {_LARGEST >> 20} MiB: get the model again")
                about = json.loads(archive.read("model.json"))
                if about["format"] > FORMAT:
                    raise ModelError("it was made by a newer version of Fovea: update Fovea")
                hyper_index = np.frombuffer(archive.read("hyper_index.bin"), np.uint8)
                model = cls(
                    name=about["name"],
                    latent=about["latent"],
                    hyper=about["hyper"],
                    halo=about["halo"],
                    graphs={},
                    tables=FrequencyTables.from_bytes(archive.read("tables.bin")),
                    hyper_index=hyper_index.reshape(QUALITIES, about["hyper"]),
                    card=json.loads(archive.read(_CARD)),
                    roi=about.get("roi", False),
                    steps=about.get("steps", 2),
                )
                return replace(model, graphs={name: archive.read(f"{name}.onnx") for name in model.networks})
        except OSError as error:
            raise ModelError(f"model file {path} cannot be read: {error.strerror or error}") from error
        except ModelError as error:
            raise ModelError(f"{path} is no readable model file: {error}") from error
        except Exception as error:  # Of a damaged archive, zipfile lets errors of every kind through.
            reason = " ".join(str(error).split()) or type(error).__name__
            raise ModelError(f"{path} is no readable model file: {reason}: get the model again") from error
