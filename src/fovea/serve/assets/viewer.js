// The pictures on the page: the original and the decoded one under a slider, and the map of objects above both.

const element = (id) => document.getElementById(id);
const viewer = element("viewer");
const split = element("split");
const addresses = new Map(); // of the pictures that are shown, by the id of their element

const NOTHING = 64; // largest level of a map, of 255, at which nothing is drawn: a little more than where no object is
const COLOR = [255, 140, 0];
const OPACITY = 165; // of 255, where an object is certain

split.addEventListener("input", () => {
  viewer.style.setProperty("--split", `${split.value}%`);
  split.setAttribute("aria-valuetext", `${split.value} % original`);
});

/** Show a picture in an element, and free the one that was there. Resolves to whether the browser can show it. */
export async function show(id, blob) {
  const image = element(id);
  const before = addresses.get(id);
  const address = URL.createObjectURL(blob);
  const loaded = new Image();
  loaded.src = address;
  const visible = await loaded.decode().then(() => true, () => false);
  if (visible) {
    image.src = address;
    addresses.set(id, address);
  } else {
    URL.revokeObjectURL(address);
    image.removeAttribute("src");
    addresses.delete(id);
  }
  if (before) URL.revokeObjectURL(before);
  return visible;
}

/** Draw a map of objects above the pictures, in a warm color where objects are. */
export async function drawMap(blob) {
  const image = await createImageBitmap(blob);
  const canvas = element("map");
  canvas.width = image.width;
  canvas.height = image.height;
  const context = canvas.getContext("2d");
  context.drawImage(image, 0, 0);
  image.close();
  const drawn = context.getImageData(0, 0, canvas.width, canvas.height);
  const { data } = drawn;
  for (let at = 0; at < data.length; at += 4) {
    const part = Math.max(0, (data[at] - NOTHING) / (255 - NOTHING));
    [data[at], data[at + 1], data[at + 2]] = COLOR;
    data[at + 3] = OPACITY * part;
  }
  context.putImageData(drawn, 0, 0);
}

/** Show the decoded picture alone, without the slider, or both. */
export function compareWithOriginal(both) {
  viewer.classList.toggle("alone", !both);
}

export function showMap(visible) {
  element("map").hidden = !visible;
}
