// Regions and ignored areas, drawn as SVG over every pane that shows a side of the pair.
import { contains, corners, project } from './geometry.js'

const NS = 'http://www.w3.org/2000/svg'

function svg(name, attributes = {}, parent = null) {
  const element = document.createElementNS(NS, name)
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value)
  parent?.append(element)
  return element
}

function outline(points) {
  return `M${points.map(({ x, y }) => `${x} ${y}`).join('L')}Z`
}

function boxPath({ x, y, width, height }) {
  return `M${x} ${y}h${width}v${height}h${-width}z`
}

export class Overlay {
  /** `state` is shared: `regions` (those shown), `selected`, `hovered`, `marks`, `ignored`, `drawing`. */
  constructor(stage, state) {
    this.stage = stage
    this.state = state
    stage.drawn.addEventListener('draw', () => this.place())
  }

  /** Build the shapes anew: after a change of mode, filter, marks or areas. */
  build() {
    for (const pane of this.stage.panes) {
      pane.svg?.remove()
      if (!pane.side) continue
      pane.svg = svg('svg', { class: 'overlay', 'aria-hidden': 'true' })
      pane.shapes = svg('g', {}, pane.svg)
      pane.tags = []
      for (const box of this.areas()) this.#area(pane, box)
      if (this.state.marks !== 'off') for (const region of this.state.regions) this.#region(pane, region)
      pane.element.append(pane.svg)
    }
    this.place()
  }

  areas() {
    return this.state.drawing ? [...this.state.ignored, this.state.drawing] : this.state.ignored
  }

  #area(pane, box) {
    const { matrix } = this.stage.evaluation.alignment
    const points = corners(box).map(({ x, y }) => ({ x: x + box.x, y: y + box.y }))
    const shown = pane.original ? points.map((point) => project(matrix, point)) : points
    svg('path', { class: 'ignored', d: outline(shown) }, pane.shapes)
  }

  #region(pane, region) {
    const box = pane.original ? region.after : region.before
    const group = svg('g', { class: 'mark', 'data-region': region.id }, pane.shapes)
    const d = this.state.marks === 'contours' && region.contours.length ? this.#contours(pane, region) : boxPath(box)
    svg('path', { class: 'halo', d }, group)
    svg('path', { class: 'line', d }, group)
    const tag = svg('g', { class: 'tag', 'data-region': region.id }, pane.svg)
    const width = 12 + 7 * String(region.id).length
    svg('rect', { x: 0, y: -18, width, height: 18, rx: 4 }, tag)
    svg('text', { x: width / 2, y: -5, 'text-anchor': 'middle' }, tag).textContent = region.id
    pane.tags.push({ tag, box })
  }

  #contours(pane, region) {
    const { matrix } = this.stage.evaluation.alignment
    return region.contours.map((contour) => {
      const points = contour.map(([x, y]) => ({ x: x + 0.5, y: y + 0.5 }))
      return outline(pane.original ? points.map((point) => project(matrix, point)) : points)
    }).join('')
  }

  /** Follow the view: one transform for the shapes, one place for each number. */
  place() {
    const { width, height } = this.stage.current.pane
    for (const pane of this.stage.panes) {
      if (!pane.svg) continue
      const { x, y, scale } = this.stage.placeIn(pane)
      const left = width / 2 - x * scale
      const top = height / 2 - y * scale
      pane.shapes.setAttribute('transform', `translate(${left} ${top}) scale(${scale})`)
      for (const { tag, box } of pane.tags) {
        const at = { x: left + box.x * scale, y: Math.max(top + box.y * scale - 2, 19) }
        const seen = top + (box.y + box.height) * scale > 0 && at.y < height + 18 && at.x > -30 && at.x < width
        tag.setAttribute('transform', `translate(${Math.max(at.x - 1, 1)} ${at.y})`)
        tag.classList.toggle('unseen', !seen)
      }
    }
    this.emphasize()
  }

  emphasize() {
    const { selected, hovered } = this.state
    for (const pane of this.stage.panes) {
      for (const element of pane.svg?.querySelectorAll('[data-region]') ?? []) {
        const id = Number(element.dataset.region)
        element.classList.toggle('selected', id === selected)
        element.classList.toggle('hovered', id === hovered)
      }
    }
  }

  /** The smallest shown region under a point of a pane, or null. */
  regionAt({ pane, point }) {
    if (!pane.side || this.state.marks === 'off') return null
    const { x, y, scale } = this.stage.placeIn(pane)
    const { width, height } = this.stage.current.pane
    const at = { x: x + (point.x - width / 2) / scale, y: y + (point.y - height / 2) / scale }
    const side = pane.original ? 'after' : 'before'
    const hits = this.state.regions.filter((region) => contains(region[side], at, 4 / scale))
    return hits.sort((a, b) => a.before.width * a.before.height - b.before.width * b.before.height)[0] ?? null
  }
}
