// Small choices that this browser remembers, such as the colour of the mask.
const KEY = 'image-diff-viewer'

export function load() {
  try {
    return JSON.parse(localStorage.getItem(KEY)) ?? {}
  } catch {
    return {}
  }
}

export function save(change) {
  try {
    localStorage.setItem(KEY, JSON.stringify({ ...load(), ...change }))
  } catch { /* private window: nothing is remembered */ }
}
