"""WebDataset: ``.fov`` entries of shards are decoded, and images are written as ``.fov`` entries.

Example::

    import webdataset as wds
    from fovea.integrations.webdataset import FovDecoder, FovEncoder

    with wds.ShardWriter("train-%06d.tar", encoder=FovEncoder(quality=40)) as shards:
        shards.write({"__key__": "0001", "fov": pixels, "json": labels})
    samples = wds.WebDataset("train-000000.tar", shardshuffle=False).decode(FovDecoder("torchrgb8"))
"""

from typing import Any

from webdataset.autodecode import ImageHandler
from webdataset.writer import make_encoder

import fovea.pillow  # noqa: F401  the decoder opens files with Pillow, also in a worker that finds it by its name
from fovea.arguments import quality_number
from fovea.codec import DEFAULT_QUALITY, Codec, default_codec

_ENTRY = "fov"


class FovDecoder(ImageHandler):  # type: ignore[misc]  # the package has no types
    """Decoder of ``.fov`` entries for ``WebDataset.decode``; it leaves other entries to other decoders.

    A damaged file raises the ``DecodingError`` of WebDataset, which the argument ``handler`` of ``decode`` handles.

    Args:
        kind: form of decoded entries, as WebDataset names it: "rgb8" is an array uint8 [H, W, 3], "torchrgb8" a tensor
            uint8 [3, H, W], "torchrgb" a tensor float32 [3, H, W], 0..1, "pil" a Pillow image.

    Raises:
        ValueError: the kind is unknown.
    """

    def __init__(self, kind: str = "rgb8") -> None:
        super().__init__(kind, [_ENTRY])


class FovEncoder:
    """Encoder of samples for ``ShardWriter(encoder=...)``: it codes images in entries whose names end in ``fov``.

    Bytes stay as they are, and WebDataset encodes other entries as usual.

    Args:
        quality: 0 (smallest file) to 100 (best picture).
        codec: codec that encodes; by default the one of :func:`fovea.encode`.

    Raises:
        ArgumentError: the quality is out of range.
    """

    def __init__(self, quality: float = DEFAULT_QUALITY, codec: Codec | None = None) -> None:
        self.quality, self.codec = quality_number(quality), codec

    def __call__(self, sample: dict[str, Any]) -> dict[str, Any]:
        """Return a sample whose entries are bytes.

        Args:
            sample: entries by their names. An image is an array uint8 [H, W, 3], a Pillow image or a
                :class:`fovea.picture.Picture`.

        Raises:
            ImageError: an image cannot be coded, or an entry is no image.
            ValueError: WebDataset cannot encode another entry.
        """
        codec = self.codec or default_codec()
        coded = {
            name: codec.encode(value, self.quality)
            if name.rpartition(".")[2].lower() == _ENTRY and not isinstance(value, bytes)
            else value
            for name, value in sample.items()
        }
        others: dict[str, Any] = make_encoder(True)(coded)
        return others
