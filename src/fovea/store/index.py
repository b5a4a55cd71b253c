"""What is known of a model without opening its file."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any

from fovea.coding import Model
from fovea.store.download import sha256_of
from fovea.store.model_file import SUFFIX

WEIGHTS = Path(__file__).resolve().parents[1] / "weights"
"""The folder of the models that are part of the package."""
INDEX = Path(__file__).with_name("index.json")


@dataclass(frozen=True)
class ModelInfo:
    """Facts about one model.

    Attributes:
        name: the name of the model.
        id: the id that the files of this model carry, 16 hexadecimal digits.
        region: where the encoder gets the region of interest from: "none", "found", "searched"
            or "given", see :class:`fovea.coding.Region`.
        size: size of the model file in bytes.
        path: the model file; None where it has to be downloaded first.
        sha256: SHA-256 of the model file; "" of a file that the index does not hold.
        purpose: what the model is for.
        bits_per_pixel: bits per pixel by quality, measured on photographs.
        kmac_per_pixel: thousands of multiply-accumulates per pixel, to "encode" and to "decode".
        patches: number of training patches in all, counted as patches of 256×256 pixels; 0 where it is not known.
    """

    name: str
    id: str
    region: str
    size: int
    path: Path | None
    sha256: str
    purpose: str
    bits_per_pixel: Mapping[str, float]
    kmac_per_pixel: Mapping[str, float]
    patches: int


def describe(model: Model, path: Path) -> ModelInfo:
    """Return the facts about a model that was opened.

    Args:
        model: the model.
        path: its file.
    """
    card = model.card
    return ModelInfo(
        name=path.stem,
        id=model.id.hex(),
        region=str(model.region),
        size=path.stat().st_size,
        path=path,
        sha256="",
        purpose=card.get("purpose", ""),
        bits_per_pixel=card.get("bits_per_pixel", {}),
        kmac_per_pixel=card.get("kmac_per_pixel", {}),
        patches=card.get("patches_in_all", 0),
    )


@cache
def _entries(index: Path) -> tuple[Mapping[str, Any], ...]:
    return tuple(json.loads(index.read_text(encoding="utf-8")))


def released() -> list[ModelInfo]:
    """Return the models of this release, the default one first. No model file is opened."""
    infos = []
    for entry in _entries(INDEX):
        path = WEIGHTS / f"{entry['name']}{SUFFIX}"
        infos.append(ModelInfo(**entry, path=path if path.is_file() else None))
    return infos


def write_index(models: Mapping[Path, Model], index: Path = INDEX) -> None:
    """Write the index of a release.

    Args:
        models: the models by their files, the default one first.
        index: the file to write.
    """
    entries = []
    for path, model in models.items():
        entry = asdict(describe(model, path)) | {"sha256": sha256_of(path)}
        del entry["path"]
        entries.append(entry)
    index.write_text(json.dumps(entries, indent=1) + "\n", encoding="utf-8")
