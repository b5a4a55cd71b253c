"use strict";

const COLORS = ["#ff9f1c", "#2ec4b6", "#e71d36", "#8ac926", "#4d96ff", "#ff70a6", "#c77dff", "#ffd60a"];
const STALE_MS = 10000;
const place = (name) => document.getElementById(name);
const canvas = place("picture");
let newest = null; // the description that the server sent last
let loading = false;
let drawn = null; // the description of the picture on the canvas
let image = null; // the picture on the canvas
let told = 0; // when the server sent the last description, in milliseconds

function say(state, text) {
  const line = place("state");
  if (line.textContent !== text) line.textContent = text;
  line.dataset.state = state;
}

function colorOf(name) {
  let sum = 0;
  for (const letter of name) sum = (sum * 31 + letter.codePointAt(0)) % 9973;
  return COLORS[sum % COLORS.length];
}

function draw() {
  if (!image) return;
  const pen = canvas.getContext("2d");
  if (canvas.width !== drawn.width || canvas.height !== drawn.height) {
    canvas.width = drawn.width;
    canvas.height = drawn.height;
  }
  pen.drawImage(image, 0, 0);
  if (!place("boxes").checked) return;
  const unit = Math.max(1, drawn.width / 640);
  pen.lineWidth = 2 * unit;
  pen.font = `${12 * unit}px system-ui, sans-serif`;
  pen.textBaseline = "top";
  for (const found of drawn.objects) {
    const [left, top, right, bottom] = found.box;
    const text = `${found.class} ${Math.round(100 * found.score)}`;
    pen.strokeStyle = pen.fillStyle = colorOf(found.class);
    pen.strokeRect(left, top, right - left, bottom - top);
    const above = Math.max(0, top - 16 * unit);
    pen.fillRect(left, above, pen.measureText(text).width + 6 * unit, 16 * unit);
    pen.fillStyle = "#000";
    pen.fillText(text, left + 3 * unit, above + 2 * unit);
  }
}

function list() {
  const rows = drawn.objects.map((found) => {
    const row = document.createElement("li");
    for (const text of [found.class, found.score.toFixed(2)]) {
      row.appendChild(document.createElement("span")).textContent = text;
    }
    return row;
  });
  place("objects").replaceChildren(...rows);
}

function describe(extra) {
  place("frame").textContent = drawn.frame;
  place("size").textContent = `${drawn.width} × ${drawn.height}`;
  place("kbps").textContent = `${drawn.kbps} kbit/s`;
  place("fps").textContent = drawn.fps.toFixed(1);
  place("delay").textContent = `${(drawn.delay + drawn.age + extra).toFixed(2)} s`;
  place("count").textContent = drawn.objects.length;
}

// Only one picture is loaded at a time. After it, the picture that is the newest by then is loaded.
function load() {
  if (loading || !newest || (drawn && drawn.number === newest.number)) return;
  loading = true;
  const next = newest;
  const began = performance.now();
  const picture = new Image();
  picture.onload = () => {
    [image, drawn, loading] = [picture, next, false];
    draw();
    list();
    tell();
    describe((performance.now() - next.heard) / 1000);
    load();
  };
  picture.onerror = () => {
    loading = false;
    setTimeout(load, Math.max(0, 500 - (performance.now() - began)));
  };
  picture.src = `frame.jpg?${next.number}`;
}

function listen() {
  const events = new EventSource("events");
  events.onmessage = (event) => {
    newest = JSON.parse(event.data);
    newest.heard = told = performance.now();
    load();
  };
  events.onerror = () => say("broken", "The watcher does not answer");
}

function tell() {
  const age = performance.now() - told;
  if (!newest || (place("state").dataset.state === "broken" && age > 2000)) return;
  if (age > STALE_MS) say("waiting", `No change for ${Math.round(age / 1000)} s`);
  else say("live", newest.whole ? "Live" : "Live, the picture is not complete yet");
}

setInterval(tell, 500);
place("boxes").addEventListener("change", draw);
listen();
