"""Pack what trainings read, for a machine without a network.

Run ``python benchmarks/pack.py configs/fovea-s2-pretrain.yaml``. It writes archives with all files and folders that the
configurations name: pictures, annotations, recognizers, and the labels and checkpoints that exist already. Files of
the folder ``$FOVEA_SHARED`` lie below ``shared`` in the archives, and all others where they lie in the repository. On
the other machine, unpack all archives into a copy of the repository, and set ``FOVEA_SHARED`` to ``shared``.
"""

import tarfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import click
from tqdm import tqdm

from fovea.training import expand_path, read_fields

_BLOCK = 512
"""Bytes of the header of an entry of an archive, and a multiple of which its content fills."""
_END = 20 * _BLOCK
"""Largest number of bytes that close an archive."""


def named_paths(value: Any) -> Iterator[Path]:
    """Yield the files and folders that the values of a configuration name, as far as they exist."""
    if isinstance(value, dict | list):
        for part in value.values() if isinstance(value, dict) else value:
            yield from named_paths(part)
    elif isinstance(value, str) and "/" in value and expand_path(Path(value)).exists():
        yield Path(value)


def files_of(paths: Sequence[Path]) -> dict[str, Path]:
    """Return all files of files and folders, by their names in the archives."""
    found = {}
    for path in paths:
        base = Path("shared", *path.parts[1:]) if path.parts[0] == "$FOVEA_SHARED" else path
        real = expand_path(path)
        for file in sorted(real.rglob("*")) if real.is_dir() else [real]:
            if file.is_file():
                found[(base / file.relative_to(real)).as_posix()] = file
    return dict(sorted(found.items()))


def parts(files: dict[str, Path], limit: int) -> list[dict[str, Path]]:
    """Split files so that each archive has at most ``limit`` bytes.

    Raises:
        click.ClickException: a file is larger by itself.
    """
    split: list[dict[str, Path]] = [{}]
    filled = _END
    for name, path in files.items():
        size = 3 * _BLOCK + -(-path.stat().st_size // _BLOCK) * _BLOCK  # a long name takes two more headers
        if size + _END > limit:
            raise click.ClickException(f"{path}: larger than a part: allow larger ones with --part")
        if filled + size > limit:
            split.append({})
            filled = _END
        split[-1][name] = path
        filled += size
    return split


@click.command()
@click.argument("configs", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--out", type=click.Path(path_type=Path), default=Path("pack"), show_default=True)
@click.option("--part", type=click.IntRange(1), default=48, show_default=True, help="Largest archive in MiB.")
def main(configs: tuple[Path, ...], out: Path, part: int) -> None:
    """Pack what the trainings of CONFIGS read into archives in the folder OUT."""
    files = files_of([path for config in configs for path in named_paths(read_fields(config))])
    out.mkdir(parents=True, exist_ok=True)
    for number, members in enumerate(parts(files, part << 20)):
        with tarfile.open(out / f"part-{number:02d}.tar", "w") as archive:
            for name, path in tqdm(members.items(), f"part {number}"):
                archive.add(path, name)
    click.echo(f"{len(files)} files, {sum(path.stat().st_size for path in files.values()) / 2**20:.0f} MiB")


if __name__ == "__main__":
    main()
