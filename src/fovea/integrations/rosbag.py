"""Images in bags of ROS 2, recoded with Fovea. Needs the extra ``ros``, but no installation of ROS.

A coded image is a ``sensor_msgs/msg/CompressedImage`` with the format "fovea", whose data are a ``.fov`` file. Header,
time stamps, topics, quality of service and the messages of all other topics stay as they are.

Example::

    from fovea.integrations.rosbag import decode_bag, encode_bag

    encode_bag("drive", "drive-small", quality=40)
    decode_bag("drive-small", "drive-again")
"""

import io
import re
import secrets
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from rosbags.interfaces import Connection, ConnectionExtRosbag2
from rosbags.rosbag2 import Reader, ReaderError, StoragePlugin, Writer, WriterError
from rosbags.serde import SerdeError
from rosbags.typesys import Stores, TypesysError, get_typestore
from rosbags.typesys.store import Typestore

from fovea.codec import DEFAULT_QUALITY, Codec
from fovea.errors import FoveaError, ImageError, about
from fovea.picture import open_picture, opened

FORMAT = "fovea"
"""Value of the field ``format`` of a coded ``CompressedImage``."""
IMAGE, COMPRESSED = "sensor_msgs/msg/Image", "sensor_msgs/msg/CompressedImage"
_CHANNELS = {"mono8": 1, "8UC1": 1, "rgb8": 3, "bgr8": 3, "8UC3": 3, "rgba8": 4, "bgra8": 4}
"""Encodings of an ``Image`` that can be coded, and their numbers of channels."""
_BLUE_FIRST = {"bgr8", "8UC3", "bgra8"}
"""Encodings whose first channel is blue. That of OpenCV, 8UC3, is one of them."""
_OTHER_FORMATS = re.compile(r"compressedDepth|theora|ffmpeg|^[^;]*(16|32|64)[^;]*;", re.IGNORECASE)
"""Matches formats of a ``CompressedImage`` that are not pictures with 8 bits per channel.

Depth is often ``16UC1; png compressed``: before the semicolon is the encoding of the ``Image`` that was compressed.
"""
_VERSION: Final = 8
"""Version of the bags that are written, which older releases of ROS 2 can read, too."""
_UNKNOWN_HASH = f"RIHS01_{'0' * 64}"
"""Hash of a type that neither the bag nor this package describes."""

_Convert = Callable[[Typestore, Any], Any]


@dataclass(frozen=True)
class Recoded:
    """The result of recoding a bag.

    Attributes:
        messages: number of all messages.
        images: number of images that were recoded.
        bytes_before: size of the messages of these images in the source, in bytes.
        bytes_after: size of these messages in the target, in bytes.
        kept: topics with images that stay as they are, because they have another depth or format.
    """

    messages: int
    images: int
    bytes_before: int
    bytes_after: int
    kept: tuple[str, ...]


def encode_bag(
    source: str | Path, target: str | Path, quality: float = DEFAULT_QUALITY, codec: Codec | None = None
) -> Recoded:
    """Code the images of a bag.

    Args:
        source: folder of a bag of ROS 2, or its ``.mcap`` or ``.db3`` file. Images are messages of the types ``Image``
            with 8 bits per channel, and ``CompressedImage`` of any format that can be read.
        target: folder of the new bag, which must not exist. It has the same kind of storage as the source.
        quality: 0 (smallest file) to 100 (best picture).
        codec: codec that encodes; None for one with the default model.

    Raises:
        FoveaError: the source is no bag, the target exists or cannot be written, or an image is damaged. No target is
            left then.
    """
    coder = codec or Codec()

    def encode(store: Typestore, message: Any) -> Any:
        if message.__msgtype__ == COMPRESSED:
            data = coder.encode(open_picture(io.BytesIO(message.data.tobytes()), keep_metadata=False), quality)
        else:
            data = coder.encode(_pixels(message), quality)
        return store.types[COMPRESSED](header=message.header, format=FORMAT, data=np.frombuffer(data, np.uint8))

    return _recode(Path(source), Path(target), COMPRESSED, encode, _can_encode)


def decode_bag(source: str | Path, target: str | Path, codec: Codec | None = None) -> Recoded:
    """Decode the coded images of a bag to messages of the type ``Image``, rgb8, rgba8 or mono8.

    Args:
        source: folder or file of a bag. Topics whose images are coded with Fovea become topics of ``Image``; topics
            with images of other formats stay as they are.
        target: folder of the new bag, which must not exist.
        codec: codec that decodes; None for one with the default engine.

    Raises:
        FoveaError: as in :func:`encode_bag`; or a topic has both coded images and other images.
    """
    coder = codec or Codec()

    def decode(store: Typestore, message: Any) -> Any:
        pixels = coder.decode(message.data.tobytes())
        if pixels.ndim == 3 and pixels.shape[2] == 2:  # ROS has no gray with alpha
            pixels = np.dstack([pixels[..., :1]] * 3 + [pixels[..., 1:]])
        channels = 1 if pixels.ndim == 2 else pixels.shape[2]
        return store.types[IMAGE](
            header=message.header,
            height=pixels.shape[0],
            width=pixels.shape[1],
            encoding={1: "mono8", 3: "rgb8", 4: "rgba8"}[channels],
            is_bigendian=0,
            step=pixels.shape[1] * channels,
            data=np.ascontiguousarray(pixels).reshape(-1),
        )

    return _recode(Path(source), Path(target), IMAGE, decode, _can_decode)


def _recode(source: Path, target: Path, msgtype: str, convert: _Convert, can_convert: Callable[[Any], bool]) -> Recoded:
    """Write a bag. The images of a topic are converted if the first one can be converted."""
    if target.exists():
        raise FoveaError("exists already: name a folder that does not exist", path=target)
    with _reading(source) as reader, _writing(target, source) as writer:
        store = get_typestore(Stores.LATEST)
        chosen = {one.id for one in reader.connections if _is_convertible(reader, source, one, store, can_convert)}
        added = {
            one.id: _add(writer, one, msgtype if one.id in chosen else one.msgtype, store) for one in reader.connections
        }
        messages = images = before = after = 0
        for connection, timestamp, data in _messages(reader, source):
            messages += 1
            new: bytes | memoryview = data
            if connection.id in chosen:
                with about(source, f"message {messages} of {connection.topic}"):
                    message = _parsed(store, data, connection)
                    if not can_convert(message):
                        raise ImageError("has another format than the first one of its topic")
                    new = store.serialize_cdr(convert(store, message), msgtype)
                images, before, after = images + 1, before + len(data), after + len(new)
            writer.write(added[connection.id], timestamp, new)
        kept = {one.topic for one in reader.connections if one.msgtype in (IMAGE, COMPRESSED) and one.id not in chosen}
    return Recoded(messages, images, before, after, tuple(sorted(kept)))


@contextmanager
def _reading(source: Path) -> Iterator[Reader]:
    try:
        with Reader(source) as reader:
            yield reader
    except (ReaderError, FileNotFoundError, TypesysError) as error:
        raise FoveaError(f"cannot be read as a bag of ROS 2: {error}", path=source) from error


@contextmanager
def _writing(target: Path, source: Path) -> Iterator[Writer]:
    """Open a bag for writing, which appears only if the block ends without an error."""
    files = source.iterdir() if source.is_dir() else [source]
    storage = StoragePlugin.MCAP if any(file.suffix == ".mcap" for file in files) else StoragePlugin.SQLITE3
    # The files inside a bag have the name of its folder, so the bag is written into a temporary folder.
    temporary = target.with_name(f".{secrets.token_hex(8)}.part")
    try:
        with Writer(temporary / target.name, version=_VERSION, storage_plugin=storage) as writer:
            yield writer
        (temporary / target.name).rename(target)
    except (OSError, WriterError) as error:
        raise FoveaError(f"cannot be written: {error}", path=target) from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _messages(
    reader: Reader, source: Path, connections: Sequence[Connection] = ()
) -> Iterator[tuple[Connection, int, bytes | memoryview]]:
    """Yield the messages of some connections with their times; of all, if none is named."""
    messages = reader.messages(connections)
    while True:
        try:
            message = next(messages)
        except StopIteration:
            return
        except Exception as error:  # each storage has its own errors about damaged files
            raise FoveaError(f"is damaged: {error}", path=source) from error
        yield message


def _parsed(store: Typestore, data: bytes | memoryview, connection: Connection) -> Any:
    try:
        return store.deserialize_cdr(data, connection.msgtype)
    except SerdeError as error:
        raise ImageError(f"is damaged: {error}") from error


def _is_convertible(
    reader: Reader, source: Path, connection: Connection, store: Typestore, can_convert: Callable[[Any], bool]
) -> bool:
    """Return whether the first image of a topic can be converted; False if the topic has no images."""
    if connection.msgtype not in (IMAGE, COMPRESSED):
        return False
    first = next(_messages(reader, source, [connection]), None)
    with about(source, f"message 1 of {connection.topic}"):
        return first is not None and can_convert(_parsed(store, first[2], connection))


def _add(writer: Writer, connection: Connection, msgtype: str, store: Typestore) -> Connection:
    """Add a topic to a bag, with the description of its type if there is one."""
    described: dict[str, Any] = {"typestore": store}
    if msgtype not in store.types:
        described = {"msgdef": connection.msgdef.data, "rihs01": connection.digest or _UNKNOWN_HASH}
    extension = connection.ext
    assert isinstance(extension, ConnectionExtRosbag2)  # the reader is that of ROS 2
    return writer.add_connection(
        connection.topic,
        msgtype,
        serialization_format=extension.serialization_format,
        offered_qos_profiles=extension.offered_qos_profiles,
        **described,
    )


def _can_encode(message: Any) -> bool:
    if message.__msgtype__ == IMAGE:
        return bool(message.encoding in _CHANNELS)
    return message.format != FORMAT and not _OTHER_FORMATS.search(message.format) and not _is_deep(message.data)


def _is_deep(file: NDArray[np.uint8]) -> bool:
    """Return whether an image file has gray levels of more than 8 bits, such as depth in millimeters."""
    try:
        with opened(file.tobytes()) as image:
            return image.mode[0] in "IF"
    except FoveaError:  # the coding of this message tells what is wrong with it
        return False


def _can_decode(message: Any) -> bool:
    return bool(message.__msgtype__ == COMPRESSED and message.format == FORMAT)


def _pixels(message: Any) -> NDArray[np.uint8]:
    """Return the pixels of an ``Image``: uint8 [H, W], [H, W, 3] (RGB) or [H, W, 4] (RGBA)."""
    channels = _CHANNELS[message.encoding]
    if message.step < message.width * channels or len(message.data) < message.step * message.height:
        raise ImageError(f"has too few bytes for {message.width}x{message.height} pixels of {message.encoding}")
    rows = message.data[: message.step * message.height].reshape(message.height, message.step)
    pixels = rows[:, : message.width * channels].reshape(message.height, message.width, channels)
    if message.encoding in _BLUE_FIRST:
        pixels = pixels[..., [2, 1, 0, *range(3, channels)]]
    return np.ascontiguousarray(pixels[..., 0] if channels == 1 else pixels)
