// The steady frame: panes, and in each pane sheets with a picture, all drawn from one shared view.
import { growth, project } from './geometry.js'
import { Picture } from './picture.js'
import { Viewport } from './viewport.js'

export class Stage {
  constructor(element, evaluation) {
    this.element = element
    this.evaluation = evaluation
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
    const alt = {
      before: `Before: ${this.evaluation.before.name}`,
      after: `After as given: ${this.evaluation.after.name}`,
      aligned: `After, aligned: ${this.evaluation.after.name}`,
      heatmap: 'Heat map of the difference',
      matches: 'Feature matches between before and after',
    }[name]
    const size = name === 'after' ? this.afterSize : this.size
    return new Picture({ preview: images[`preview-${name}`] ?? null, full: images[name], size, alt })
  }

  /**
   * Show panes. Each is `{ labels, side, original, sheets }`, each sheet `{ name, picture | element }`.
   * The frame keeps its size; the view keeps its place, unless `view` is another one.
   */
  show(panes, view = this.view) {
    this.current = view
    this.element.replaceChildren()
    this.element.dataset.panes = panes.length
    this.panes = panes.map((pane) => this.#pane(pane))
    this.resize()
  }

  #pane(description) {
    const element = document.createElement('div')
    element.className = 'pane'
    const sheets = description.sheets.map((sheet) => {
      const frame = document.createElement('div')
      frame.className = `sheet sheet-${sheet.name}`
      const canvas = document.createElement('div')
      canvas.className = 'canvas'
      canvas.append(sheet.element ?? sheet.picture.image)
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

  resize() {
    const first = this.panes[0]?.element.getBoundingClientRect()
    if (!first?.width) return
    this.current.resize({ width: first.width, height: first.height })
  }

  /** Where `pane` is in its own picture: the shared place, or that place found again in after as given. */
  placeIn(pane) {
    const { x, y, scale } = this.current
    if (!pane.original) return { x, y, scale }
    const { matrix } = this.evaluation.alignment
    return { ...project(matrix, { x, y }), scale: scale / growth(matrix, { x, y }) }
  }

  draw() {
    const { pane: { width, height } } = this.current
    for (const pane of this.panes) {
      const place = this.placeIn(pane)
      for (const sheet of pane.sheets) {
        const size = pane.original ? this.afterSize : this.current.picture
        const { style } = sheet.canvas
        style.width = `${size.width * place.scale}px`
        style.height = `${size.height * place.scale}px`
        style.transform = `translate(${width / 2 - place.x * place.scale}px, ${height / 2 - place.y * place.scale}px)`
        sheet.picture?.seenAt(place.scale)
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
