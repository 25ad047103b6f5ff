// Parts of a large picture, loaded only where they are seen and as sharp as they are seen.
const TILE = 512
const COARSEST = 2 // every fourth pixel; what is coarser the preview shows
const PAUSE_MS = 60 // a picture in flight does not ask for what it passes
export const RETRY_MS = 1500
const TRIES = 4

/** The tiles of a level that cover a box of the picture, as `[column, row]`. */
function covering({ left, top, right, bottom }, size, level) {
  const side = TILE << level
  const range = (from, to, length) => {
    const first = Math.max(0, Math.floor(from / side))
    const last = Math.min(Math.ceil(length / side) - 1, Math.floor(to / side))
    return Array.from({ length: Math.max(0, last - first + 1) }, (_, index) => first + index)
  }
  return range(top, bottom, size.height).flatMap((row) => range(left, right, size.width).map((column) => [column, row]))
}

function loaded(url) {
  const image = new Image()
  image.draggable = false
  image.alt = ''
  image.src = url
  return image.decode().then(() => image)
}

/** A mask as a stencil over its part, so that its colour is a setting. */
function stencil(image) {
  const element = document.createElement('div')
  element.className = 'mask'
  element.style.maskImage = `url("${image.src}")`
  return element
}

export class Tiles {
  #wanted = new Map() // url to what `#add` needs to know
  #held = new Map() // url to its element
  #timer = 0

  /** `base` is the address of the tiles of a picture; `mask` draws them as stencils. */
  constructor(base, size, { mask = false } = {}) {
    this.base = base
    this.size = size
    this.mask = mask
    this.element = document.createElement('div')
    this.element.className = 'tiles'
  }

  /** Called whenever the place changes that a pane shows. */
  seen(place, pane) {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.#update(place, pane), PAUSE_MS)
  }

  /** Draw the pixels from `origin` on, `side` each way, onto a canvas. */
  async paint(context, origin, side) {
    const box = { left: origin.x, top: origin.y, right: origin.x + side, bottom: origin.y + side }
    await Promise.all(covering(box, this.size, 0).map(async ([column, row]) => {
      context.drawImage(await loaded(this.#url(0, column, row)), column * TILE - origin.x, row * TILE - origin.y)
    }))
  }

  #url(level, column, row) {
    return `${this.base}/${level}/${column}/${row}`
  }

  #update({ x, y, scale }, { width, height }) {
    const level = Math.max(0, Math.min(COARSEST, Math.floor(Math.log2(1 / (scale * devicePixelRatio)))))
    const [reachX, reachY] = [width / 2 / scale, height / 2 / scale]
    const box = { left: x - reachX, top: y - reachY, right: x + reachX, bottom: y + reachY }
    this.#wanted = new Map(covering(box, this.size, level).map(([column, row]) => [this.#url(level, column, row), { level, column, row }]))
    for (const [url, tile] of this.#wanted) if (!this.#held.has(url)) this.#add(url, tile)
    this.#tidy()
  }

  async #add(url, tile, tries = TRIES) {
    this.#held.set(url, null)
    try {
      const image = await loaded(url)
      const element = this.mask ? stencil(image) : image
      this.#place(element, tile)
      this.#held.set(url, element)
      this.element.append(element)
      this.#tidy()
    } catch { // the server is busy, or the result is gone
      await new Promise((done) => { setTimeout(done, RETRY_MS) })
      this.#held.delete(url)
      if (tries > 1 && this.#wanted.has(url)) this.#add(url, tile, tries - 1)
    }
  }

  /** In shares of the picture, so that tiles follow the zoom by themselves; finer ones lie on top. */
  #place({ style }, { level, column, row }) {
    const side = TILE << level
    const { width, height } = this.size
    style.left = `${(100 * column * side) / width}%`
    style.top = `${(100 * row * side) / height}%`
    style.width = `${(100 * Math.min(side, width - column * side)) / width}%`
    style.height = `${(100 * Math.min(side, height - row * side)) / height}%`
    style.zIndex = COARSEST - level
  }

  /** Once all that is wanted is there, what is no longer seen goes. */
  #tidy() {
    for (const url of this.#wanted.keys()) if (!this.#held.get(url)) return
    for (const [url, element] of this.#held) {
      if (!element || this.#wanted.has(url)) continue
      element.remove()
      this.#held.delete(url)
    }
  }
}
