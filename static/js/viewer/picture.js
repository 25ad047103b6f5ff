// One picture on the stage: a small preview at once, the full pixels when they can be seen.

const SHARP_FROM = 2 // screen px per pixel from which pixels are drawn as squares

export class Picture {
  /** `size` is that of the picture; `preview` may be null when there is only the full one. */
  constructor({ preview, full, size, alt, previewSide = 1600 }) {
    this.size = size
    this.full = full
    this.previewScale = preview ? Math.min(1, previewSide / Math.max(size.width, size.height)) : 0
    this.image = new Image()
    this.image.alt = alt
    this.image.draggable = false
    this.image.decoding = 'async'
    this.image.src = preview ?? full
    this.state = preview ? 'preview' : 'full'
    this.ready = null
  }

  /** Load the full picture once; resolves with an image that can be drawn from. */
  loadFull() {
    this.ready ??= this.#load()
    return this.ready
  }

  async #load() {
    if (this.state === 'full') {
      await this.image.decode()
      return this.image
    }
    const image = new Image()
    image.src = this.full
    await image.decode()
    this.state = 'full'
    this.image.src = this.full // decoded above, so the preview is replaced without a gap
    return image
  }

  /** Called whenever the scale on the screen changes. */
  seenAt(scale) {
    this.image.classList.toggle('sharp', scale >= SHARP_FROM)
    const shown = scale * devicePixelRatio
    const wanted = this.previewScale < 1 ? shown > this.previewScale * 1.02 : shown >= 1
    if (wanted && this.state === 'preview') this.loadFull().catch(() => { /* the preview stays */ })
  }
}
