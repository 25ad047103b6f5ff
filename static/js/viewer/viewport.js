// What part of a picture is seen, and how large: one view shared by all panes, so they cannot drift apart.
// `x`, `y` is the point of the picture (in its pixels) at the centre of a pane; `scale` is screen px per pixel.

const LARGEST = 40
const FLIGHT_MS = 260

export class Viewport extends EventTarget {
  #flight = 0

  constructor(picture) {
    super()
    this.picture = picture
    this.pane = { width: 1, height: 1 }
    this.scale = 1
    this.x = picture.width / 2
    this.y = picture.height / 2
    this.fitted = true
  }

  /** The scale at which the whole picture is seen; small pictures are not blown up beyond 4 times. */
  get fitScale() {
    return Math.min(this.pane.width / this.picture.width, this.pane.height / this.picture.height, 4)
  }

  get largest() {
    return Math.max(LARGEST, this.fitScale)
  }

  resize(pane, picture = this.picture) {
    this.pane = pane
    this.picture = picture
    if (this.fitted) this.#fit()
    this.#set(this.scale, this.x, this.y)
  }

  fit({ fly = true } = {}) {
    this.fitted = true
    const { width, height } = this.picture
    this.#go(this.fitScale, width / 2, height / 2, fly)
  }

  /** Zoom so that the picture point under `point` (px from the pane's top left) stays where it is. */
  zoomTo(scale, point = { x: this.pane.width / 2, y: this.pane.height / 2 }, { fly = false } = {}) {
    const next = Math.min(Math.max(scale, this.fitScale), this.largest)
    this.fitted = next <= this.fitScale
    const at = this.toPicture(point)
    const x = at.x - (point.x - this.pane.width / 2) / next
    const y = at.y - (point.y - this.pane.height / 2) / next
    this.#go(next, x, y, fly)
  }

  zoomBy(factor, point, options) {
    this.zoomTo(this.scale * factor, point, options)
  }

  panBy(dx, dy) {
    this.#go(this.scale, this.x - dx / this.scale, this.y - dy / this.scale, false)
  }

  /** Bring a box of the picture to the centre, with room around it. */
  show(box, { fly = true } = {}) {
    const room = Math.min(this.pane.width / (box.width * 2.4), this.pane.height / (box.height * 2.4))
    const scale = Math.min(Math.max(room, this.fitScale), Math.max(this.fitScale, 6))
    this.fitted = scale <= this.fitScale
    this.#go(scale, box.x + box.width / 2, box.y + box.height / 2, fly)
  }

  toPicture(point) {
    return {
      x: this.x + (point.x - this.pane.width / 2) / this.scale,
      y: this.y + (point.y - this.pane.height / 2) / this.scale,
    }
  }

  #fit() {
    this.scale = this.fitScale
    this.x = this.picture.width / 2
    this.y = this.picture.height / 2
  }

  #go(scale, x, y, fly) {
    cancelAnimationFrame(this.#flight)
    if (!fly || matchMedia('(prefers-reduced-motion: reduce)').matches) {
      this.#set(scale, x, y)
      return
    }
    const from = { scale: this.scale, x: this.x, y: this.y }
    const to = this.#clamped(scale, x, y)
    const started = performance.now()
    const step = (now) => {
      const time = Math.min(1, Math.max(0, now - started) / FLIGHT_MS)
      const eased = 1 - (1 - time) ** 3
      const mix = (a, b) => a + (b - a) * eased
      this.#set(from.scale * (to.scale / from.scale) ** eased, mix(from.x, to.x), mix(from.y, to.y), time === 1)
      if (time < 1) this.#flight = requestAnimationFrame(step)
    }
    this.#flight = requestAnimationFrame(step)
  }

  /** Keep the middle of the pane on the picture; a picture that is seen whole is centred. */
  #clamped(scale, x, y) {
    const { width, height } = this.picture
    if (this.fitted) return { scale, x: width / 2, y: height / 2 }
    return { scale, x: Math.min(Math.max(x, 0), width), y: Math.min(Math.max(y, 0), height) }
  }

  #set(scale, x, y, clamp = true) {
    Object.assign(this, clamp ? this.#clamped(scale, x, y) : { scale, x, y })
    this.dispatchEvent(new Event('change'))
  }
}
