"""What is sent of which frame, by a clock that needs no waiting."""

import numpy as np
import pytest

from fovea import Codec, decode
from fovea.bitstream import read_header
from fovea.camera import Frame, RateController, Streamer, encoder_of

from .conftest import HEIGHT, WIDTH, ground, scene


def _streamer(recorder, clock, kbps=200, **settings):
    encode = settings.pop("encode", lambda pixels, quality, scale: bytes(pixels.shape[0] * pixels.shape[1] // 40))
    return Streamer(encode, recorder, RateController(kbps, 5), clock, tile_size=64, **settings)


def _play(streamer, clock, pictures, fps=5):
    for number, pixels in enumerate(pictures):
        clock.time = max(clock.time, number / fps)
        streamer.offer(Frame(number, 1000 + clock.time, pixels))


def test_parts_put_together_are_the_frames(recorder, clock):
    codec = Codec(threads=1)
    streamer = _streamer(recorder, clock, encode=encoder_of(codec))
    _play(streamer, clock, map(scene, range(3)))
    canvas = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    for message in recorder.messages:
        place, pixels = message.place, codec.decode(message.data)
        canvas[place.top : place.top + pixels.shape[0], place.left : place.left + pixels.shape[1]] = pixels
    assert np.abs(canvas.astype(int) - scene(2)).mean() < 12
    assert {message.place.frame for message in recorder.messages} == {0, 1, 2}


def test_unchanged_tiles_are_not_sent(recorder, clock):
    streamer = _streamer(recorder, clock, refresh=1e9)
    _play(streamer, clock, map(scene, range(8)))
    first, *others = recorder.messages
    assert (first.place.left, first.place.top, first.place.parts) == (0, 0, 1)
    assert others and all(message.place.left + message.place.top == 0 for message in others)
    assert streamer.counts.pixels == WIDTH * HEIGHT + len(others) * 64 * 64


def test_nothing_is_sent_of_a_frame_that_has_not_changed(recorder, clock):
    streamer = _streamer(recorder, clock, kbps=20, refresh=1e9)
    _play(streamer, clock, [ground()] * 3)
    assert (streamer.counts.sent, streamer.counts.unchanged) == (1, 2)


def test_messages_are_numbered_and_tell_where_they_belong(recorder, clock):
    streamer = _streamer(recorder, clock)
    _play(streamer, clock, [np.full((HEIGHT, WIDTH, 3), 20 * number, np.uint8) for number in range(5)])
    places = [message.place for message in recorder.messages]
    assert [place.number for place in places] == list(range(len(places)))
    assert len({place.stream for place in places}) == 1
    assert all((place.width, place.height) == (WIDTH, HEIGHT) for place in places)
    assert places[1].time == pytest.approx(1000.2)


def test_pieces_are_numbered_without_gaps(recorder, clock):
    streamer = _streamer(recorder, clock, kbps=20)
    _play(streamer, clock, [np.full((HEIGHT, WIDTH, 3), 20 * number, np.uint8) for number in range(5)], fps=1)
    places = [message.place for message in recorder.messages]
    assert len(places) > 2 * streamer.counts.sent
    assert [place.number for place in places] == list(range(len(places)))
    for place in places:
        assert 0 <= place.part < place.parts


def test_a_watcher_that_asks_gets_a_whole_frame(recorder, clock):
    streamer = _streamer(recorder, clock, refresh=1e9)
    _play(streamer, clock, [ground()] * 5)
    sent = streamer.counts.sent
    recorder.asked = True
    clock.time = 10.0
    streamer.offer(Frame(50, 1010.0, ground()))
    assert streamer.counts.sent == sent + 1
    assert streamer.counts.pixels >= 2 * WIDTH * HEIGHT


def test_after_a_broken_link_a_whole_frame_follows(recorder, clock):
    streamer = _streamer(recorder, clock, refresh=1e9)
    _play(streamer, clock, [scene(0)])
    recorder.up = False
    _play(streamer, clock, map(scene, range(1, 4)))
    assert streamer.counts.lost == 3
    recorder.up = True
    clock.time = 5.0
    assert streamer.offer(Frame(9, 1005.0, scene(4)))
    assert recorder.messages[-1].place.frame == 9
    assert streamer.counts.pixels == 2 * WIDTH * HEIGHT


def test_a_message_that_does_not_arrive_leads_to_a_whole_frame(recorder, clock, monkeypatch):
    streamer = _streamer(recorder, clock, refresh=1e9)
    _play(streamer, clock, [scene(0)])
    with monkeypatch.context() as patched:
        patched.setattr(recorder, "send", lambda message: False)
        clock.time = 1.0
        assert not streamer.offer(Frame(1, 1001.0, scene(1)))
    clock.time = 2.0
    assert streamer.offer(Frame(2, 1002.0, scene(1)))
    assert streamer.counts.pixels == 2 * WIDTH * HEIGHT


def test_the_controller_is_told_of_lost_frames(recorder, clock, monkeypatch):
    streamer, times = _streamer(recorder, clock), []
    monkeypatch.setattr(streamer._rate, "lost", times.append)
    recorder.up = False
    _play(streamer, clock, map(scene, range(3)))
    assert times == pytest.approx([0.0, 0.2, 0.4])


def test_a_place_that_takes_no_parts_gets_whole_frames(recorder, clock):
    recorder.takes_parts = False
    streamer = _streamer(recorder, clock)
    _play(streamer, clock, map(scene, range(4)))
    assert streamer.counts.pixels == 4 * WIDTH * HEIGHT


def test_frames_of_another_size_start_anew(recorder, clock):
    streamer = _streamer(recorder, clock)
    _play(streamer, clock, [ground()])
    clock.time = 1.0
    streamer.offer(Frame(1, 1001.0, ground()[:64, :96]))
    place = recorder.messages[-1].place
    assert (place.width, place.height) == (96, 64)
    assert streamer.counts.pixels == WIDTH * HEIGHT + 96 * 64


def test_a_link_that_is_too_slow_for_any_frame_loses_it(recorder, clock):
    streamer = _streamer(recorder, clock, kbps=1)
    streamer.offer(Frame(0, 1000.0, ground()))
    assert (streamer.counts.lost, recorder.messages) == (1, [])


def test_the_encoder_keeps_quality_and_scale():
    data = encoder_of(Codec(threads=1))(ground(), 33, 4)
    header = read_header(data)
    assert (header.quality, header.scale) == (33, 4)
    assert decode(data).shape == (HEIGHT, WIDTH, 3)
