"""What is known of a coded file without decoding it."""

from typing import Any

from fovea.bitstream import ContainerReader, Source, as_file
from fovea.store.models import find_id


def coded_facts(source: Source) -> dict[str, Any]:
    """Return what a ``.fov`` file tells without being decoded: its header, its model and the size of its metadata.

    Args:
        source: content of the file, or the open file.

    Returns:
        Values that JSON has. ``model`` is None where the id of the model is unknown.

    Raises:
        BitstreamError: the file is damaged.
    """
    file = as_file(source)
    reader = ContainerReader(file)
    header, metadata = reader.header, reader.metadata()
    size = file.seek(0, 2)
    model = find_id(header.model_id)
    return {
        "bytes": size,
        "width": header.width,
        "height": header.height,
        "mode": header.mode,
        "quality": header.quality,
        "background": header.background,
        "coded_width": header.coded_width,
        "coded_height": header.coded_height,
        "bpp": round(8 * size / (header.width * header.height), 4),
        "model": model and model.name,
        "model_id": header.model_id.hex(),
        "installed": model is not None and model.path is not None,
        "tiles": header.grid.tiles,
        "tile_size": header.tile_size,
        "exif_bytes": len(metadata.exif),
        "icc_bytes": len(metadata.icc),
        "xmp_bytes": len(metadata.xmp),
    }
