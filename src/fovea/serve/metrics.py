"""The metrics of the service, for Prometheus."""

import os
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead

FOLDER = "PROMETHEUS_MULTIPROC_DIR"
"""Environment variable with the folder in which several processes share their metrics.

It must be set before this module is imported."""
_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0)

disable_created_metrics()  # type: ignore[no-untyped-call]  # nobody needs the times at which counters were made


class Metrics:
    """The metrics of this process, or of all processes that share a folder."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._watched: tuple[tuple[Gauge, Callable[[], int]], ...] = ()
        self.requests = Counter(
            "fovea_requests", "Requests that were answered.", ("route", "status"), registry=self._registry
        )
        self.seconds = Histogram(
            "fovea_request_seconds",
            "Time from the head of a request to the end of the answer.",
            ("route",),
            buckets=_SECONDS,
            registry=self._registry,
        )
        self.received = self._counter("fovea_received_bytes", "Bytes of bodies received.")
        self.sent = self._counter("fovea_sent_bytes", "Bytes of bodies sent.")
        self.pixels = self._counter("fovea_pixels", "Pixels encoded or decoded.")
        self.rejected = Counter(
            "fovea_rejected", "Requests refused because of a limit or the token.", ("reason",), registry=self._registry
        )
        self.in_flight = self._gauge("fovea_requests_in_flight", "Requests that are not answered yet.")
        self.queue_length = self._gauge("fovea_queue_length", "Requests that wait for a thread.")
        self.coding = self._gauge("fovea_coding", "Threads that code a picture.")

    def _counter(self, name: str, text: str) -> Counter:
        return Counter(name, text, ("route",), registry=self._registry)

    def _gauge(self, name: str, text: str) -> Gauge:
        return Gauge(name, text, registry=self._registry, multiprocess_mode="livesum")

    def watch(self, waiting: Callable[[], int], running: Callable[[], int]) -> None:
        """Let the gauges of the queue and of the threads follow the results of two functions."""
        self._watched = ((self.queue_length, waiting), (self.coding, running))

    def refresh(self) -> None:
        """Set the gauges to their current values."""
        for gauge, number in self._watched:
            gauge.set(number())

    def page(self) -> tuple[bytes, str]:
        """Return the text of the metrics and its media type."""
        self.refresh()
        registry = self._registry
        if FOLDER in os.environ:
            registry = CollectorRegistry()
            MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
        return generate_latest(registry), CONTENT_TYPE_LATEST


def forget_ended_processes() -> None:
    """Remove the gauges of processes that were killed or have ended."""
    if FOLDER not in os.environ or sys.platform == "win32":  # os.kill would end a process there
        return
    for path in Path(os.environ[FOLDER]).glob("gauge_live*_*.db"):
        number = int(path.stem.rpartition("_")[2])
        try:
            os.kill(number, 0)
        except (ProcessLookupError, PermissionError):  # the number may belong to a process of another user by now
            with suppress(FileNotFoundError):
                mark_process_dead(number)  # type: ignore[no-untyped-call]
