"""How much memory a codec takes."""

import json
import multiprocessing
import os
import time
from concurrent.futures import ProcessPoolExecutor

import psutil

from fovea.evaluation.cache import Cache, digest
from fovea.evaluation.contender import Contender, codec_for
from fovea.evaluation.plan import Plan

_STEP = 0.002
"""Seconds between two looks at the memory."""


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
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as executor:
        process = psutil.Process(executor.submit(os.getpid).result())
        executor.submit(_load, plan, image).result()
        before = peak = _resident(process)
        coding = executor.submit(_code, plan, contender.spec, image, quality)
        while not coding.done():
            peak = max(peak, _resident(process))
            time.sleep(_STEP)
        coding.result()
        return peak - before


def _load(plan: Plan, image: int) -> None:
    """Reads the image and imports what every codec needs: both belong to no codec."""
    plan.dataset.images[image].load()


def _code(plan: Plan, spec: str, image: int, quality: float) -> None:
    listed = plan.dataset.images[image]
    codec = codec_for(spec, plan.dataset.object_mask(listed))
    codec.decode(codec.encode(listed.load(), quality))


def _resident(process: psutil.Process) -> int:
    total = 0
    for one in (process, *process.children(recursive=True)):
        try:
            total += one.memory_info().rss
        except psutil.Error:  # it ended in between
            continue
    return total
