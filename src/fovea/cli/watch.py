"""The verb ``fovea watch``."""

import time
from contextlib import suppress

import click

from fovea.cli.failures import needs_extra
from fovea.cli.interruption import Interruption
from fovea.cli.options import SCORE, Name, debug_option, listening_options
from fovea.cli.streams import print_note, tell


@click.command()
@click.argument("source", metavar="SOURCE", type=Name())
@click.option(
    "-r",
    "--recognizer",
    metavar="R",
    type=Name(),
    help="Recognizer that looks at the frames: an .onnx or .yaml file, or a name of the registry (extra eval).",
)
@click.option("--threshold", type=SCORE, default=0.25, show_default=True, help="Lowest score shown.")
@listening_options("the page", 8100, "lets everybody there see the pictures")
@debug_option
def watch(source: str, recognizer: str | None, threshold: float, host: str, port: int) -> None:
    """Show what "fovea stream" sends, on a page.

    SOURCE is mqtt://HOST/TOPIC, or the address http://HOST:PORT/PATH at which frames are received. Prints the address
    of the page. Ends with Ctrl-C. Needs the extra camera.
    """
    with needs_extra("camera"):
        from fovea import camera
    from fovea.codec import Codec

    address = camera.parse_address(source)
    looking = None
    if recognizer is not None:
        with needs_extra("eval"):
            from fovea.recognition import load
        looking = load(recognizer, threshold=threshold)

    def note(line: str) -> None:
        tell(f"fovea: {line}")

    stage = camera.Stage()
    watcher = camera.Watcher(Codec(), stage.show, looking, note)
    name = camera.host_of_url(host)
    local = name in camera.LOCAL_NAMES
    page = camera.Server(camera.create_app(stage, camera.LOCAL_NAMES if local else ("*",)), host, port)
    try:
        receiver = camera.open_receiver(address, watcher.receive, note)
        try:
            with suppress(Interruption):  # the usual end
                print_note(f"http://{name}:{page.port}/")
                while True:
                    time.sleep(1)  # not for ever: a signal just before it begins would not end it
        finally:
            receiver.close()
    finally:
        page.close()
        watcher.close()
