"""The memory that a codec takes."""

import json
import os
import time

import numpy as np
import psutil
from numpy.typing import NDArray

from fovea.baselines import Pixels
from fovea.evaluation.codecs import CodecUnderTest
from fovea.evaluation.running.cache import digest
from fovea.evaluation.running.plan import Coding, Plan
from fovea.evaluation.running.pool import WorkerProcesses, explaining_killed_workers, ignore_ctrl_c
from fovea.evaluation.running.results import Results
from fovea.evaluation.specification import CodecSpec

_INTERVAL = 0.002
"""Seconds between two readings of the memory."""

_image: tuple[Pixels, NDArray[np.bool_]]
"""In the process that is watched: the image and its object mask. They are kept, because memory that is given back
could be used again without being noticed."""


def peak_memory(results: Results, codec: CodecUnderTest) -> int:
    """Encode and decode the largest image in a process of its own.

    Args:
        results: results of the evaluation; the memory is added to its cache.
        codec: the codec. Its middle quality is used.

    Returns:
        Bytes of resident memory that this process and those it starts take at most, beyond those of Python and the
        image; loaded libraries and weights are included.
    """
    images = results.plan.dataset.images
    image = max(range(len(images)), key=lambda index: images[index].width * images[index].height)
    quality = codec.qualities[len(codec.qualities) // 2]
    key = digest("memory", results.plan.image_key(image, Coding(codec, quality)))
    if (known := results.cache.get(key)) is None:
        known = json.dumps(_watch(results.plan, codec, image, quality)).encode()
        results.cache.put({key: known})
    return int(json.loads(known))


def _watch(plan: Plan, codec: CodecUnderTest, image: int, quality: float) -> int:
    with explaining_killed_workers(), WorkerProcesses(1, ignore_ctrl_c) as workers:
        process = psutil.Process(workers.submit(os.getpid).result())
        workers.submit(_load, plan, image).result()
        before = peak = _resident(process)
        coding = workers.submit(_code, codec.spec, quality)
        while not coding.done():
            peak = max(peak, _resident(process))
            time.sleep(_INTERVAL)
        coding.result()
        return peak - before


def _load(plan: Plan, image: int) -> None:
    """Read the image. This also imports what every codec needs, which does not count as memory of the codec."""
    global _image
    listed = plan.dataset.images[image]
    _image = listed.load(), plan.dataset.object_mask(listed)


def _code(spec: CodecSpec, quality: float) -> None:
    pixels, objects = _image
    codec = spec.open_for(objects)
    codec.decode(codec.encode(pixels, quality))


def _resident(process: psutil.Process) -> int:
    try:
        processes = [process, *process.children(recursive=True)]
    except psutil.Error:  # it was killed, which its future reports
        return 0
    total = 0
    for one in processes:
        try:
            total += one.memory_info().rss
        except psutil.Error:  # the process has ended in between
            continue
    return total
