"""Model files: ZIP archives of the networks, the frequency tables and the model card."""

import json
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from fovea.atomic import writing
from fovea.coding import Model, Region
from fovea.entropy import FrequencyTables
from fovea.errors import ModelError
from fovea.spec import QUALITIES

SUFFIX = ".fovea"
"""The ending of the name of a model file."""
FORMAT = 3
_LARGEST = 256 << 20


def save_model(model: Model, path: Path) -> None:
    """Write a model file, and the folders on the way to it. The same model gives the same bytes.

    Args:
        model: what to write.
        path: where to write it.

    Raises:
        FoveaError: the file cannot be written.
    """
    numbers = {"latent": model.latent, "hyper": model.hyper, "halo": model.halo, "steps": model.steps}
    about = {"format": FORMAT, "id": model.id.hex(), "name": model.name, "region": model.region, **numbers}
    if model.backgrounds:
        about["backgrounds"] = model.backgrounds
    if model.encoders:
        about["encoders"] = dict(model.encoders)
    members = {
        "model.json": json.dumps(about, indent=1).encode(),
        "card.json": json.dumps(model.card, indent=1).encode(),
        "tables.bin": model.tables.to_bytes(),
        "hyper_index.bin": model.hyper_index.tobytes(),
        **{f"{name}.onnx": model.graphs[name] for name in model.networks},
    }
    with writing(path) as file, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)


def open_model(path: Path) -> Model:
    """Open a model file. Each network is read when it is first needed.

    Args:
        path: the file.

    Raises:
        ModelError: the file is missing, damaged, or of another version of the format.
    """
    with _reading(path) as archive:
        if sum(member.file_size for member in archive.infolist()) > _LARGEST:
            raise ModelError(f"the model file unpacks to more than {_LARGEST >> 20} MiB: get the model again")
        about = json.loads(archive.read("model.json"))
        if about["format"] != FORMAT:
            made, advice = ("a newer", "update Fovea") if about["format"] > FORMAT else ("an older", "export it again")
            raise ModelError(f"the model file was made by {made} version of Fovea: {advice}")
        hyper_index = np.frombuffer(archive.read("hyper_index.bin"), np.uint8)
        backgrounds = about.get("backgrounds")
        model = Model(
            name=about["name"],
            latent=about["latent"],
            hyper=about["hyper"],
            halo=about["halo"],
            graphs=_Graphs(path, archive),
            tables=FrequencyTables.from_bytes(archive.read("tables.bin")),
            hyper_index=hyper_index.reshape(QUALITIES, *([QUALITIES] if backgrounds else []), about["hyper"]),
            card=json.loads(archive.read("card.json")),
            region=Region(about["region"]),
            encoders={name: Region(region) for name, region in about.get("encoders", {}).items()},
            steps=about["steps"],
            backgrounds=tuple(backgrounds) if backgrounds else None,
            stored_id=bytes.fromhex(about["id"]),
        )
        if missing := set(model.networks) - set(model.graphs):
            raise ModelError(f"the model file lacks the network {min(missing)}: get the model again")
        return model


class _Graphs(Mapping[str, bytes]):
    """The networks of a model file, each read when it is asked for."""

    def __init__(self, path: Path, archive: zipfile.ZipFile) -> None:
        self._path, self._state = path, _state(archive)
        self._names = [name.removesuffix(".onnx") for name in archive.namelist() if name.endswith(".onnx")]

    def __getitem__(self, name: str) -> bytes:
        with _reading(self._path) as archive:
            if _state(archive) != self._state:
                raise ModelError("the model file was replaced while it was in use: start again")
            return archive.read(f"{name}.onnx")

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


def _state(archive: zipfile.ZipFile) -> list[tuple[str, int, int]]:
    """What changes with the content of an archive."""
    return [(member.filename, member.CRC, member.file_size) for member in archive.infolist()]


@contextmanager
def _reading(path: Path) -> Iterator[zipfile.ZipFile]:
    """Open an archive, and turn the errors of reading it into one of ours that names the file."""
    try:
        with zipfile.ZipFile(path) as archive:
            yield archive
    except OSError as error:
        raise ModelError(f"the model file cannot be read: {error.strerror or error}", path=path) from error
    except ModelError as error:
        error.path = error.path or path
        raise
    except MemoryError:
        raise
    except Exception as error:  # zipfile raises errors of every kind for a damaged archive
        reason = " ".join(str(error).split()) or type(error).__name__
        raise ModelError(f"this is no readable model file: {reason}: get the model again", path=path) from error
