"""The registry of well-known public weights, each downloaded once."""

import re
from dataclasses import dataclass
from pathlib import Path

from fovea.errors import RecognizerError
from fovea.store import cache_folder, download, sha256_of


@dataclass(frozen=True)
class Weights:
    """A public file of weights."""

    name: str
    url: str
    sha256: str
    license: str

    @property
    def path(self) -> Path:
        """The path of the file in the cache."""
        return cache_folder() / "recognizers" / self.url.rsplit("/", 1)[-1]


_YOLOX = "https://github.com/Megvii-BaseDetection/YOLOX/releases/download/0.1.1rc0"

# Megvii publishes no checksums; these are the ones that several independent projects pin for the release files.
# A file that differs is refused, so a wrong entry makes the download fail and cannot change results.
WEIGHTS: dict[str, Weights] = {
    weights.name: weights
    for weights in (
        Weights(
            "yolox_nano",
            f"{_YOLOX}/yolox_nano.onnx",
            "c789161ed43c8269fcd4e67c67eeeb4e80c622da2eb296a20bc6007bd18a0b7d",
            "Apache-2.0",
        ),
        Weights(
            "yolox_tiny",
            f"{_YOLOX}/yolox_tiny.onnx",
            "427cc366d34e27ff7a03e2899b5e3671425c262ea2291f88bb942bc1cc70b0f7",
            "Apache-2.0",
        ),
        Weights(
            "yolox_s",
            f"{_YOLOX}/yolox_s.onnx",
            "c5c2d13e59ae883e6af3b45daea64af4833a4951c92d116ec270d9ddbe998063",
            "Apache-2.0",
        ),
        Weights(
            "yolox_l",
            f"{_YOLOX}/yolox_l.onnx",
            "7860ae79de6c89a3c1eb72ae9a2756c0ccfbe04b7791bb5880afabd97855a411",
            "Apache-2.0",
        ),
    )
}
"""The registry: weights by name."""


def fetch(weights: Weights) -> Path:
    """Return the file of some weights, and download it the first time.

    Args:
        weights: entry of the registry, or one of your own.

    Returns:
        The path of the file in the cache.

    Raises:
        RecognizerError: the entry has no valid checksum.
        DownloadError: the file cannot be downloaded, or is not the one that was expected.
    """
    if not re.fullmatch(r"[0-9a-f]{64}", weights.sha256):
        raise RecognizerError("without a SHA-256 its file cannot be trusted: state it", entry=weights.name)
    if not weights.path.exists() or sha256_of(weights.path) != weights.sha256:
        download(weights.url, weights.path, weights.sha256)
    return weights.path
