"""How much memory a codec takes."""

import json
import multiprocessing
import os
import time
from concurrent.futures import ProcessPoolExecutor

import numpy as np
import psutil
from numpy.typing import NDArray

from fovea.evaluation.cache import Cache, digest
from fovea.evaluation.contender import Contender, codec_for
from fovea.evaluation.plan import Plan
from fovea.evaluation.pool import ignore_ctrl_c, killed_workers_told, submit
from fovea.recognition.recognizer import Picture

_STEP = 0.002
"""Seconds between two looks at the memory."""

_held: tuple[Picture, NDArray[np.bool_]]
"""In the process that is watched: the image and its object mask. Memory once given back would be taken again unseen."""


def peak_memory(plan: Plan, contender: Contender, cache: Cache) -> int:
    """Codes and decodes the largest image in a process of its own.

    Args:
        plan: of the evaluation.
        contender: the codec; its middle quality is taken.
        cache: where the result is kept.

    Returns:
        Bytes of resident memory, of that process and those it starts, above those of Python alone: loaded
        libraries and weights included.
    """
    image = max(range(len(plan.dataset)), key=lambda i: plan.dataset.images[i].width * plan.dataset.images[i].height)
    quality = contender.qualities[len(contender.qualities) // 2]
    key = digest("memory", plan.image_key(image, contender, quality))
    if (known := cache.get(key)) is None:
        known = json.dumps(_watch(plan, contender, image, quality)).encode()
        cache.put({key: known})
    return int(json.loads(known))


def _watch(plan: Plan, contender: Contender, image: int, quality: float) -> int:
    with (
        killed_workers_told(),
        ProcessPoolExecutor(1, multiprocessing.get_context("spawn"), initializer=ignore_ctrl_c) as executor,
    ):
        process = psutil.Process(submit(executor, os.getpid).result())
        executor.submit(_load, plan, image).result()
        before = peak = _resident(process)
        coding = executor.submit(_code, contender.spec, quality)
        while not coding.done():
            peak = max(peak, _resident(process))
            time.sleep(_STEP)
        coding.result()
        return peak - before


def _load(plan: Plan, image: int) -> None:
    """Reads the image, and imports what every codec needs: both belong to no codec."""
    global _held
    listed = plan.dataset.images[image]
    _held = listed.load(), plan.dataset.object_mask(listed)


def _code(spec: str, quality: float) -> None:
    picture, objects = _held
    codec = codec_for(spec, objects)
    codec.decode(codec.encode(picture, quality))


def _resident(process: psutil.Process) -> int:
    total = 0
    for one in (process, *process.children(recursive=True)):
        try:
            total += one.memory_info().rss
        except psutil.Error:  # it ended in between
            continue
    return total
