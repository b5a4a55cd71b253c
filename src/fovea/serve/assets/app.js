// The page: a picture is encoded, decoded and compared whenever a control changes.

import { Refused, call, useToken } from "./service.js";
import { compareWithOriginal, drawMap, show, showMap } from "./viewer.js";

const element = (id) => document.getElementById(id);
const number = new Intl.NumberFormat("en");
const DELAY = 250; // milliseconds after the last change of a control
const MAGIC = [0x8f, 0x46, 0x4f, 0x56]; // the first bytes of a coded file

let source = null; // { file, coded: whether it is a coded file }
let coded = null; // Blob
let mapOf = null; // the coded file that the map belongs to
let work = new AbortController();
let timer = 0;

// --- The token and the models ---

async function start() {
  try {
    const { models } = await (await call("v1/models")).json();
    const options = models.map((model) => new Option(model.name, model.name, model.default, model.default));
    element("model").replaceChildren(...options);
    element("token-form").hidden = true;
    element("drop").hidden = source !== null;
    complain("");
  } catch (error) {
    if (error.status !== 401) return complain(error.message);
    element("drop").hidden = true;
    element("token-form").hidden = false;
    element("token").focus();
  }
}

element("token-form").addEventListener("submit", async (event) => {
  event.preventDefault();
  useToken(element("token").value.trim());
  await start();
  if (!element("token-form").hidden) complain("This is not the token of the service.");
});

// --- Files ---

async function take(file) {
  if (!file) return;
  if (!element("token-form").hidden) return complain("Give the token first.");
  const start = new Uint8Array(await file.slice(0, MAGIC.length).arrayBuffer());
  source = { file, coded: MAGIC.every((byte, index) => start[index] === byte) };
  element("drop").hidden = true;
  element("result").hidden = false;
  element("controls").hidden = source.coded;
  element("jpeg-figure").hidden = source.coded;
  element("bars").hidden = true;
  for (const id of ["bytes", "bpp", "jpeg", "size", "sentence"]) element(id).textContent = "–";
  element("sentence").textContent = "";
  let visible = false;
  if (!source.coded) visible = await show("original", file);
  compareWithOriginal(visible);
  if (!visible && !source.coded) element("sentence").textContent = "This browser cannot show the original.";
  await update();
}

element("choose").addEventListener("click", () => element("file").click());
element("another").addEventListener("click", () => element("file").click());
element("file").addEventListener("change", (event) => {
  take(event.target.files[0]);
  event.target.value = "";
});
document.addEventListener("paste", (event) => take(event.clipboardData.files[0]));
document.addEventListener("dragover", (event) => {
  event.preventDefault();
  document.body.classList.add("over");
});
document.addEventListener("dragleave", (event) => {
  if (!event.relatedTarget) document.body.classList.remove("over");
});
document.addEventListener("drop", (event) => {
  event.preventDefault();
  document.body.classList.remove("over");
  take(event.dataTransfer.files[0]);
});

// --- Encoding, decoding and comparing ---

/** Encode or decode with the current file and controls, and stop the work for earlier ones. */
async function update() {
  work.abort();
  work = new AbortController();
  const { signal } = work;
  complain("");
  element("progress").hidden = false;
  try {
    await (source.coded ? showCoded(signal) : encode(signal));
  } catch (error) {
    if (signal.aborted) return;
    tell("");
    complain(error.message);
    if (element("jpeg").textContent === "…") element("jpeg").textContent = "–";
    if (error instanceof Refused && error.status === 401) await start();
    if (!element("decoded").hasAttribute("src")) leave();
  } finally {
    if (!signal.aborted) element("progress").hidden = true;
  }
}

async function encode(signal) {
  const { file } = source;
  const parameters = {
    quality: element("quality").value,
    scale: element("scale").value,
    model: element("model").value,
    metadata: "false", // the picture is coded as it is seen: upright and in sRGB
  };
  tell("Encoding …");
  const answer = await call("v1/encode", { body: file, parameters, signal });
  coded = await answer.blob();
  const facts = Object.fromEntries(
    ["Width", "Height", "Coded-Width", "Coded-Height", "Bits-Per-Pixel"].map(
      (name) => [name, answer.headers.get(`Fovea-${name}`)],
    ),
  );
  tellSize(coded.size, Number(facts["Bits-Per-Pixel"]));
  tellPicture(facts.Width, facts.Height, facts["Coded-Width"], facts["Coded-Height"]);
  await showDecoded(signal);
  tell("Measuring what a JPEG needs …");
  element("jpeg").textContent = "…";
  const figures = await (await call("v1/compare", { body: file, parameters, signal })).json();
  tellJpeg(figures);
  tell(`Encoded: ${number.format(coded.size)} bytes, ${facts["Bits-Per-Pixel"]} bits per pixel.`);
}

async function showCoded(signal) {
  coded = source.file;
  tell("Decoding …");
  const info = await (await call("v1/info", { body: coded, signal })).json();
  tellSize(info.bytes, info.bpp);
  tellPicture(info.width, info.height, info.coded_width, info.coded_height);
  element("sentence").textContent = `Encoded by ${info.model ?? "an unknown model"} at quality ${info.quality}.`;
  await showDecoded(signal);
  tell(`Decoded: ${info.width} by ${info.height} pixels.`);
}

async function showDecoded(signal) {
  const parameters = { format: "png", metadata: "false" };
  const decoded = await (await call("v1/decode", { body: coded, parameters, signal })).blob();
  await show("decoded", decoded);
  const name = (source.file.name || "picture").replace(/\.[^.]*$/, "");
  offer("save-coded", coded, `${name}.fov`);
  offer("save-decoded", decoded, `${name}.decoded.png`);
  await updateMap(signal);
}

async function updateMap(signal) {
  const wanted = element("show-map").checked;
  if (!wanted) return showMap(false);
  try {
    if (mapOf !== coded) {
      const answer = await call("v1/map", { body: coded, parameters: { upright: "true" }, signal });
      await drawMap(await answer.blob());
      mapOf = coded;
    }
    showMap(true);
  } catch (error) {
    if (signal.aborted) throw error;
    showMap(false);
    complain(error.message);
  }
}

// --- Figures and messages ---

function tellSize(bytes, bitsPerPixel) {
  element("bytes").textContent = sized(bytes);
  element("bpp").textContent = bitsPerPixel.toFixed(3);
}

function tellPicture(width, height, codedWidth, codedHeight) {
  const own = `${width} × ${height}`;
  element("size").textContent = own;
  element("size").title = `coded at ${codedWidth} × ${codedHeight}`;
}

function tellJpeg(figures) {
  const { jpeg } = figures;
  element("jpeg").textContent = jpeg ? sized(jpeg.bytes) : "–";
  element("bars").hidden = !jpeg;
  if (jpeg) {
    const largest = Math.max(jpeg.bytes, figures.bytes);
    element("bar-fovea").style.width = `${(100 * figures.bytes) / largest}%`;
    element("bar-jpeg").style.width = `${(100 * jpeg.bytes) / largest}%`;
  }
  element("sentence").textContent = `JPEG: ${figures.sentence}`;
}

function sized(bytes) {
  return bytes < 100_000 ? `${number.format(bytes)} B` : `${number.format(Math.round(bytes / 1000))} kB`;
}

function tell(text) {
  element("status").textContent = text;
}

function complain(text) {
  element("message").textContent = text;
  element("message").hidden = !text;
}

function offer(id, blob, name) {
  const link = element(id);
  if (link.href) URL.revokeObjectURL(link.href);
  link.href = URL.createObjectURL(blob);
  link.download = name;
}

/** Show the place to drop a file again, because there is no picture to show. */
function leave() {
  source = null;
  element("result").hidden = true;
  element("drop").hidden = !element("token-form").hidden;
}

// --- Controls ---

element("quality").addEventListener("input", () => {
  element("quality-value").textContent = element("quality").value;
});
for (const id of ["quality", "scale", "model"]) {
  element(id).addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(update, DELAY);
  });
}
element("show-map").addEventListener("change", () => coded && updateMap(work.signal));
element("where").textContent = location.host;

start();
