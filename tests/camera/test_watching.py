"""Parts to pictures."""

import numpy as np
import pytest

from fovea import Codec, encode
from fovea.camera import Message, Place, Shown, Stage, Watcher
from fovea.camera.watching import MAX_PIXELS, MAX_SIDE, Inbox
from fovea.errors import BitstreamError, LimitError, RecognizerError

from .conftest import HEIGHT, WIDTH, eventually, ground

PART = encode(ground()[:64, :64], 60)
WHOLE = encode(ground(), 60)


def _message(number, left=0, top=0, data=PART, frame=0, part=0, parts=1, stream="a", size=(WIDTH, HEIGHT)):
    return Message(Place(stream, number, frame, 1.0, *size, left, top, part, parts), data)


@pytest.fixture
def now(monkeypatch):
    time = [100.0]
    monkeypatch.setattr("fovea.camera.watching.time.monotonic", lambda: time[0])
    return time


def test_a_part_replaces_those_that_it_covers():
    inbox = Inbox()
    inbox.put(_message(0))
    inbox.put(_message(1, left=64))
    inbox.put(_message(2))
    assert [message.place.number for message in inbox.take(0)] == [1, 2]
    assert inbox.take(0) == []


def test_a_whole_frame_is_asked_for_until_it_comes(now):
    inbox = Inbox()
    assert inbox.put(_message(7))
    assert not inbox.put(_message(8))
    now[0] += 3
    assert inbox.put(_message(9))
    now[0] += 3
    assert not inbox.put(_message(10, data=WHOLE))
    assert not inbox.put(_message(11))
    now[0] += 3
    assert inbox.put(_message(13))


def test_pieces_make_a_whole_frame(now):
    inbox = Inbox()
    right = encode(ground()[:, 64:], 30)
    left = encode(ground()[:, :64], 30)
    inbox.put(_message(0, data=left, part=0, parts=2))
    now[0] += 3
    assert not inbox.put(_message(1, left=64, data=right, part=1, parts=2))


def test_another_stream_begins_anew(now):
    inbox = Inbox()
    inbox.put(_message(0, data=WHOLE))
    now[0] += 3
    assert inbox.put(_message(1, stream="b"))


def test_too_many_parts_are_dropped_for_a_whole_frame(now, monkeypatch):
    monkeypatch.setattr("fovea.camera.watching._MOST_WAITING", 2)
    inbox = Inbox()
    inbox.put(_message(0, data=WHOLE))
    inbox.take(0)
    inbox.put(_message(1))
    inbox.put(_message(2, left=64))
    now[0] += 3
    assert inbox.put(_message(3, top=56))
    assert [message.place.number for message in inbox.take(0)] == [3]


def test_rates_are_those_of_the_last_seconds(now):
    inbox = Inbox()
    for number in range(10):
        inbox.put(_message(number, frame=number // 2))
    kbps, fps = inbox.rates()
    assert kbps == pytest.approx(10 * len(PART) * 8 / 1000 / 5)
    assert fps == 1
    now[0] += 6
    assert inbox.rates() == (0, 0)


def test_old_arrivals_are_forgotten_if_nobody_asks_for_rates(now):
    inbox = Inbox()
    for number in range(20):
        inbox.put(_message(number))
        now[0] += 1
    assert len(inbox._arrived) == 6


@pytest.mark.parametrize(
    ("message", "error"),
    [
        (_message(0, data=b"\x8fFOV"), BitstreamError),
        (_message(0, left=WIDTH - 63), BitstreamError),
        (_message(0, top=HEIGHT - 63), BitstreamError),
        (_message(0, size=(MAX_PIXELS // 100 + 1, 100)), LimitError),
        (_message(0, size=(MAX_SIDE + 1, HEIGHT)), LimitError),
    ],
)
def test_messages_that_do_not_fit_are_refused(message, error):
    with pytest.raises(error):
        Inbox().put(message)


class _Recognizer:
    """Sees one object, or fails."""

    name, classes = "test", ("person", "cat")

    def __init__(self):
        self.fails = False
        self._sv = pytest.importorskip("supervision")

    def predict(self, images, only=None):
        if self.fails:
            raise RecognizerError("no picture for me")
        return [
            self._sv.Detections(np.array([[1.04, 2, 3, 4.5]]), confidence=np.array([0.5]), class_id=np.array([1]))
            for _ in images
        ]


@pytest.fixture
def watcher():
    pictures, notes, recognizer = [], [], _Recognizer()
    started = Watcher(Codec(threads=1), pictures.append, recognizer, notes.append)
    yield started, pictures, notes, recognizer
    started.close()


def test_what_is_not_there_yet_is_gray(watcher):
    started, pictures, _, _ = watcher
    started.receive(_message(0, left=64))
    assert eventually(lambda: pictures)
    assert not pictures[0].whole
    assert (pictures[0].pixels[:, :64] == 128).all()
    assert np.abs(pictures[0].pixels[:64, 64:128].astype(int) - ground()[:64, :64]).mean() < 12


def test_gray_parts_and_new_sizes(watcher):
    started, pictures, _, _ = watcher
    started.receive(_message(0, data=encode(ground()[..., 0], 60)))
    assert eventually(lambda: pictures and pictures[-1].whole)
    assert pictures[-1].pixels.shape == (HEIGHT, WIDTH, 3)
    started.receive(_message(1, size=(64, 64)))
    assert eventually(lambda: pictures[-1].pixels.shape == (64, 64, 3))


def test_objects_are_those_that_the_recognizer_sees(watcher):
    started, pictures, notes, recognizer = watcher
    started.receive(_message(0, data=WHOLE))
    assert eventually(lambda: pictures)
    assert pictures[-1].objects == [{"class": "cat", "score": 0.5, "box": [1.0, 2.0, 3.0, 4.5]}]
    recognizer.fails = True
    started.receive(_message(1))
    assert eventually(lambda: len(pictures) == 2)
    assert pictures[-1].objects == [] and "no picture for me" in notes[-1]


def test_a_damaged_part_is_told_and_passed_over(watcher):
    started, pictures, notes, _ = watcher
    started.receive(_message(0, data=PART[:-1] + bytes([PART[-1] ^ 1])))
    assert eventually(lambda: notes)
    assert pictures == []
    started.receive(_message(1, data=WHOLE))
    assert eventually(lambda: pictures)


def test_a_picture_that_cannot_be_shown_is_told_and_passed_over():
    pictures, notes = [], []

    def show(shown):
        pictures.append(shown)
        if len(pictures) == 1:
            raise OSError("no space left")

    started = Watcher(Codec(threads=1), show, note=notes.append)
    started.receive(_message(0, data=WHOLE, frame=7))
    assert eventually(lambda: notes)
    assert notes == ["frame 7: no space left"]
    started.receive(_message(1, data=WHOLE))
    assert eventually(lambda: len(pictures) == 2)
    started.close()


@pytest.mark.parametrize("shape", [(1, MAX_SIDE, 3), (MAX_SIDE, 1, 3)])
def test_a_frame_of_the_longest_side_can_be_shown(shape):
    stage = Stage()
    stage.show(Shown(0, 1.0, 2.0, np.zeros(shape, np.uint8), True))
    assert stage.jpeg
