"""How accuracy is counted, on all images and on resampled sets of them."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass

from fovea.evaluation.metrics import AnyScore, Metric, MetricKind
from fovea.evaluation.recognizers import RecognizerInfo
from fovea.evaluation.references import ClassMaps, reference_objects
from fovea.evaluation.running.cache import digest
from fovea.evaluation.running.jobs import Worker
from fovea.evaluation.running.plan import ORIGINAL, Coding, Plan
from fovea.evaluation.running.results import Results
from fovea.recognition import Score, SemanticScore, match, overlaps, resample

RESAMPLES = 200
"""Number of resampled sets of images: enough for 95 % intervals, at about the cost of scoring itself."""
_VERSIONS: Mapping[MetricKind, int] = {"box": 2, "mask": 3, "semantic": 2}
"""Versions of how accuracy is counted. Increase them with every change of that; cached scores are then not used."""


@dataclass(frozen=True)
class ScoreWithSamples:
    """The score of one recognizer on all images, coded alike.

    Attributes:
        score: the score on all images.
        samples: accuracy on each resampled set of images. The resamples are the same for all codecs.
    """

    score: AnyScore
    samples: list[float]


@dataclass(frozen=True)
class ScoringJob:
    """Scores the output of one recognizer on all images, coded alike.

    Attributes:
        recognizer: the recognizer.
        kind: kind of output that is scored.
        coding: how the images are coded.
    """

    recognizer: RecognizerInfo
    kind: MetricKind
    coding: Coding = ORIGINAL

    @property
    def metric(self) -> Metric:
        """The metric of the score."""
        return Metric(self.recognizer.name, self.kind)

    def keys(self, plan: Plan) -> list[str]:
        """Return the key of the score."""
        outputs = [plan.output_key(image, self.coding, self.recognizer) for image in range(len(plan.dataset))]
        reference = (plan.reference, plan.dataset.categories, self.recognizer.classes, plan.contents)
        return [digest("score", _VERSIONS[self.kind], RESAMPLES, self.kind, reference, outputs)]

    def run(self, worker: Worker) -> Mapping[str, bytes]:
        """Compare the output with the reference."""
        plan = worker.results.plan
        draws = resample(len(plan.dataset), RESAMPLES)
        score: AnyScore
        if self.kind == "semantic":
            maps, images = ClassMaps(worker.results, self.recognizer), range(len(plan.dataset))
            # Generators: the class maps of a whole data set would fill the memory.
            predicted = (maps.predicted(image, self.coding) for image in images)
            overlapping = overlaps(predicted, (maps.reference(image) for image in images), len(maps.names))
            score, samples = overlapping.score, overlapping.resampled(draws)
        else:
            reference = reference_objects(worker.results, self.recognizer)
            categories = reference.category_ids(self.recognizer.classes)
            detections = [
                detection
                for image in range(len(reference))
                for detection in worker.results.detections(image, self.coding, self.recognizer, categories)
            ]
            matches = match(reference, detections, self.kind, categories)
            score, samples = matches.score, matches.resampled(draws).mean(axis=1)
        return {self.keys(plan)[0]: json.dumps({"score": asdict(score), "samples": samples.tolist()}).encode()}

    def result(self, results: Results) -> ScoreWithSamples:
        """Read the score back."""
        found = json.loads(results.value(self.keys(results.plan)[0]))
        score = SemanticScore(**found["score"]) if self.kind == "semantic" else Score(**found["score"])
        return ScoreWithSamples(score, found["samples"])
