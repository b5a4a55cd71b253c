"""One image as each codec leaves it at nearly the same size, with what the recognizers make of it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from fovea.evaluation.cache import Cache
from fovea.evaluation.contender import Contender, codec_for
from fovea.evaluation.plan import Plan, file_key
from fovea.evaluation.pool import Pool
from fovea.evaluation.views import View, Viewer, viewer
from fovea.evaluation.work import Fit, Look
from fovea.recognition.recognizer import Picture


@dataclass(frozen=True)
class Frame:
    """One version of the image."""

    title: str
    note: str
    picture: Picture
    views: Mapping[str, View]
    """By recognizer."""


@dataclass(frozen=True)
class Gallery:
    """The original first, then one frame for each codec."""

    image: str
    """Name of the file."""
    frames: tuple[Frame, ...]

    def legend(self, recognizer: str) -> dict[int, str]:
        """The classes that a segmenter sees in any of the frames, by number; none for a detector."""
        named = (frame.views[recognizer].named for frame in self.frames)
        return dict(sorted((number, name) for one in named for number, name in one.items()))


def hang(plan: Plan, cache: Cache, pool: Pool) -> Gallery:
    """Chooses an image and a size, codes it with each codec to that size, and shows what recognizers see.

    Args:
        plan: of the evaluation, whose files are all in the cache, and what was seen on them.
        cache: of the evaluation.
        pool: does what is missing.

    Returns:
        The frames.
    """
    viewers = {judge.name: viewer(plan, judge, cache) for judge in plan.judges}
    first = viewers[plan.judges[0].name]
    image = max(range(len(plan.dataset)), key=lambda index: first.worth(index, plan.image_key(index)))
    sizes = {codec: _sizes(plan, cache, codec, image) for codec in plan.contenders}
    least, most = (pick(each(size.values()) for size in sizes.values()) for pick, each in ((max, min), (min, max)))
    # Where codecs differ: near the smallest size that all of them reach.
    target = round(least**0.75 * max(least, most) ** 0.25)
    fits = {codec: _fit(image, codec, sizes[codec], target) for codec in plan.contenders}
    pool.run(fits.values(), "gallery", "codec")
    looks = {codec: Look(image, codec, json.loads(cache.get(fit.keys(plan)[0]) or b"")) for codec, fit in fits.items()}
    pool.run(looks.values(), "gallery", "image")

    listed = plan.dataset.images[image]
    picture, objects = listed.load(), plan.dataset.object_mask(listed)
    frames = [Frame("original", "", picture, _views(viewers, image, plan.image_key(image)))]
    for codec, look in looks.items():
        key = plan.image_key(image, codec, look.quality)
        data = cache.get(file_key(key)) or b""
        frames.append(
            Frame(
                codec.name,
                f"{8 * len(data) / (listed.width * listed.height):.3f} bpp, quality {look.quality:g}",
                codec_for(codec.spec, objects).decode(data),
                _views(viewers, image, key),
            )
        )
    return Gallery(listed.path.name, tuple(frames))


def _views(viewers: Mapping[str, Viewer], image: int, image_key: str) -> dict[str, View]:
    return {name: one.view(image, image_key) for name, one in viewers.items()}


def _sizes(plan: Plan, cache: Cache, codec: Contender, image: int) -> dict[float, int]:
    """Bytes at each quality that was tried."""
    keys = {quality: plan.image_key(image, codec, quality) for quality in codec.qualities}
    return {quality: int(json.loads(cache.get(key) or b"")["size"]) for quality, key in keys.items()}


def _fit(image: int, codec: Contender, sizes: Mapping[float, int], target: int) -> Fit:
    below = [quality for quality, size in sizes.items() if size <= target]
    above = [quality for quality, size in sizes.items() if size >= target]
    low = max(below, default=min(sizes))
    return Fit(image, codec, target, low, min((quality for quality in above if quality >= low), default=low))
