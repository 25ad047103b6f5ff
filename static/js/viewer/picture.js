// One picture on the stage: a small preview at once, the full pixels when and where they can be seen.
import { RETRY_MS, Tiles } from './tiles.js'

const SHARP_FROM = 2 // screen px per pixel from which pixels are drawn as squares
const PREVIEW_SIDE = 1600
const LARGE = 4e6 // pixels from which a picture is loaded in parts

export class Picture {
  /** `size` is that of the picture; `preview` is null when there is only the full one, `tiles` when there are none. */
  constructor({ preview, full, tiles, size, alt }) {
    this.size = size
    this.full = full
    this.previewScale = preview ? Math.min(1, PREVIEW_SIDE / Math.max(size.width, size.height)) : 0
    this.image = new Image()
    this.image.alt = alt
    this.image.draggable = false
    this.image.decoding = 'async'
    this.image.src = preview ?? full
    this.image.addEventListener('error', () => this.#again()) // the server is busy, or the result is gone
    this.image.addEventListener('load', () => { this.isWaiting = false })
    this.isWaiting = false // for the next try
    this.tries = 3
    this.state = preview ? 'preview' : 'full'
    this.element = this.image
    if (tiles && isLarge(size)) this.#layTiles(tiles)
  }

  get isPending() {
    return this.isWaiting || !this.image.complete
  }

  #again() {
    this.tries -= 1
    this.isWaiting = this.tries > 0
    if (this.isWaiting) setTimeout(() => { this.image.src = this.image.getAttribute('src') }, RETRY_MS)
  }

  #layTiles(base) {
    this.tiles = new Tiles(base, this.size)
    this.element = document.createElement('div')
    this.element.className = 'layers'
    this.element.append(this.image, this.tiles.element)
  }

  /** Draw the full pixels from `origin` on, `side` each way, onto a canvas. */
  async paint(context, origin, side) {
    if (this.tiles) {
      await this.tiles.paint(context, origin, side)
      return
    }
    context.imageSmoothingEnabled = false // a report has copies that may be smaller than the picture
    context.drawImage(await this.#loadFull(), -origin.x, -origin.y, this.size.width, this.size.height)
  }

  /** Load the full picture once; resolves with an image that can be drawn from. */
  #loadFull() {
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

  /** Called whenever the place changes that a pane shows. */
  seen(place, pane) {
    this.element.classList.toggle('sharp', place.scale >= SHARP_FROM)
    const shown = place.scale * devicePixelRatio
    const wanted = this.previewScale < 1 ? shown > this.previewScale * 1.02 : shown >= 1
    if (!wanted) return
    if (this.tiles) this.tiles.seen(place, pane)
    else if (this.state === 'preview') this.#loadFull().catch(() => { /* the preview stays */ })
  }
}

/** The mask as a stencil, so that its colour and strength are settings and not part of a picture. */
export function maskPicture({ full, tiles, size }) {
  if (tiles && isLarge(size)) return new Tiles(tiles, size, { mask: true })
  const picture = new Picture({ preview: null, full, tiles: null, size, alt: '' })
  const element = document.createElement('div')
  element.className = 'mask'
  element.hidden = true // without its picture it would cover everything
  picture.image.addEventListener('load', () => {
    element.style.maskImage = `url("${full}")`
    element.hidden = false
  })
  picture.element = element
  return picture
}

function isLarge({ width, height }) {
  return width * height > LARGE
}
