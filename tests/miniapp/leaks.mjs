// Whether a text holds a key, whole or in part, plainly or in a usual disguise.

const PART = 12;

const reversed = (text) => [...text].reverse().join("");

// The encodings of a text that are searched for, as they would be within other text.
function disguises(key) {
  const inBase64 = [0, 1, 2].map((shift) => Buffer.from("x".repeat(shift) + key).toString("base64").slice(4, -4));
  return [Buffer.from(key).toString("hex"), encodeURIComponent(key), ...inBase64];
}

// Any twelve characters of a key in a row are as good as the key: they say whose it is.
export function keyIn(text, key) {
  const searched = text.toLowerCase();
  return [key, reversed(key)].some((form) => {
    const low = form.toLowerCase();
    const parts = Array.from({ length: low.length - PART + 1 }, (_, at) => low.slice(at, at + PART));
    return [...parts, ...disguises(form).map((one) => one.toLowerCase())].some((part) => searched.includes(part));
  });
}
