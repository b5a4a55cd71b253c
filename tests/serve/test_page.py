"""The page: its files, and the whole way of a picture in a real browser without a window."""

import base64
import re
import shutil
from pathlib import Path

import pytest

import fovea
from fovea.picture import open_picture
from fovea.serve import page

from .conftest import TOKEN, png, serving, until

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
DRIVER = shutil.which("chromedriver")

# --- The files ---

ASSETS = Path(page.__file__).parent / "assets"


def test_every_file_of_the_page_is_served(running):
    assert {path.name for path in ASSETS.iterdir()} == set(page._FILES)
    for name, media_type in page._FILES.items():
        answer = running.client.get(f"/assets/{name}")
        assert answer.content == (ASSETS / name).read_bytes()
        assert answer.headers["content-type"] == media_type


@pytest.mark.parametrize("name", ["nothing.js", "%2e%2e/app.py", "..%2fapp.py"])
def test_no_other_file_is_served(running, name):
    assert running.client.get(f"/assets/{name}").status_code == 404


def test_the_page_may_load_nothing_from_elsewhere(running):
    answer = running.client.get("/")
    policy = dict(part.split(" ", 1) for part in answer.headers["content-security-policy"].split("; "))
    assert policy["default-src"] == "'none'" and policy["script-src"] == "'self'" and policy["connect-src"] == "'self'"
    assert answer.headers["x-content-type-options"] == "nosniff"
    for path in ASSETS.iterdir():
        addresses = set(re.findall(r"https?://[^\"' )]+", path.read_text(encoding="utf-8")))
        assert addresses <= {"http://www.w3.org/2000/svg"}, path.name
    assert " style=" not in answer.text and " onclick=" not in answer.text  # the policy would block them


def test_everything_to_operate_has_a_name(running):
    text = running.client.get("/").text
    labels = set(re.findall(r'<label for="([\w-]+)"', text))
    for tag, attributes in re.findall(r"<(input|select|img|canvas)\b([^>]*)>", text):
        identity = re.search(r'id="([\w-]+)"', attributes)
        in_label = 'role="switch"' in attributes
        assert in_label or "aria-label" in attributes or "alt=" in attributes or identity[1] in labels, (
            tag,
            attributes,
        )
    assert 'aria-live="polite"' in text and 'role="alert"' in text


# --- In a browser ---


class Browser:
    """A page in a browser."""

    def __init__(self, driver, folder):
        self.driver, self.folder = driver, folder

    def element(self, name):
        return self.driver.find_element("id", name)

    def text(self, name):
        return self.element(name).text

    def run(self, script, *arguments):
        return self.driver.execute_script(script, *arguments)

    def drop(self, name, content):
        """Drop a file onto the page, as a hand would."""
        self.run(
            """
            const bytes = Uint8Array.from(atob(arguments[1]), (letter) => letter.charCodeAt(0));
            const transfer = new DataTransfer();
            transfer.items.add(new File([bytes], arguments[0]));
            const event = { bubbles: true, cancelable: true, dataTransfer: transfer };
            for (const kind of ["dragover", "drop"]) document.body.dispatchEvent(new DragEvent(kind, event));
            """,
            name,
            base64.b64encode(content).decode(),
        )

    def set(self, name, value):
        """Move a control."""
        self.run(
            """
            const control = document.getElementById(arguments[0]);
            control.value = arguments[1];
            control.dispatchEvent(new Event("input", { bubbles: true }));
            """,
            name,
            value,
        )

    def download(self, name):
        """Follow a link that downloads a file, and return its content."""
        folder = self.folder / "downloads"
        shutil.rmtree(folder, ignore_errors=True)
        self.element(name).click()
        until(lambda: folder.is_dir() and [path.suffix for path in folder.iterdir()] in ([".fov"], [".png"]))
        (path,) = folder.iterdir()
        return path.name, path.read_bytes()

    def wait_for(self, name, pattern):
        until(lambda: re.search(pattern, self.text(name)), 60)

    def errors(self):
        return [entry["message"] for entry in self.driver.get_log("browser") if entry["level"] == "SEVERE"]


@pytest.fixture(scope="module")
def driver(tmp_path_factory):
    webdriver = pytest.importorskip("selenium.webdriver")
    if not (CHROMIUM and DRIVER):
        pytest.skip("needs Chromium and its chromedriver")
    from selenium.webdriver.chrome.service import Service

    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    names = ("no-sandbox", "disable-gpu", "disable-quic", "no-first-run", "disable-background-networking")
    for name in ("headless=new", *names, "disable-component-update", "disable-sync", "window-size=1000,900"):
        options.add_argument(f"--{name}")
    options.add_argument(f"--user-data-dir={tmp_path_factory.mktemp('profile')}")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(DRIVER))
    driver.set_script_timeout(30)
    yield driver
    driver.quit()


READY = "const id = document.getElementById.bind(document); return id('model').length || !id('token-form').hidden"


def opened(driver, running, folder):
    driver.get(f"http://127.0.0.1:{running.port}/")
    settings = {"behavior": "allow", "downloadPath": str(folder / "downloads")}
    driver.execute_cdp_cmd("Browser.setDownloadBehavior", settings)
    browser = Browser(driver, folder)
    until(lambda: browser.run(READY))
    return browser


@pytest.fixture
def browser(driver, running, tmp_path):
    return opened(driver, running, tmp_path)


def encoded(picture, quality, **settings):
    return fovea.Codec("fovea-s").encode(open_picture(picture, keep_metadata=False), quality, **settings)


def test_the_way_of_a_picture(browser):
    picture = png(160, 96)
    assert browser.element("drop").is_displayed() and not browser.element("result").is_displayed()
    browser.drop("street.png", picture)
    browser.wait_for("status", "^Encoded")
    assert browser.download("save-coded") == ("street.fov", encoded(picture, 40))
    assert browser.text("bytes") == f"{len(encoded(picture, 40)):,} B"
    assert browser.text("size") == "160 × 96"
    assert re.fullmatch(r"[\d,]+ B", browser.text("jpeg")) and "JPEG" in browser.text("sentence")
    assert browser.element("original").is_displayed() and browser.element("decoded").is_displayed()

    # Another quality and another size give other figures.
    browser.set("quality", 90)
    browser.wait_for("bytes", f"^{len(encoded(picture, 90)):,} B")
    browser.wait_for("status", "^Encoded")
    assert browser.text("quality-value") == "90"
    browser.set("scale", "1/2")
    half = encoded(picture, 90, scale="1/2")
    browser.wait_for("bytes", f"^{len(half):,} B")
    browser.wait_for("status", "^Encoded")

    # The map is laid over the pictures, and follows them.
    assert not browser.element("map").is_displayed()
    browser.run("document.getElementById('show-map').click()")
    until(lambda: browser.element("map").is_displayed())
    assert browser.run("const map = document.getElementById('map'); return [map.width, map.height]") == [160, 96]

    # Both files can be kept.
    assert browser.download("save-coded")[1] == half
    name, decoded = browser.download("save-decoded")
    assert name == "street.decoded.png" and (open_picture(decoded).pixels == fovea.decode(half)).all()

    # The slider belongs to the keyboard, too.
    browser.element("split").send_keys("\ue012" * 3)  # the arrow to the left
    assert browser.run("return document.getElementById('viewer').style.getPropertyValue('--split')") == "47%"
    assert browser.errors() == []


def test_a_coded_file_is_shown(browser):
    browser.drop("street.fov", encoded(png(160, 96), 30))
    browser.wait_for("status", "^Decoded")
    assert "fovea-s at quality 30" in browser.text("sentence")
    assert browser.text("bytes") == f"{len(encoded(png(160, 96), 30)):,} B"
    assert not browser.element("controls").is_displayed() and not browser.element("original").is_displayed()
    assert browser.run("return document.getElementById('decoded').naturalWidth") == 160
    browser.drop("other.png", png(96, 64))
    browser.wait_for("status", "^Encoded")
    assert browser.element("controls").is_displayed() and browser.element("original").is_displayed()
    assert browser.errors() == []


def test_what_cannot_be_read_is_told(browser):
    browser.drop("notes.txt", b"no picture")
    browser.wait_for("message", "^No image of a format")
    assert browser.element("drop").is_displayed()
    assert len(browser.errors()) == 1 and "422" not in browser.text("message")
    browser.drop("a.png", png())
    browser.wait_for("status", "^Encoded")
    assert not browser.element("message").is_displayed()


def test_a_picture_that_no_jpeg_can_have_is_shown(browser):
    browser.drop("wide.png", png(65_501, 8))
    browser.wait_for("status", "^Encoded")
    assert browser.text("jpeg") == "–" and not browser.element("bars").is_displayed()
    assert "too large for a JPEG" in browser.text("sentence")
    assert not browser.element("message").is_displayed()
    assert browser.run("return document.getElementById('decoded').naturalWidth") == 65_501
    assert browser.errors() == []


def test_it_fits_a_phone(browser):
    browser.drop("a.png", png(400, 96))
    browser.wait_for("status", "^Encoded")
    metrics = {"width": 400, "height": 800, "deviceScaleFactor": 1, "mobile": True}
    browser.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    try:
        assert browser.run("return document.documentElement.scrollWidth") == 400
    finally:
        browser.driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def test_the_token_is_asked_for_and_kept_nowhere(driver, tmp_path):
    with serving(token=TOKEN) as running:
        browser = opened(driver, running, tmp_path)
        assert browser.element("token-form").is_displayed() and not browser.element("drop").is_displayed()
        browser.element("token").send_keys("wrong\n")
        browser.wait_for("message", "not the token")
        browser.element("token").clear()
        browser.element("token").send_keys(f"{TOKEN}\n")
        until(lambda: browser.element("drop").is_displayed())
        browser.drop("a.png", png())
        browser.wait_for("status", "^Encoded")
        assert browser.run("return localStorage.length + sessionStorage.length + document.cookie.length") == 0
        assert TOKEN not in browser.driver.current_url
