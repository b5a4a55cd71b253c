"""One image as each codec decodes it at nearly the same size, with what the recognizers detect on it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from fovea.baselines import Pixels
from fovea.evaluation.codecs import CodecUnderTest
from fovea.evaluation.gallery.views import View, Viewer, open_viewer
from fovea.evaluation.running.jobs import QualitySearchJob, RecognitionJob
from fovea.evaluation.running.plan import ORIGINAL, Coding
from fovea.evaluation.running.pool import Pool
from fovea.evaluation.running.results import Results


@dataclass(frozen=True)
class Frame:
    """The image, coded in one way.

    Attributes:
        title: name of the codec.
        note: bitrate and quality.
        pixels: uint8 [H, W, 3], RGB.
        views: what each recognizer detects on it, by name of the recognizer.
    """

    title: str
    note: str
    pixels: Pixels
    views: Mapping[str, View]


@dataclass(frozen=True)
class Gallery:
    """The original, then one frame for each codec.

    Attributes:
        image: name of the image file.
        frames: the frames.
    """

    image: str
    frames: tuple[Frame, ...]

    def legend(self, recognizer: str) -> dict[int, str]:
        """Return the classes that a segmenter detects in any of the frames, by number; none for a detector."""
        classes = (frame.views[recognizer].classes for frame in self.frames)
        return dict(sorted((number, name) for shown in classes for number, name in shown.items()))


def make_gallery(results: Results, pool: Pool) -> Gallery:
    """Choose an image and a size, code the image with each codec to that size, and run the recognizers.

    Args:
        results: results of the evaluation, with all that was coded and recognized.
        pool: worker processes.

    Returns:
        The frames.
    """
    plan = results.plan
    viewers = {recognizer.name: open_viewer(results, recognizer) for recognizer in plan.recognizers}
    first = viewers[plan.recognizers[0].name]
    image = max(range(len(plan.dataset)), key=first.worth)
    searches = _searches(results, image)
    pool.run(searches, "gallery", "codec")
    codings = [Coding(search.codec, json.loads(results.value(search.keys(plan)[0]))) for search in searches]
    pool.run([RecognitionJob(image, coding) for coding in codings], "gallery", "image")

    listed = plan.dataset.images[image]
    objects = plan.dataset.object_mask(listed)
    frames = [Frame("original", "", listed.load(), _views(viewers, image, ORIGINAL))]
    for search, coding in zip(searches, codings, strict=True):
        data = results.file(image, coding)
        bpp = 8 * len(data) / (listed.width * listed.height)
        note = f"{bpp:.3f} bpp, quality {coding.quality:g}"
        pixels = search.codec.spec.open_for(objects).decode(data)
        frames.append(Frame(search.codec.name, note, pixels, _views(viewers, image, coding)))
    return Gallery(listed.path.name, tuple(frames))


def _views(viewers: Mapping[str, Viewer], image: int, coding: Coding) -> dict[str, View]:
    return {name: viewer.view(image, coding) for name, viewer in viewers.items()}


def _searches(results: Results, image: int) -> list[QualitySearchJob]:
    """Return the searches for the quality of each codec, all for the same size."""
    sizes = {
        codec: {quality: results.measurement(image, Coding(codec, quality)).size for quality in codec.qualities}
        for codec in results.plan.codecs
    }
    # Codecs differ most near the smallest size that all of them reach.
    smallest = max(min(size.values()) for size in sizes.values())
    largest = min(max(size.values()) for size in sizes.values())
    target = round(smallest**0.75 * max(smallest, largest) ** 0.25)
    return [_search(image, codec, sizes[codec], target) for codec in results.plan.codecs]


def _search(image: int, codec: CodecUnderTest, sizes: Mapping[float, int], target: int) -> QualitySearchJob:
    low = max((quality for quality, size in sizes.items() if size <= target), default=min(sizes))
    high = min((quality for quality, size in sizes.items() if size >= target and quality >= low), default=low)
    return QualitySearchJob(image, codec, target, low, high)
