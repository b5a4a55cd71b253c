"""Scores of what recognizers saw. The work of an evaluation that needs all images at once."""

import json
from dataclasses import asdict, dataclass

from fovea.evaluation.cache import Cache, digest
from fovea.evaluation.contender import Contender
from fovea.evaluation.judge import Judge, Kind
from fovea.evaluation.plan import Plan, seen_key
from fovea.evaluation.sight import objects
from fovea.evaluation.truth import ClassMaps, true_objects
from fovea.evaluation.work import Bench, Found
from fovea.recognition import Matches, Overlaps, Result, Score, SemanticScore, match, overlaps, resample
from fovea.recognition.scoring import ObjectKind

RESAMPLES = 200
"""Of the bootstrap: enough for 95 % intervals, and no more than scoring itself costs."""


@dataclass(frozen=True)
class Scored:
    """The score of one recognizer on one version of all images."""

    score: Score | SemanticScore
    samples: list[float]
    """Accuracy on each resampled set of images; the resamples are the same for all codecs."""


@dataclass(frozen=True)
class Grade:
    """Scores what one recognizer saw on one version of all images."""

    judge: Judge
    kind: Kind
    contender: Contender | None = None
    quality: float = 0

    def keys(self, plan: Plan) -> list[str]:
        """The score."""
        seen_keys = [seen_key(self._image_key(plan, image), self.judge) for image in range(len(plan.dataset))]
        known = (plan.reference, plan.dataset.categories, self.judge.classes, plan.contents)
        # Boxes of detections that have masks too: their sizes were once told by the masks.
        revised = ("boxes by boxes",) if self.kind == "box" and "mask" in self.judge.kinds else ()
        return [digest("score", RESAMPLES, self.kind, known, seen_keys, *revised)]

    def run(self, bench: Bench) -> Found:
        """Compares what was seen with what is right, and resamples the images."""
        plan, (key,) = bench.plan, self.keys(bench.plan)
        draws = resample(len(plan.dataset), RESAMPLES)
        if self.kind == "semantic":
            overlapping = self._overlaps(plan, bench.cache)
            score, samples = asdict(overlapping.score), overlapping.resampled(draws)
        else:
            matches = self._matches(plan, bench.cache, self.kind)
            score, samples = asdict(matches.score), matches.resampled(draws).mean(axis=1)
        return {key: json.dumps({"score": score, "samples": samples.tolist()}).encode()}

    def result(self, plan: Plan, cache: Cache) -> Scored:
        """Reads the score back."""
        found = json.loads(cache.get(self.keys(plan)[0]) or b"")
        score = SemanticScore(**found["score"]) if self.kind == "semantic" else Score(**found["score"])
        return Scored(score, found["samples"])

    def _matches(self, plan: Plan, cache: Cache, kind: ObjectKind) -> Matches:
        truth = true_objects(plan, self.judge, cache)
        categories = truth.category_ids(self.judge.classes)
        results: list[Result] = []
        for index, image in enumerate(truth.images):
            packed = cache.get(seen_key(self._image_key(plan, index), self.judge))
            assert packed is not None, "what is graded was looked at before"
            results += objects(packed, image.id, categories)
        return match(truth, results, kind, categories)

    def _overlaps(self, plan: Plan, cache: Cache) -> Overlaps:
        maps, images = ClassMaps(plan, self.judge, cache), range(len(plan.dataset))
        # Generators: the maps of a whole data set would fill the memory.
        seen = (maps.seen(self._image_key(plan, image)) for image in images)
        return overlaps(seen, (maps.true(image) for image in images), len(maps.names))

    def _image_key(self, plan: Plan, image: int) -> str:
        return plan.image_key(image, self.contender, self.quality)
