// A storage that keeps nothing beyond the page: queries and variables may hold keys and logins.
const held = new Map();

export const forgetful = {
  getItem: (name) => held.get(name) ?? null,
  setItem: (name, value) => void held.set(name, String(value)),
  removeItem: (name) => void held.delete(name),
  clear: () => held.clear(),
  get length() {
    return held.size;
  },
};
