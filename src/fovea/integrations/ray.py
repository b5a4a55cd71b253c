"""Fovea on a Ray cluster: encoding and decoding in pipelines of Ray Data, and the jobs of ``fovea encode --ray``."""

import logging
import math
import os
import signal
import threading
from collections import Counter
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from typing import Any

import numpy as np
import pyarrow as pa
import ray
import ray.data
from ray.exceptions import RayError
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from fovea.codec import DEFAULT_MODEL, Codec
from fovea.errors import FoveaError
from fovea.jobs import BLOCK, File, Job, Row, Transfer, as_table, transfer_here
from fovea.picture import open_picture
from fovea.settings import Settings

_BLOCKS_PER_CORE = 8
"""Number of blocks for each core in a small job, so that all cores end at about the same time."""
_ATTEMPTS = 3
"""Number of workers that may die while they encode an image, before it is given up."""


class Encoder:
    """Encodes a column of image files, as a callable class for ``map_batches`` of Ray Data.

    Each actor opens the model once, and uses one core. A file that cannot be encoded does not stop the pipeline: its
    row has an error and an empty ``.fov`` file.

    Args:
        column: name of the column with the content of image files.
        **settings: settings of :class:`fovea.settings.Settings`, such as ``model``, ``quality`` and ``scale``.

    Example:
        >>> from PIL import Image
        >>> import io
        >>> file = io.BytesIO()
        >>> Image.new("RGB", (64, 48)).save(file, "PNG")
        >>> encode, decode = Encoder(quality=30), Decoder()
        >>> coded = encode({"bytes": np.array([file.getvalue(), b"no image"], object)})
        >>> list(coded["error"])
        ['', 'no image of a format that Pillow decodes']
        >>> [image.shape for image in decode(coded)["image"]]
        [(48, 64, 3), (0, 0, 3)]
    """

    def __init__(self, column: str = "bytes", **settings: Any) -> None:
        self._column, self._settings = column, Settings(**settings)
        self._codec = self._settings.open_codec(threads=1, at_once=1)

    def __call__(self, batch: dict[str, Any]) -> dict[str, Any]:
        """Return a batch with a column ``fov`` in place of the images, and a column ``error``, empty where none is."""
        return _converted(batch, self._column, "fov", self._encode, b"")

    def _encode(self, content: bytes) -> bytes:
        picture = open_picture(content, self._settings.keep_metadata, self._settings.max_pixels)
        return self._settings.encode(self._codec, picture)


class Decoder:
    """Decodes a column of ``.fov`` files, as a callable class for ``map_batches`` of Ray Data; see :class:`Encoder`.

    Args:
        column: name of the column with the content of ``.fov`` files.
        model: name of the model that is opened at the start. Other models are found by the ids in the files.
    """

    def __init__(self, column: str = "fov", model: str = DEFAULT_MODEL) -> None:
        self._column = column
        self._codec = Codec(model, threads=1, at_once=1)

    def __call__(self, batch: dict[str, Any]) -> dict[str, Any]:
        """Return a batch with a column ``image`` in place of the files, and a column ``error``, empty where none is.

        Images are uint8 [H, W, 3], or as :meth:`fovea.Codec.decode` returns them; [0, 0, 3] where there is an error.
        """
        return _converted(batch, self._column, "image", self._codec.decode, np.empty((0, 0, 3), np.uint8))


def _converted(
    batch: dict[str, Any], column: str, name: str, convert: Callable[[bytes], object], empty: object
) -> dict[str, Any]:
    """Convert a column. A row with an error of an earlier step keeps the error and is not converted.

    The result of a row with an error is ``empty`` and not None, because Ray would take a column in which every value of
    a block is None for a column of numbers.
    """
    content = batch[column]
    results = np.empty(len(content), object)
    errors = np.array(["" if _is_null(error) else error for error in batch.get("error", [""] * len(content))], object)
    for number, data in enumerate(content):
        results[number] = empty
        if not errors[number] and _is_null(data):
            errors[number] = f"no file: the column {column} is null"
        try:
            if not errors[number]:
                results[number] = convert(data)
        except FoveaError as error:
            errors[number] = error.reason
    return {key: values for key, values in batch.items() if key != column} | {name: results, "error": errors}


def _is_null(value: object) -> bool:
    """Return whether a value was null: in a column in which all values are, Ray gives numbers that are none."""
    return value is None or (isinstance(value, float) and math.isnan(value))


def transfer_on_ray(job: Job, address: str | None, cores: int) -> Generator[Row, None, None]:
    """Yield the rows of a job as workers of a Ray cluster complete them. The job begins when the cluster has answered
    and each of its nodes can encode.

    Workers read and write the images. This process lists them and receives their rows. Ray holds the names of all
    images as Arrow tables.

    Args:
        job: the job.
        address: address of the cluster; None starts a cluster on this machine, which ends with the job.
        cores: number of cores of the cluster that is started.

    Raises:
        FoveaError: the cluster does not answer, a node cannot encode, or the workers cannot go on.
    """
    with _connected(address, cores), _one_line_errors():
        arguments = (job.source, job.target, job.settings, job.model_id, 1)
        _check_nodes(arguments)
        names = _names(job.files())
        if not len(names):
            return
        workers = max(1, int(ray.cluster_resources().get("CPU", 0)))  # type: ignore[no-untyped-call]
        progress = ray.remote(num_cpus=0, max_restarts=-1, max_task_retries=-1)(_Progress).remote()
        size = max(1, min(BLOCK, len(names) // (_BLOCKS_PER_CORE * workers)))
        blocks = [names.slice(start, size) for start in range(0, len(names), size)]
        done = ray.data.from_arrow(blocks).map_batches(
            _Worker,
            fn_constructor_args=(progress, *arguments),
            batch_size=None,  # each block is one batch
            batch_format="pyarrow",
            compute=ray.data.ActorPoolStrategy(min_size=min(workers, len(blocks)), max_size=len(blocks)),
            num_cpus=1,
        )
        tables: Iterable[Any] = done.iter_batches(batch_size=None, batch_format="pyarrow")
        for table in tables:
            yield from (Row(**row) for row in table.to_pylist())


def _check_nodes(arguments: tuple[Any, ...]) -> None:
    """Check that a transfer can be made on each node, before the job changes anything.

    Raises:
        FoveaError: a node has another model, or no engine, for example.
    """
    known: list[dict[str, Any]] = ray.nodes()  # type: ignore[no-untyped-call]
    nodes = [node for node in known if node["Alive"] and node["Resources"].get("CPU")]
    # A node that is lost in the meantime has to check nothing: another one does.
    places = [NodeAffinitySchedulingStrategy(node["NodeID"], soft=True) for node in nodes]
    check = ray.remote(num_cpus=0)(_problem)
    problems = ray.get([check.options(scheduling_strategy=place).remote(arguments) for place in places])
    for node, problem in zip(nodes, problems, strict=True):
        if problem:
            raise FoveaError(problem, path=node["NodeManagerAddress"])


def _problem(arguments: tuple[Any, ...]) -> str:
    """Return why a transfer cannot be made here; empty if it can."""
    try:
        Transfer(*arguments)
    except FoveaError as error:
        return str(error)
    return ""


class _Progress:
    """An actor that keeps the progress of all blocks that workers work on, because workers can die."""

    def __init__(self) -> None:
        self._begun: Counter[str] = Counter()
        self._rows: dict[str, Row] = {}

    def begin(self, path: str) -> None:
        """Note that a worker begins with an image."""
        self._begun[path] += 1

    def end(self, row: Row) -> None:
        """Note the row of an image."""
        self._rows[row.path] = row

    def of(self, paths: list[str]) -> tuple[list[Row | None], list[int]]:
        """Return the rows of the images of a block, and how many workers have begun with each."""
        return [self._rows.get(path) for path in paths], [self._begun[path] for path in paths]

    def forget(self, paths: list[str]) -> None:
        """Forget the images of a block that is done."""
        for path in paths:
            self._begun.pop(path, None)
            self._rows.pop(path, None)


class _NotedTransfer(Transfer):
    """A transfer that notes the begin and the end of each image in the progress."""

    def __init__(self, progress: Any, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._progress = progress

    def __call__(self, file: File) -> Row:
        ray.get(self._progress.begin.remote(file.path))
        row = super().__call__(file)
        self._progress.end.remote(row)
        return row


class _Worker:
    """An actor that works on blocks of names.

    If it dies, Ray starts it again and repeats its block, any number of times. Images that are done are not repeated.
    An image that was in progress may be the reason, for example because it takes too much memory. Each of these images
    is encoded alone, after all others, and given up after some attempts.
    """

    def __init__(self, progress: Any, *arguments: Any) -> None:
        self._progress = progress
        self._transfer = _NotedTransfer(progress, *arguments)

    def __call__(self, names: pa.Table) -> pa.Table:
        files = [File(**row) for row in names.to_pylist()]
        paths = [file.path for file in files]
        rows, begun = ray.get(self._progress.of.remote(paths))
        done = [row for row in rows if row]
        undone = [(file, times) for file, row, times in zip(files, rows, begun, strict=True) if not row]
        done += transfer_here(self._transfer, [file for file, times in undone if not times])
        done += [self._alone(file, times) for file, times in undone if times]
        ray.get(self._progress.forget.remote(paths))
        return as_table(done)

    def _alone(self, file: File, times: int) -> Row:
        if times < _ATTEMPTS:
            return self._transfer(file)
        return self._transfer.failed(file, f"{times} workers died at this image, most likely for lack of memory")


def _names(files: Iterator[File]) -> pa.Table:
    """Return images as a table with a column for each field of :class:`File`."""
    fields = {"path": pa.string(), "size": pa.int64(), "version": pa.string(), "error": pa.string()}
    schema = pa.schema(fields)
    tables = [schema.empty_table()]
    while batch := list(islice(files, 10_000)):
        tables.append(pa.Table.from_pylist([file._asdict() for file in batch], schema))
    return pa.concat_tables(tables)


@contextmanager
def _connected(address: str | None, cores: int) -> Iterator[None]:
    """Connect to a cluster, or start one on this machine. A connection of the program is used and stays open."""
    if ray.is_initialized():
        yield
        return
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # nothing is sent to others
    for name in ("ray", "ray.data"):
        logging.getLogger(name).setLevel(logging.ERROR)
    own: dict[str, Any] = {} if address else {"num_cpus": cores, "include_dashboard": False}
    on_end = signal.getsignal(signal.SIGTERM)
    try:
        ray.init(address or "local", log_to_driver=False, logging_level=logging.ERROR, **own)
    except Exception as error:
        raise FoveaError(f"the cluster does not answer: {error}", path=address) from error
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, on_end)  # the handler of Ray would abort the process
    ray.data.DataContext.get_current().enable_progress_bars = False
    try:
        yield
    finally:
        ray.shutdown()


@contextmanager
def _one_line_errors() -> Iterator[None]:
    """Turn errors of Ray, which may have tracebacks of workers as their text, into errors that name the cause."""
    try:
        yield
    except RayError as error:
        lines = [line for line in str(error).splitlines() if line.strip()] or [type(error).__name__]
        has_traceback = any(line.startswith('  File "') for line in lines)
        cause = lines[-1].removeprefix("fovea.errors.") if has_traceback else lines[0]
        raise FoveaError(f"the workers of Ray cannot go on: {cause}") from error
