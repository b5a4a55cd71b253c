"""Hugging Face ``datasets``: a column of ``.fov`` files that are decoded when they are used.

Importing this module registers the feature. A program that loads a saved data set with such a column imports it first.

Example::

    from datasets import Dataset, Features
    from fovea.integrations.huggingface import FovImage

    data = Dataset.from_dict({"image": pictures}, features=Features({"image": FovImage(quality=40)}))
    data.to_parquet("train.parquet")
    data[0]["image"]  # a Pillow image
"""

import io
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import pyarrow as pa
import pyarrow.compute as pc
from datasets import Image
from datasets.features.features import register_feature

from fovea.bitstream import MAGIC
from fovea.codec import DEFAULT_QUALITY, default_codec
from fovea.errors import about
from fovea.parallel import stream
from fovea.picture import opened
from fovea.pillow import FORMAT, FovImageFile


@dataclass
class FovImage(Image):  # type: ignore[misc]  # the package has no types
    """Feature of a column of ``.fov`` files, which is used and stored like the feature ``Image`` of ``datasets``.

    Rows are read as Pillow images, also in worker processes. Rows may be written as everything that ``Image`` takes.
    Arrays, images and the content of files of other formats are coded, which has losses.
    ``data.cast_column("image", FovImage())`` codes a whole column, also one of the feature ``Image``. Rows that are
    paths stay paths until ``datasets`` embeds their files, as ``save_to_disk`` and ``push_to_hub`` do.

    ``map`` writes back each column that its function reads. An image whose pixels did not change is written back as the
    same file.

    Args:
        mode: mode of Pillow to which images are converted, such as "RGB"; None keeps the mode of each image.
        decode: whether rows are read as images; if not, they are read as ``{"bytes": ..., "path": ...}``.
        quality: quality at which images are coded, 0 (smallest file) to 100 (best picture).
    """

    mode: str | None = None
    decode: bool = True
    quality: float = DEFAULT_QUALITY
    # This is not the type of ``Image``, because ``datasets`` casts and so codes a column only if the type changes.
    pa_type: ClassVar[Any] = pa.struct({"bytes": pa.large_binary(), "path": pa.string()})
    _type: str = field(default="FovImage", init=False, repr=False)

    def cast_storage(self, storage: Any) -> Any:
        """Return a column of Arrow as a column of ``.fov`` files; see ``Image``.

        Raises:
            ArgumentError: the quality is out of range.
            ImageError: a row is no image or cannot be coded. The error names the row.
        """
        return self._coded(super().cast_storage(storage))

    def embed_storage(self, storage: Any, *args: Any, **options: Any) -> Any:
        """Return a column in which the content of files replaces their paths; see ``Image``.

        Raises:
            ImageError: a row is no image or cannot be coded. The error names the row.
        """
        return self._coded(super().embed_storage(storage, *args, **options))

    def _coded(self, storage: Any) -> Any:
        files = pc.struct_field(storage, "bytes")  # unlike storage.field, null in rows without an image
        others = pc.indices_nonzero(pc.not_equal(pc.binary_slice(files, 0, len(MAGIC)), MAGIC)).to_pylist()
        if not others:
            return storage
        rows = files.to_pylist()
        for number, file in zip(others, self._encoded(rows, others), strict=True):
            rows[number] = file
        columns = [pa.array(rows, pa.large_binary()), storage.field("path")]
        return pa.StructArray.from_arrays(columns, ["bytes", "path"], mask=storage.is_null())

    def _encoded(self, rows: Sequence[bytes], others: Sequence[int]) -> Iterator[bytes]:
        def encode(number: int) -> bytes:
            with about(entry=f"row {number}"), opened(rows[number]) as image:
                return codec.encode(image, self.quality)

        codec = default_codec()
        return stream(encode, others, codec.engine.threads)

    def decode_example(self, value: Any, token_per_repo_id: dict[str, Any] | None = None) -> Any:
        """Return the Pillow image of a row.

        Args:
            value: ``{"bytes": ..., "path": ...}``.
            token_per_repo_id: as for ``Image``.

        Raises:
            OSError: the file cannot be read or is damaged.
        """
        image = super().decode_example(value, token_per_repo_id)
        if type(image) is FovImageFile and value["bytes"] is not None:
            row: Any = image
            row.__class__, row.file, row.quality = _Row, value["bytes"], self.quality
        return image


class _Row(FovImageFile):
    """A decoded row, which keeps its file.

    ``datasets`` saves what a function of ``map`` returns by itself, in the format of the image and without options.
    """

    file: bytes
    quality: float

    def __getstate__(self) -> list[Any]:
        return [super().__getstate__(), self.file, self.quality]

    def __setstate__(self, state: list[Any]) -> None:
        picture, self.file, self.quality = state
        super().__setstate__(picture)

    def save(self, fp: Any, format: str | None = None, **params: Any) -> None:
        if format != FORMAT or params:
            super().save(fp, format, **params)
        elif FovImageFile(io.BytesIO(self.file)).tobytes() == self.tobytes():
            fp.write(self.file)
        else:
            super().save(fp, format, quality=self.quality)


with warnings.catch_warnings():
    warnings.simplefilter("ignore", UserWarning)  # the warning says that features of other packages are experimental
    register_feature(FovImage, FovImage.__name__)
