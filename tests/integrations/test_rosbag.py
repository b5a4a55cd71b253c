"""Bags of ROS 2 that the tests write themselves."""

import io

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("rosbags")

from rosbags.rosbag2 import Reader, StoragePlugin, Writer
from rosbags.typesys import Stores, get_types_from_msg, get_typestore

from fovea import Codec, decode
from fovea.errors import FoveaError
from fovea.integrations.rosbag import COMPRESSED, IMAGE, decode_bag, encode_bag

STORE = get_typestore(Stores.LATEST)
RAMP = np.add.outer(np.arange(48), np.arange(64)).astype(np.uint8)
COLOR = np.dstack([RAMP, 255 - RAMP, RAMP // 2])


@pytest.fixture(scope="module")
def codec():
    return Codec(threads=1)


def _header(number):
    time = STORE.types["builtin_interfaces/msg/Time"](sec=number, nanosec=5)
    return STORE.types["std_msgs/msg/Header"](stamp=time, frame_id="camera")


def _image(number, pixels, encoding, padding=0):
    rows = np.pad(pixels.reshape(pixels.shape[0], -1).view(np.uint8), [(0, 0), (0, padding)])
    return STORE.types[IMAGE](
        header=_header(number),
        height=pixels.shape[0],
        width=pixels.shape[1],
        encoding=encoding,
        is_bigendian=0,
        step=rows.shape[1],
        data=rows.reshape(-1),
    )


def _jpeg(number, kind="rgb8; jpeg compressed bgr8"):
    data = io.BytesIO()
    Image.fromarray(COLOR).save(data, "JPEG", quality=95)
    return STORE.types[COMPRESSED](header=_header(number), format=kind, data=np.frombuffer(data.getvalue(), np.uint8))


def _png(kind, pixels):
    data = io.BytesIO()
    Image.fromarray(pixels).save(data, "PNG")
    return STORE.types[COMPRESSED](header=_header(0), format=kind, data=np.frombuffer(data.getvalue(), np.uint8))


def _write(path, topics, storage=StoragePlugin.SQLITE3):
    """Write a bag: of each topic its messages, one a second."""
    with Writer(path, version=9, storage_plugin=storage) as writer:
        for topic, messages in topics.items():
            msgtype = messages[0].__msgtype__
            connection = writer.add_connection(topic, msgtype, typestore=STORE)
            for second, message in enumerate(messages):
                writer.write(connection, second * 10**9, STORE.serialize_cdr(message, msgtype))
    return path


def _read(path):
    """Return the messages of each topic, with their times."""
    found = {}
    with Reader(path) as reader:
        for connection, timestamp, data in reader.messages():
            found.setdefault(connection.topic, []).append((timestamp, STORE.deserialize_cdr(data, connection.msgtype)))
    return found


@pytest.fixture
def bag(tmp_path):
    text = STORE.types["std_msgs/msg/String"]
    topics = {
        "/rgb": [_image(number, COLOR, "rgb8") for number in range(3)],
        "/bgr": [_image(0, np.ascontiguousarray(COLOR[..., ::-1]), "bgr8", padding=7)],
        "/gray": [_image(0, RAMP, "mono8")],
        "/rgba": [_image(0, np.dstack([COLOR, RAMP]), "rgba8")],
        "/jpeg": [_jpeg(number) for number in range(2)],
        "/depth": [_image(0, RAMP.astype(np.uint16), "16UC1")],
        "/depth/compressed": [_jpeg(0, "16UC1; compressedDepth png")],
        "/said": [text(data="one"), text(data="two")],
    }
    return _write(tmp_path / "bag", topics)


def _close(pixels, others):
    return pixels.shape == others.shape and np.abs(pixels.astype(int) - others).mean() < 6


def test_images_become_files_of_fovea(bag, tmp_path, codec):
    recoded = encode_bag(bag, tmp_path / "coded", 70, codec)
    before, after = _read(bag), _read(tmp_path / "coded")
    assert recoded.images == 8 and recoded.messages == 12
    assert recoded.bytes_after < 0.2 * recoded.bytes_before
    assert recoded.kept == ("/depth", "/depth/compressed")
    for topic, wanted in {"/rgb": COLOR, "/bgr": COLOR, "/gray": RAMP, "/jpeg": COLOR}.items():
        for (old_time, old), (time, new) in zip(before[topic], after[topic], strict=True):
            assert time == old_time and new.header == old.header
            assert new.__msgtype__ == COMPRESSED and new.format == "fovea"
            assert _close(decode(new.data.tobytes()), wanted)
    assert after["/said"] == before["/said"]
    for topic in recoded.kept:
        assert after[topic][0][1].__msgtype__ == before[topic][0][1].__msgtype__
        np.testing.assert_array_equal(after[topic][0][1].data, before[topic][0][1].data)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bag", "coded"]


def test_coded_images_become_images_again(bag, tmp_path, codec):
    encode_bag(bag, tmp_path / "coded", 70, codec)
    recoded = decode_bag(tmp_path / "coded", tmp_path / "decoded", codec)
    assert recoded.images == 8
    after = _read(tmp_path / "decoded")
    for topic, encoding, wanted in (
        ("/rgb", "rgb8", COLOR),
        ("/gray", "mono8", RAMP),
        ("/rgba", "rgba8", np.dstack([COLOR, RAMP])),
    ):
        message = after[topic][0][1]
        assert (message.__msgtype__, message.encoding) == (IMAGE, encoding)
        assert _close(message.data.reshape(wanted.shape), wanted)
        assert message.step == message.data.size // 48


def test_the_storage_and_the_quality_of_service_stay(tmp_path, codec):
    source = _write(tmp_path / "bag", {"/gray": [_image(0, RAMP, "mono8")]}, StoragePlugin.MCAP)
    encode_bag(source, tmp_path / "coded", 20, codec)
    assert [path.suffix for path in sorted((tmp_path / "coded").iterdir())] == [".mcap", ".yaml"]
    encode_bag(source / "bag.mcap", tmp_path / "again", 20, codec)
    with Reader(source) as before, Reader(tmp_path / "coded") as after:
        assert after.connections[0].ext == before.connections[0].ext
    assert len(_read(tmp_path / "again")["/gray"]) == 1


def test_messages_of_types_that_nobody_knows_pass(tmp_path, codec):
    store = get_typestore(Stores.LATEST)
    store.register(get_types_from_msg("int32 speed", "robot/msg/Wheel"))
    with Writer(tmp_path / "bag", version=9) as writer:
        connection = writer.add_connection("/wheel", "robot/msg/Wheel", typestore=store)
        wheel = store.types["robot/msg/Wheel"](speed=7)
        writer.write(connection, 1, store.serialize_cdr(wheel, "robot/msg/Wheel"))
    assert encode_bag(tmp_path / "bag", tmp_path / "coded", codec=codec).messages == 1
    with Reader(tmp_path / "coded") as reader:
        ((connection, _, data),) = reader.messages()
        assert store.deserialize_cdr(data, connection.msgtype) == wheel


def test_a_damaged_image_leaves_no_bag(tmp_path, codec):
    good, bad = _image(0, RAMP, "mono8"), _image(1, RAMP, "mono8")
    bad.data = bad.data[:-1]
    source = _write(tmp_path / "bag", {"/gray": [good, bad]})
    with pytest.raises(FoveaError, match="message 2 of /gray: has too few bytes"):
        encode_bag(source, tmp_path / "coded", codec=codec)
    assert [path.name for path in tmp_path.iterdir()] == ["bag"]


@pytest.mark.parametrize("kind", ["16UC1; png compressed ", "mono16; png compressed", "png"])
def test_depth_in_a_png_stays(tmp_path, codec, kind):
    depth = RAMP.astype(np.uint16) * 37 + 500
    source = _write(tmp_path / "bag", {"/depth": [_png(kind, depth)], "/color": [_png("bgr8; png compressed", COLOR)]})
    recoded = encode_bag(source, tmp_path / "coded", codec=codec)
    assert recoded.kept == ("/depth",) and recoded.images == 1
    (stays,) = _read(tmp_path / "coded")["/depth"]
    np.testing.assert_array_equal(Image.open(io.BytesIO(stays[1].data.tobytes())), depth)


def test_a_message_that_is_cut_off_is_refused(tmp_path, codec):
    with Writer(tmp_path / "bag", version=9) as writer:
        connection = writer.add_connection("/gray", IMAGE, typestore=STORE)
        whole = STORE.serialize_cdr(_image(0, RAMP, "mono8"), IMAGE)
        writer.write(connection, 1, whole)
        writer.write(connection, 2, whole[:100])
    with pytest.raises(FoveaError, match="message 2 of /gray: is damaged"):
        encode_bag(tmp_path / "bag", tmp_path / "coded", codec=codec)


def test_a_damaged_storage_is_refused(tmp_path, codec):
    source = _write(tmp_path / "bag", {"/color": [_image(number, COLOR, "rgb8") for number in range(3)]})
    (file,) = source.glob("*.db3")
    content = bytearray(file.read_bytes())
    for page in range(7 * 4096, len(content), 4096):  # further pages of a message begin with the number of the next one
        content[page : page + 4] = b"\xff" * 4
    file.write_bytes(content)
    with pytest.raises(FoveaError, match="is damaged"):
        encode_bag(source, tmp_path / "coded", codec=codec)
    assert [path.name for path in tmp_path.iterdir()] == ["bag"]


def test_a_topic_of_two_kinds_is_refused(tmp_path, codec):
    source = _write(
        tmp_path / "bag", {"/image": [_image(0, RAMP, "mono8"), _image(1, RAMP.astype(np.uint16), "16UC1")]}
    )
    with pytest.raises(FoveaError, match="another format than the first"):
        encode_bag(source, tmp_path / "coded", codec=codec)


def test_what_is_no_bag_is_refused(tmp_path, codec, bag):
    (tmp_path / "text.bag").write_text("no bag")
    for source in (tmp_path / "missing", tmp_path / "text.bag", tmp_path):
        with pytest.raises(FoveaError, match="cannot be read as a bag"):
            encode_bag(source, tmp_path / "coded", codec=codec)
    with pytest.raises(FoveaError, match="exists already"):
        encode_bag(bag, bag, codec=codec)
