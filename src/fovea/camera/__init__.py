"""A camera that sends to a link budget, and the page that shows what arrives. Needs the extra ``camera``.

``streaming`` is the place to start reading: it chooses what of a frame is sent (``tiles``) and how it is coded
(``rate``), and hands the messages (``message``) to a destination (``sending``). Frames come from ``capture``. At the
other end ``receiving`` takes the messages, ``watching`` makes pictures of them, and ``viewing`` is the page.
``docs/camera.md`` describes messages and controller.
"""

from fovea.camera.addresses import HttpAddress, MqttAddress, parse_address
from fovea.camera.capture import Camera, run
from fovea.camera.frames import Frame, Mailbox, SystemClock
from fovea.camera.message import Message, Place
from fovea.camera.rate import RateController
from fovea.camera.receiving import open_receiver
from fovea.camera.sending import check_destination, open_destination
from fovea.camera.serving import Server
from fovea.camera.streaming import Counts, Streamer, encoder_of
from fovea.camera.tiles import SentTiles, rectangles
from fovea.camera.viewing import LOCAL_NAMES, Stage, create_app
from fovea.camera.watching import Shown, Watcher

__all__ = [
    "LOCAL_NAMES",
    "Camera",
    "Counts",
    "Frame",
    "HttpAddress",
    "Mailbox",
    "Message",
    "MqttAddress",
    "Place",
    "RateController",
    "SentTiles",
    "Server",
    "Shown",
    "Stage",
    "Streamer",
    "SystemClock",
    "Watcher",
    "check_destination",
    "create_app",
    "encoder_of",
    "open_destination",
    "open_receiver",
    "parse_address",
    "rectangles",
    "run",
]
