"""What the tests of this folder look at."""

from pathlib import Path
from typing import Any

NAMES = {"a b ü.fov", *(f"street/{number}.fov" for number in range(4))}
"""Files that the fixture ``photos`` becomes."""


def rows_of(manifest: str | Path) -> list[dict[str, Any]]:
    """Return the rows of a manifest as any reader of Parquet finds them."""
    import fsspec
    import pyarrow.parquet as pq

    files, root = fsspec.url_to_fs(str(manifest), use_listings_cache=False)
    rows: list[dict[str, Any]] = pq.read_table(root, filesystem=files).to_pylist()
    return rows
