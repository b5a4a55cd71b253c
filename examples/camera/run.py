"""Stream a camera to a page on this machine: both ends in one command.

Run ``python examples/camera/run.py``, and open the address that it prints. Without a source it makes a video of a disk
that moves over a striped ground, and plays it again and again. Messages go through a mosquitto broker where that
is installed, and otherwise over HTTP. Ctrl-C ends it. Needs the extra ``camera``.
"""

import contextlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import av
import click
import numpy as np
from numpy.typing import NDArray

WIDTH, HEIGHT, FPS, SECONDS = 640, 480, 10, 20
_PATIENCE_S = 60.0


@click.command()
@click.argument("source", required=False)
@click.option("--kbps", default=80.0, show_default=True, help="Budget in kbit/s.")
@click.option("--port", default=8100, show_default=True, help="Port of the page.")
@click.option("-r", "--recognizer", help="Recognizer that looks at the frames (extra eval).")
def main(source: str | None, kbps: float, port: int, recognizer: str | None) -> None:
    """Stream SOURCE, a device, an address or a video, to a page on this machine."""
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as running:
        if source is None:
            source = str(save_video(Path(folder) / "disk.mp4"))
        address = start_broker(Path(folder), running)
        looking = ["--recognizer", recognizer] if recognizer else []
        watcher = start([*FOVEA, "watch", address, "--port", str(port), *looking], running, stdout=subprocess.PIPE)
        assert watcher.stdout is not None
        page = watcher.stdout.readline().strip()
        if not page:
            raise click.ClickException("the watcher did not start")
        click.echo(f"The page is {page} and the messages go through {address}. Ctrl-C ends both.")
        with contextlib.suppress(KeyboardInterrupt):
            while watcher.poll() is None:
                streamer = start([*FOVEA, "stream", source, address, "--kbps", str(kbps), "--fps", "10"], running)
                if streamer.wait():
                    break


FOVEA = [sys.executable, "-m", "fovea"]


def start(command: list[str], running: contextlib.ExitStack, stdout: int | None = None) -> subprocess.Popen[str]:
    """Start a program that is ended with this one."""
    process = subprocess.Popen(command, stdout=stdout, text=True)

    def end() -> None:
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.send_signal(signal.SIGINT)
            process.wait(10)
        process.kill()
        process.wait()

    running.callback(end)
    return process


def start_broker(folder: Path, running: contextlib.ExitStack) -> str:
    """Start a broker on this machine, and return the address of a topic; without one, an address of HTTP."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    program = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin")
    if program is None:
        return f"http://127.0.0.1:{port}/camera"
    configuration = folder / "mosquitto.conf"
    configuration.write_text(f"listener {port} 127.0.0.1\nallow_anonymous true\nlog_type error\n", encoding="utf-8")
    start([program, "-c", str(configuration)], running)
    deadline = time.monotonic() + _PATIENCE_S
    while time.monotonic() < deadline:
        with socket.socket() as client:
            if client.connect_ex(("127.0.0.1", port)) == 0:
                return f"mqtt://127.0.0.1:{port}/camera"
        time.sleep(0.05)
    raise click.ClickException("the broker did not start")


def save_video(path: Path) -> Path:
    """Write a video of a disk that moves over a striped ground."""
    down, right = np.mgrid[:HEIGHT, :WIDTH]
    stripes = 110 + 30 * np.sin(right / 9) + 20 * np.sin((right + 2 * down) / 23)
    ground = np.stack([stripes, stripes + 15, stripes - 10], axis=2)
    noise = np.random.default_rng(0)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=FPS)
        stream.width, stream.height, stream.pix_fmt, stream.bit_rate = WIDTH, HEIGHT, "yuv420p", 4_000_000
        for number in range(FPS * SECONDS):
            angle = 2 * np.pi * number / (FPS * 10)
            place = (WIDTH / 2 + 220 * np.cos(angle), HEIGHT / 2 + 140 * np.sin(angle))
            frame = av.VideoFrame.from_ndarray(scene(ground, place, noise), format="rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def scene(ground: NDArray[np.float64], place: tuple[float, float], noise: np.random.Generator) -> NDArray[np.uint8]:
    """Return a frame: the disk at a place (x, y) in pixels on the ground, with the noise of a sensor."""
    down, right = np.mgrid[:HEIGHT, :WIDTH]
    disk = (right - place[0]) ** 2 + (down - place[1]) ** 2 < 40**2
    pixels = np.where(disk[..., None], [230, 90, 40], ground) + noise.normal(0, 2, ground.shape)
    return np.clip(pixels, 0, 255).astype(np.uint8)


if __name__ == "__main__":
    main()
