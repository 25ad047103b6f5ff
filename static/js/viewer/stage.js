// The steady frame: panes, and in each pane sheets with a picture, all drawn from one shared view.
import { Frames } from './frames.js'
import { contains } from './geometry.js'
import { Picture, maskPicture } from './picture.js'
import { Viewport } from './viewport.js'

const WORTH_STACKING = 1.4

export class Stage {
  constructor(element, evaluation) {
    this.element = element
    this.evaluation = evaluation
    this.frames = new Frames(evaluation)
    this.selected = null // the region that was gone to
    this.panes = []
    this.size = { width: evaluation.before.width, height: evaluation.before.height }
    this.afterSize = { width: evaluation.after.width, height: evaluation.after.height }
    this.view = new Viewport(this.size)
    this.view.addEventListener('change', () => this.draw())
    this.pictures = new Map()
    this.drawn = new EventTarget()
    new ResizeObserver(() => this.resize()).observe(element)
  }

  /** The picture called `name`, made on first use. */
  picture(name) {
    if (!this.pictures.has(name)) this.pictures.set(name, this.#make(name))
    return this.pictures.get(name)
  }

  #make(name) {
    const { images } = this.evaluation
    const size = name === 'after' ? this.afterSize : this.size
    const reduced = images[`preview-${name}`]
    const full = images[name] ?? reduced // a report has only the copies
    const preview = full === reduced ? null : reduced ?? null
    const base = this.element.dataset.tiles
    const tiles = base ? `${base}/${name}` : null
    if (name === 'mask') return this.#watched(maskPicture({ full, tiles, size }))
    const alt = {
      before: `Before: ${this.evaluation.before.name}`,
      after: `After as given: ${this.evaluation.after.name}`,
      aligned: `After, aligned: ${this.evaluation.after.name}`,
      heatmap: 'Heat map of the difference',
      matches: 'Feature matches between before and after',
    }[name]
    return this.#watched(new Picture({ preview, full, tiles: preview && tiles, size, alt }))
  }

  /**
   * Show panes. Each is `{ labels, side, original, sheets }`, each sheet `{ name, picture }`.
   * The frame keeps its size; the view keeps its place, unless `view` is another one.
   */
  show(panes, view = this.view) {
    this.current = view
    this.element.replaceChildren()
    this.element.dataset.panes = panes.length
    this.panes = panes.map((pane) => this.#pane(pane))
    this.resize()
    this.#watch()
  }

  #watched(picture) {
    for (const end of ['load', 'error']) picture.image?.addEventListener(end, () => this.#watch())
    return picture
  }

  /** Say that pictures are on their way: some are drawn only now. */
  #watch() {
    const busy = this.panes.some(({ sheets }) => sheets.some(({ picture }) => picture.isPending))
    this.element.setAttribute('aria-busy', busy)
  }

  #pane(description) {
    const element = document.createElement('div')
    element.className = 'pane'
    const sheets = description.sheets.map((sheet) => {
      const frame = document.createElement('div')
      frame.className = `sheet sheet-${sheet.name}`
      const canvas = document.createElement('div')
      canvas.className = 'canvas'
      canvas.append(sheet.picture.element)
      frame.append(canvas)
      element.append(frame)
      return { ...sheet, frame, canvas }
    })
    for (const text of description.labels ?? []) {
      const label = document.createElement('p')
      label.className = 'pane-label'
      label.textContent = text
      element.append(label)
    }
    this.element.append(element)
    return { ...description, element, sheets }
  }

  /** Two panes lie beside each other, or above where that shows the picture much larger. */
  resize() {
    const { clientWidth, clientHeight } = this.element
    const { width, height } = this.current.picture
    const beside = Math.min(clientWidth / 2 / width, clientHeight / height)
    const stacked = Math.min(clientWidth / width, clientHeight / 2 / height)
    this.element.classList.toggle('stacked', this.panes.length === 2 && stacked > WORTH_STACKING * beside)
    const first = this.panes[0]?.element.getBoundingClientRect()
    if (!first?.width) return
    this.current.resize({ width: first.width, height: first.height })
  }

  /** Scroll the page to the stage where most of it is off the screen: what was gone to is to be seen. */
  bringIntoView() {
    const { top, bottom, height } = this.element.getBoundingClientRect()
    const seen = Math.min(bottom, innerHeight) - Math.max(top, 0)
    if (seen < Math.min(height, innerHeight) / 2) this.element.scrollIntoView({ block: 'nearest' })
  }

  /** Where `pane` is in its own picture: the shared place, or that place found again in after as given. */
  placeIn(pane) {
    const { x, y, scale } = this.current
    if (!pane.original) return { x, y, scale }
    return { ...this.#inAfter({ x, y }), scale: scale / this.frames.growth({ x, y }) }
  }

  /** Inserted rows are one row of before: who goes to them as a region is to see their middle. */
  #inAfter(point) {
    if (!this.frames.hasBands || !this.selected || !contains(this.selected.before, point)) return this.frames.toAfter(point)
    const { before, after } = this.selected
    return {
      x: after.x + ((point.x - before.x) / before.width) * after.width,
      y: after.y + ((point.y - before.y) / before.height) * after.height,
    }
  }

  /** The place under a point of a pane, in pixels of the picture that the pane shows. */
  at(pane, point) {
    const { x, y, scale } = this.placeIn(pane)
    const { width, height } = this.current.pane
    return { x: x + (point.x - width / 2) / scale, y: y + (point.y - height / 2) / scale }
  }

  /** The same in pixels of before, whatever the pane shows. */
  inBefore(pane, point) {
    const at = this.at(pane, point)
    return pane.original ? this.frames.toBefore(at) : at
  }

  draw() {
    const frame = this.current.pane
    const { width, height } = frame
    for (const pane of this.panes) {
      const place = this.placeIn(pane)
      for (const sheet of pane.sheets) {
        const size = pane.original ? this.afterSize : this.current.picture
        const { style } = sheet.canvas
        style.width = `${size.width * place.scale}px`
        style.height = `${size.height * place.scale}px`
        style.transform = `translate(${width / 2 - place.x * place.scale}px, ${height / 2 - place.y * place.scale}px)`
        sheet.picture.seen(place, frame)
      }
    }
    this.drawn.dispatchEvent(new Event('draw'))
  }

  /** The pane under a pointer, with the point in it. */
  pick(event) {
    for (const pane of this.panes) {
      const box = pane.element.getBoundingClientRect()
      if (event.clientX < box.left || event.clientX > box.right || event.clientY < box.top || event.clientY > box.bottom) continue
      return {
        pane,
        view: this.current,
        left: box.left,
        top: box.top,
        point: { x: event.clientX - box.left, y: event.clientY - box.top },
      }
    }
    return null
  }
}
