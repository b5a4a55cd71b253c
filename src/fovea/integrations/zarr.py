"""Zarr 3: a codec for chunks of pixels, **with losses**: what is read differs from what was written.

Where Fovea is installed, Zarr finds it by the name ``fovea``, so nothing has to be imported to read such an array.

Example::

    import zarr
    from fovea.integrations.zarr import FovCodec

    frames = zarr.create_array(
        "frames.zarr", shape=(1000, 720, 1280, 3), chunks=(1, 720, 1280, 3), dtype="uint8",
        serializer=FovCodec(quality=40), compressors=None,
    )
"""

import asyncio
from dataclasses import dataclass
from typing import Any

from zarr.abc.codec import ArrayBytesCodec

from fovea.arguments import quality_number
from fovea.codec import DEFAULT_QUALITY
from fovea.errors import ImageError
from fovea.integrations.numcodecs import NAME, check_chunk, decode_chunk, encode_chunk


@dataclass(frozen=True)
class FovCodec(ArrayBytesCodec):
    """Serializer of chunks uint8 [H, W, 3] or [1, H, W, 3], **with losses**.

    Args:
        quality: 0 (smallest file) to 100 (best picture).

    Raises:
        ArgumentError: the quality is out of range.
    """

    is_fixed_size = False
    quality: float = DEFAULT_QUALITY

    def __post_init__(self) -> None:
        object.__setattr__(self, "quality", quality_number(self.quality))

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> "FovCodec":
        """Return the codec of an entry in the metadata of an array."""
        return cls(**data.get("configuration", {}))

    def to_dict(self) -> dict[str, Any]:
        """Return the entry in the metadata of an array."""
        return {"name": NAME, "configuration": {"quality": self.quality}}

    def validate(self, *, shape: tuple[int, ...], dtype: Any, chunk_grid: Any) -> None:
        """Check that each chunk of an array is a picture.

        Raises:
            ImageError: a chunk is not uint8 [H, W, 3] or [1, H, W, 3].
        """
        check_chunk(chunk_grid.chunk_shape, dtype.to_native_dtype())

    def compute_encoded_size(self, input_byte_length: int, chunk_spec: Any) -> int:
        """Raise an error, because the size depends on the picture.

        Raises:
            NotImplementedError: always, as in the codecs of Zarr itself whose size is not known before.
        """
        raise NotImplementedError("the size of a coded picture is known only after it is coded")

    async def _encode_single(self, chunk_data: Any, chunk_spec: Any) -> Any:
        coded = await asyncio.to_thread(encode_chunk, chunk_data.as_numpy_array(), self.quality)
        return chunk_spec.prototype.buffer.from_bytes(coded)

    async def _decode_single(self, chunk_data: Any, chunk_spec: Any) -> Any:
        *_, height, width, _ = chunk_spec.shape
        pixels = await asyncio.to_thread(decode_chunk, chunk_data.to_bytes(), height * width)
        if pixels.shape != (height, width, 3):
            found = f"{pixels.shape[1]}x{pixels.shape[0]}"
            raise ImageError(f"a chunk holds a picture of {found} pixels: expected {width}x{height}")
        return chunk_spec.prototype.nd_buffer.from_numpy_array(pixels.reshape(chunk_spec.shape))
