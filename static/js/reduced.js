// A picture drawn small, to count its colours or to keep as a thumbnail.

/** Give a canvas with the picture at `url`, no side longer than `side`. */
export async function reduced(url, side) {
  const image = new Image()
  image.src = url
  await image.decode()
  const scale = Math.min(1, side / Math.max(image.naturalWidth, image.naturalHeight))
  const canvas = document.createElement('canvas')
  canvas.width = Math.max(1, Math.round(image.naturalWidth * scale))
  canvas.height = Math.max(1, Math.round(image.naturalHeight * scale))
  canvas.getContext('2d', { willReadFrequently: true }).drawImage(image, 0, 0, canvas.width, canvas.height)
  return canvas
}
