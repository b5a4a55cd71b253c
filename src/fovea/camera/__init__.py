"""A camera that sends frames within a budget of bits, and a page that shows what arrives. Needs the extra ``camera``.

At the sending end, ``capture`` reads frames from a camera. ``streaming`` chooses which parts of a frame are sent
(``tiles``) and how they are coded (``rate``), and gives the messages (``message``) to a destination (``sending``). At
the receiving end, ``receiving`` takes the messages, ``watching`` makes pictures of them, and ``viewing`` shows them on
a page. ``docs/camera.md`` describes the messages and the rate controller.
"""

from fovea.camera.addresses import HttpAddress, MqttAddress, host_of_url, parse_address, without_account
from fovea.camera.capture import Camera, offer_frames
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
    "host_of_url",
    "offer_frames",
    "open_destination",
    "open_receiver",
    "parse_address",
    "rectangles",
    "without_account",
]
