"""Measure from which frame rate on a video codec is better than single pictures with changed tiles.

Run ``python benchmarks/camera.py``. A camera is simulated: a fixed one sees a photograph over which cut-out objects
move, with the noise of a sensor; a moving one pans over nine photographs. ``fovea stream``, and x264 and x265 with
prediction between frames, get the same bits per second. ``README.md`` explains the columns.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import cast

import av
import click
import numpy as np
from numpy.typing import NDArray
from PIL import Image
from tqdm import tqdm

from fovea import Codec
from fovea.baselines import Pixels
from fovea.bitstream import TileGrid
from fovea.camera import Frame, Message, RateController, SentTiles, Streamer, encoder_of, rectangles
from fovea.datasets import Dataset, DatasetImage, load_dataset, object_region
from fovea.recognition import Recognizer, Result, load, match, self_reference, to_results
from frames import views
from images import COCO_IMAGES, COCO_MASKS, RESULTS, SHARED
from tables import Row, markdown, write_csv

WIDTH, HEIGHT = 640, 480
REFRESH_S = 30
"""Seconds within which a stream sends each tile anew, and within which a video has a key frame."""
_SEEN = 0.3
"""Score from which a detection on the original is an object."""
_LOWEST = 0.01
_NOISE = 2.0
"""Standard deviation of the noise of the sensor, of 255."""
_PAN = 40.0
"""Pixels per second by which the moving camera pans."""
_VIDEO = {"x264": ("libx264", "h264"), "x265": ("libx265", "hevc")}


@dataclass(frozen=True)
class Sent:
    """What a watcher has after each frame, and what it took.

    Attributes:
        pictures: uint8 [H, W, 3] after each frame of the camera.
        log: time and size of each message, in seconds and bytes.
        frames: number of frames of which something was sent.
    """

    pictures: list[Pixels]
    log: list[tuple[float, int]]
    frames: int

    @property
    def size(self) -> int:
        """Bytes in all."""
        return sum(size for _, size in self.log)

    @property
    def fullest_second(self) -> int:
        """The most bytes of any second."""
        times, sizes = np.array([time for time, _ in self.log]), np.array([size for _, size in self.log])
        return max(int(sizes[(times >= start) & (times <= start + 1)].sum()) for start in times)


def fixed(number: int, fps: float, count: int) -> Iterator[Pixels]:
    """Yield the frames of a camera that stands still: three objects cross a photograph, with noise."""
    random = np.random.default_rng(number)
    ground = next(_large_photos(skip=5 * number))
    cut = list(_objects(skip=12 * number, count=3))
    starts = random.uniform(0, 1, 3)
    speeds = random.uniform(20, 60, 3) * random.choice([-1, 1], 3)
    tops = random.uniform(0.1, 0.9, 3)
    for frame in range(count):
        pixels = ground.astype(np.float64)
        for (colors, mask), start, speed, top in zip(cut, starts, speeds, tops, strict=True):
            height, width = mask.shape
            across = WIDTH + width
            left = round((start * across + speed * frame / fps) % across) - width
            _paste(pixels, colors, mask, round(top * (HEIGHT - height)), left)
        yield np.clip(pixels + random.normal(0, _NOISE, pixels.shape), 0, 255).astype(np.uint8)


def moving(number: int, fps: float, count: int) -> Iterator[Pixels]:
    """Yield the frames of a camera that pans over nine photographs, with noise."""
    random = np.random.default_rng(number)
    pictures = views(sorted(COCO_IMAGES.iterdir())[18 * number :], 3, 3)
    wide = np.asarray(next(pictures))
    room = wide.shape[1] - WIDTH
    for frame in range(count):
        way = _PAN * frame / fps % (2 * room)
        left = round(min(way, 2 * room - way))
        top = round((wide.shape[0] - HEIGHT) * (0.5 + 0.4 * np.sin(way / 300)))
        pixels = wide[top : top + HEIGHT, left : left + WIDTH]
        yield np.clip(pixels + random.normal(0, _NOISE, pixels.shape), 0, 255).astype(np.uint8)


CAMERAS: dict[str, Callable[[int, float, int], Iterator[Pixels]]] = {"fixed": fixed, "moving": moving}


def _large_photos(skip: int) -> Iterator[Pixels]:
    large = []
    for path in sorted(COCO_IMAGES.iterdir()):
        with Image.open(path) as image:
            if image.width >= WIDTH and image.height >= HEIGHT:
                large.append(path)
    for path in large[skip % len(large) :]:
        yield np.asarray(Image.open(path).convert("RGB"))[:HEIGHT, :WIDTH]


def _objects(skip: int, count: int) -> Iterator[tuple[Pixels, NDArray[np.bool_]]]:
    """Yield objects that are cut out of photographs: their pixels and their masks."""
    data = load_dataset(COCO_MASKS, COCO_IMAGES)
    sized = [one for one in data.annotations if not one.crowd and 60**2 < one.area < 200**2 and one.box[3] < HEIGHT / 2]
    images = {image.id: image for image in data.images}
    for one in [*sized[skip:], *sized][:count]:
        image = images[one.image_id]
        left, top, width, height = (round(side) for side in one.box)
        part = np.s_[top : top + height, left : left + width]
        yield image.load()[part], object_region(one.segmentation, one.box, image.height, image.width)[part]


def _paste(pixels: NDArray[np.float64], colors: Pixels, mask: NDArray[np.bool_], top: int, left: int) -> None:
    first, last = max(0, -left), min(mask.shape[1], WIDTH - left)
    if first < last:
        target = pixels[top : top + mask.shape[0], left + first : left + last]
        inside = mask[: target.shape[0], first:last]
        target[inside] = colors[: target.shape[0], first:last][inside]


class _Clock:
    """A clock that only waiting moves."""

    def __init__(self) -> None:
        self.time = 0.0

    def now(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.time += seconds


class _Canvas:
    """A destination that pastes what it gets."""

    takes_parts = True

    def __init__(self, codec: Codec, clock: _Clock) -> None:
        self._codec, self._clock = codec, clock
        self.log: list[tuple[float, int]] = []
        self.pixels = np.full((HEIGHT, WIDTH, 3), 128, np.uint8)

    def ready(self) -> bool:
        return True

    def size(self, message: Message) -> int:
        """Return the bytes over MQTT, with a topic of ten characters."""
        return len(message.data) + len(message.place.line()) + 30

    def send(self, message: Message) -> bool:
        self.log.append((self._clock.now(), self.size(message)))
        part, place = self._codec.decode(message.data), message.place
        self.pixels[place.top : place.top + part.shape[0], place.left : place.left + part.shape[1]] = part
        return True

    def wants_whole(self) -> bool:
        return False

    def close(self) -> None:
        """Do nothing."""


def stream(frames: Sequence[Pixels], fps: float, kbps: float, codec: Codec, tile_size: int | None = None) -> Sent:
    """Send frames as ``fovea stream`` does."""
    clock = _Clock()
    canvas = _Canvas(codec, clock)
    streamer = Streamer(encoder_of(codec), canvas, RateController(kbps, fps), clock, REFRESH_S, tile_size)
    pictures = []
    for number, pixels in enumerate(frames):
        # A frame that comes while the one before it is sent is dropped.
        if clock.time <= number / fps + 1e-6:
            clock.time = number / fps
            streamer.offer(Frame(number, clock.time, pixels))
        pictures.append(canvas.pixels.copy())
    return Sent(pictures, canvas.log, streamer.counts.sent)


def savings(
    cameras: Sequence[str], scenes: Sequence[int], fps: float, count: int, quality: int, codec: Codec
) -> Iterator[Row]:
    """Yield how many bytes frames take whose unchanged tiles are left out, as a share of those of whole frames.

    All parts are coded at the same quality, and nothing is sent anew. Each message counts with 105 bytes for its
    headers.
    """
    headers = 105
    for camera in cameras:
        streams = [list(CAMERAS[camera](number, fps, count)) for number in scenes]
        whole = sum(
            len(codec.encode(pixels, quality, scale=1)) + headers for frames in streams for pixels in frames[1:]
        )
        for tile_size in (64, 128, 256):
            size = area = parts = 0
            for frames in streams:
                sent = SentTiles(TileGrid(WIDTH, HEIGHT, tile_size), refresh=1e9)
                for number, pixels in enumerate(frames):
                    for box in rectangles(sent.grid, sent.choose(pixels, number / fps, attainable=-1e9)):
                        sent.mark(pixels, box, number / fps, quality)
                        if number:
                            part = pixels[box.top : box.top + box.height, box.left : box.left + box.width]
                            size += len(codec.encode(part, quality, scale=1)) + headers
                            area, parts = area + box.width * box.height, parts + 1
            after_first = len(scenes) * (count - 1)
            yield {
                "camera": camera,
                "fps": fps,
                "tile_size": tile_size,
                "quality": quality,
                "bytes": round(size / whole, 3),
                "pixels": round(area / (after_first * WIDTH * HEIGHT), 3),
                "parts": round(parts / after_first, 2),
                "frames": after_first,
            }


def video(frames: Sequence[Pixels], fps: float, kbps: float, name: str) -> Sent:
    """Code frames as a video without delay. The bitrate is corrected until the size is that of the budget."""
    wanted = kbps * 125 * len(frames) / fps
    asked, best = kbps, None
    for _ in range(5):
        sent = _video(frames, fps, asked, name)
        if best is None or abs(sent.size - wanted) < abs(best.size - wanted):
            best = sent
        if abs(sent.size / wanted - 1) < 0.02:
            break
        asked *= wanted / sent.size
    assert best is not None
    return best


def _video(frames: Sequence[Pixels], fps: float, kbps: float, name: str) -> Sent:
    encoder, decoder = _VIDEO[name]
    buffer = kbps * max(1.0, 1.3 / fps)  # where frames are rare, each may take its whole interval
    parameters = f"vbv-maxrate={1.3 * kbps:.0f}:vbv-bufsize={buffer:.0f}:keyint={max(1, round(REFRESH_S * fps))}"
    quiet = {"x264": "threads=1:log=-1", "x265": "pools=1:frame-threads=1:log-level=none"}
    parameters += f":scenecut=0:{quiet[name]}"
    context = cast("av.VideoCodecContext", av.CodecContext.create(encoder, "w"))
    context.width, context.height, context.pix_fmt = WIDTH, HEIGHT, "yuv420p"
    rate = Fraction(fps).limit_denominator(1000)
    context.framerate, context.time_base = rate, 1 / rate
    context.bit_rate = round(1000 * kbps)
    context.options = {"preset": "medium", "tune": "zerolatency", f"{name}-params": parameters}
    packets = []
    for number, pixels in enumerate(frames):
        frame = av.VideoFrame.from_ndarray(pixels, format="rgb24").reformat(format="yuv420p")
        frame.pts, frame.time_base = number, 1 / rate
        packets += context.encode(frame)
    packets += context.encode(None)
    reader = cast("av.VideoCodecContext", av.CodecContext.create(decoder, "r"))
    decoded = [frame for packet in [*packets, None] for frame in reader.decode(packet)]
    pictures = [np.asarray(frame.to_ndarray(format="rgb24"), np.uint8) for frame in decoded]
    return Sent(pictures, [(number / fps, packet.size) for number, packet in enumerate(packets)], len(packets))


def score(originals: Sequence[Pixels], sent: Sequence[Sequence[Pixels]], recognizer: Recognizer) -> list[float]:
    """Return the average precision on what was sent, where the detections on the originals are the objects."""
    images = tuple(DatasetImage(number, Path(), WIDTH, HEIGHT) for number in range(len(originals)))
    empty = Dataset("frames", images, (), dict(enumerate(recognizer.classes)))
    categories = empty.category_ids(recognizer.classes)

    def results(pictures: Sequence[Pixels]) -> list[Result]:
        found = enumerate(recognizer.predict(pictures))
        return [one for number, detections in found for one in to_results(detections, number, categories)]

    dataset = self_reference(empty, results(originals), recognizer.classes, _SEEN)
    return [match(dataset, results(pictures), "box", categories).score.ap for pictures in sent]


@click.command()
@click.option("--kbps", "budgets", default="30,100", show_default=True, help="Budgets in kbit/s.")
@click.option("--fps", "rates", default="0.2,1,5,15", show_default=True, help="Frame rates.")
@click.option("--scenes", "listed", default="2,3,4", show_default=True, help="Numbers of the scenes of each camera.")
@click.option("--seconds", default=12.0, show_default=True, help="Length of a scene; at least ten frames.")
@click.option("--judged", default=20, show_default=True, help="Most frames of a scene that recognizers look at.")
@click.option("--recognizers", default="yolox_nano,yolov8n", show_default=True, help="Names in FOVEA_SHARED/models.")
@click.option("--tiles", is_flag=True, help="Measure instead what leaving out unchanged tiles saves.")
@click.option("--out", type=Path, default=RESULTS, help="Folder for the table.")
def main(
    budgets: str, rates: str, listed: str, seconds: float, judged: int, recognizers: str, tiles: bool, out: Path
) -> None:
    """Compare ``fovea stream`` with x264 and x265 at equal bits per second."""
    codec, scenes = Codec(), [int(number) for number in listed.split(",")]
    if tiles:
        saved = [
            row for fps in rates.split(",") for row in savings(list(CAMERAS), scenes, float(fps), judged, 40, codec)
        ]
        write_csv(out / "camera_tiles.csv", saved)
        click.echo(markdown(saved))
        return
    looking = [load(str(SHARED / "models" / f"{name}.onnx"), threshold=_LOWEST) for name in recognizers.split(",")]
    rows: list[Row] = []
    cases = [(camera, float(fps)) for camera in CAMERAS for fps in rates.split(",")]
    for camera, fps in tqdm(cases, disable=None):
        count = max(10, round(seconds * fps))
        chosen = np.unique(np.linspace(count // 10, count - 1, min(judged, count)).round().astype(int))
        streams = [list(CAMERAS[camera](number, fps, count)) for number in scenes]
        originals = [frames[number] for frames in streams for number in chosen]
        for kbps in map(float, budgets.split(",")):
            sent = {"fovea": [stream(frames, fps, kbps, codec) for frames in streams]}
            sent |= {name: [video(frames, fps, kbps, name) for frames in streams] for name in _VIDEO}
            shown = [[one.pictures[number] for one in all_scenes for number in chosen] for all_scenes in sent.values()]
            scores = [score(originals, shown, recognizer) for recognizer in looking]
            for place, (name, all_scenes) in enumerate(sent.items()):
                rows.append(
                    {
                        "camera": camera,
                        "fps": fps,
                        "kbps_asked": kbps,
                        "codec": name,
                        "kbps": round(sum(one.size for one in all_scenes) * 8 / 1000 / (len(scenes) * count / fps), 1),
                        "fullest_second": round(max(one.fullest_second for one in all_scenes) / (125 * kbps), 2),
                        "frames_sent": round(sum(one.frames for one in all_scenes) / (len(scenes) * count), 3),
                        **{
                            f"kept_{recognizer.name}": round(of_recognizer[place], 3)
                            for recognizer, of_recognizer in zip(looking, scores, strict=True)
                        },
                        "kept": round(float(np.mean([of_recognizer[place] for of_recognizer in scores])), 3),
                        "frames": len(scenes) * count,
                        "judged": len(originals),
                    }
                )
            write_csv(out / "camera.csv", rows)
    click.echo(markdown([{key: row[key] for key in list(row)[:10]} for row in rows]))


if __name__ == "__main__":
    main()
