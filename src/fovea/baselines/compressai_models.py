"""The learned codecs of CompressAI, for users who have the package and weights.

J. Bégaint, F. Racapé, S. Feltman and A. Pushparaja, "CompressAI: a PyTorch library and evaluation platform for
end-to-end compression research", arXiv:2011.03029, 2020.
"""

import hashlib
import math
import re
import struct
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from fovea.baselines.baseline import Baseline, Pixels
from fovea.errors import BaselineError

STRIDE = 64
"""The sides of an image must be multiples of it for all image models of CompressAI."""
HEADER = struct.Struct("<HHHHBB")
LENGTH = struct.Struct("<I")


class CompressAi(Baseline):
    """A model of CompressAI's zoo with weights from files.

    The package codes to byte strings in memory. The file made of them holds width, height, latent height and latent
    width (16 bits each), quality and number of strings (8 bits each), and then each string after its 32-bit length.
    That adds 18 bytes for a hyperprior.

    CompressAI has one network for each rate. ``quality`` is the number that takes the place of ``{quality}`` in the
    name of the weights file. A name without ``{quality}`` stands for one network, of quality 1.

    Args:
        detail: ``architecture:weights file``, such as ``bmshj2018-hyperprior:weights/hyperprior-{quality}.pth``. The
            file holds a state dict, alone or under ``state_dict`` or ``network``.
        threads: number of threads of torch, in the whole process.

    Raises:
        BaselineError: the weights do not exist.
    """

    family = "compressai"

    def __init__(self, detail: str, *, threads: int = 1) -> None:
        super().__init__(threads=threads)
        self.architecture, _, self.pattern = detail.partition(":")
        if not self.architecture or not self.pattern:
            raise BaselineError(f"compressai needs 'compressai:architecture:weights file', got 'compressai:{detail}'")
        self.weights = _find_weights(Path(self.pattern))
        if not self.weights:
            raise BaselineError("compressai has no weights here", path=self.pattern)
        self.qualities = self.default_qualities = tuple(float(quality) for quality in sorted(self.weights))
        self.quality_range = (self.default_qualities[0], self.default_qualities[-1])
        self._models: dict[int, Any] = {}

    @property
    def name(self) -> str:
        """The architecture and the name of the weights file."""
        return f"compressai:{self.architecture}:{Path(self.pattern).name}"

    def _version(self) -> str:
        try:
            import compressai
            from compressai.zoo.image import model_architectures
        except ImportError as cause:
            raise BaselineError(f"compressai needs the package {cause.name}: pip install compressai") from cause
        if self.architecture not in model_architectures:
            known = ", ".join(sorted(model_architectures))
            raise BaselineError(f"compressai has no architecture {self.architecture!r}; it has: {known}")
        return f"compressai {compressai.__version__}, weights {self._weights_hash}"

    @cached_property
    def _weights_hash(self) -> str:
        digest = hashlib.sha256()
        for quality, path in sorted(self.weights.items()):
            digest.update(quality.to_bytes(4, "big") + hashlib.sha256(path.read_bytes()).digest())
        return digest.hexdigest()[:12]

    def _model(self, quality: int) -> Any:
        if quality not in self.weights:
            raise BaselineError(f"{self.name} has weights for qualities {sorted(self.weights)}, not for {quality}")
        if quality not in self._models:
            self._version()
            import torch
            from compressai.zoo.image import model_architectures

            torch.set_num_threads(self.threads)
            state = torch.load(self.weights[quality], map_location="cpu", weights_only=True)
            state = state.get("state_dict", state.get("network", state))
            model = model_architectures[self.architecture].from_state_dict(state)
            # Not every checkpoint has the tables of the entropy coder.
            model.update(force=True)
            self._models[quality] = model.eval()
        return self._models[quality]

    def _encode(self, image: Pixels, quality: float) -> bytes:
        import torch

        model = self._model(round(quality))
        height, width = image.shape[:2]
        below, right = -height % STRIDE, -width % STRIDE
        padded = np.pad(image, ((0, below), (0, right), (0, 0)), mode="edge")
        planes = torch.from_numpy(padded).permute(2, 0, 1)[None].float() / 255
        with torch.no_grad():
            coded = model.compress(planes)
        strings = [string for (string,) in coded["strings"]]
        header = HEADER.pack(width, height, *coded["shape"], round(quality), len(strings))
        return header + b"".join(LENGTH.pack(len(string)) + string for string in strings)

    def _decode(self, data: bytes) -> Pixels:
        import torch

        width, height, latent_height, latent_width, quality, count = HEADER.unpack_from(data)
        # A damaged latent size could make the model take any amount of memory.
        if max(latent_height, latent_width) > math.ceil(max(width, height) / STRIDE) * STRIDE:
            raise BaselineError(
                f"{self.name}: the data has {latent_width}x{latent_height} latents for {width}x{height} pixels"
            )
        strings, at = [], HEADER.size
        for _ in range(count):
            (length,) = LENGTH.unpack_from(data, at)
            at += LENGTH.size + length
            strings.append([data[at - length : at]])
        with torch.no_grad():
            planes = self._model(quality).decompress(strings, (latent_height, latent_width))["x_hat"]
        pixels = planes[0, :, :height, :width].clamp(0, 1).mul(255).round().byte()
        return np.asarray(pixels.permute(1, 2, 0).numpy())


def _find_weights(pattern: Path) -> dict[int, Path]:
    """Return the weights file of each quality."""
    if "{quality}" not in pattern.name:
        return {1: pattern} if pattern.is_file() else {}
    before, after = map(re.escape, pattern.name.split("{quality}", 1))
    name = re.compile(f"{before}(\\d+){after}")
    files = pattern.parent.iterdir() if pattern.parent.is_dir() else ()
    return {int(match[1]): file for file in files if (match := name.fullmatch(file.name))}
