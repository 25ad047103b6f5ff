// Regions and ignored areas, drawn as SVG over every pane that shows a side of the pair.
import { contains, corners } from './geometry.js'

const NS = 'http://www.w3.org/2000/svg'
const PAD = 3 // px between a difference and its box
const TAG = 18 // px of the height of a number
const LEAST = 14 // px a box is wide and high at least, so that one pixel can be found

function svg(name, attributes = {}, parent = null) {
  const element = document.createElementNS(NS, name)
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value)
  parent?.append(element)
  return element
}

function outline(points) {
  return `M${points.map(({ x, y }) => `${x} ${y}`).join('L')}Z`
}

/** The box to draw around a difference on the screen. */
function around({ x, y, width, height }) {
  const growX = Math.max(PAD, (LEAST - width) / 2)
  const growY = Math.max(PAD, (LEAST - height) / 2)
  return { x: x - growX, y: y - growY, width: width + 2 * growX, height: height + 2 * growY }
}

function overlap(a, b) {
  return a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height
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
      pane.numbers = svg('g') // above all boxes
      pane.marks = []
      for (const box of this.areas()) this.#area(pane, box)
      if (this.state.marks !== 'off') for (const region of this.state.regions) this.#region(pane, region)
      pane.svg.append(pane.numbers)
      pane.element.append(pane.svg)
    }
    this.place()
  }

  areas() {
    return this.state.drawing ? [...this.state.ignored, this.state.drawing] : this.state.ignored
  }

  #area(pane, box) {
    const points = corners(box).map(({ x, y }) => ({ x: x + box.x, y: y + box.y }))
    const shown = pane.original ? this.stage.frames.cornersInAfter(points) : points
    svg('path', { class: 'ignored', d: outline(shown) }, pane.shapes)
  }

  #region(pane, region) {
    const box = pane.original ? region.after : region.before
    const contours = this.state.marks === 'contours' && region.contours.length > 0
    const group = svg('g', { class: 'mark', 'data-region': region.id }, contours ? pane.shapes : pane.svg)
    const d = contours && this.#contours(pane, region)
    const lines = ['halo', 'line'].map((name) => (contours ? svg('path', { class: name, d }, group) : svg('rect', { class: name, rx: 2 }, group)))
    const tag = svg('g', { class: 'tag', 'data-region': region.id }, pane.numbers)
    const width = 12 + 7 * String(region.id).length
    svg('rect', { width, height: TAG, rx: 4 }, tag)
    svg('text', { x: width / 2, y: 13, 'text-anchor': 'middle' }, tag).textContent = region.id
    pane.marks.push({ id: region.id, group, tag, box, width, rects: contours ? [] : lines })
  }

  #contours(pane, region) {
    const { frames } = this.stage
    const [dx, dy] = [region.after.x - region.before.x, region.after.y - region.before.y]
    // Where rows moved, an outline moved with its box.
    const there = ({ x, y }) => (frames.hasBands ? { x: x + dx, y: y + dy } : frames.toAfter({ x, y }))
    return region.contours.map((contour) => {
      const points = contour.map(([x, y]) => ({ x: x + 0.5, y: y + 0.5 }))
      return outline(pane.original ? points.map(there) : points)
    }).join('')
  }

  /** Follow the view: one transform for the shapes, one place for each box and number. */
  place() {
    for (const pane of this.stage.panes) {
      if (!pane.svg) continue
      const { x, y, scale } = this.stage.placeIn(pane)
      const { width, height } = this.stage.current.pane
      const left = width / 2 - x * scale
      const top = height / 2 - y * scale
      pane.shapes.setAttribute('transform', `translate(${left} ${top}) scale(${scale})`)
      const taken = []
      for (const mark of this.#emphasizedFirst(pane.marks)) {
        const { box } = mark
        this.#draw(mark, around({ x: left + box.x * scale, y: top + box.y * scale, width: box.width * scale, height: box.height * scale }), { width, height }, taken)
      }
    }
  }

  #emphasizedFirst(marks) {
    const first = marks.filter(({ id }) => id === this.state.selected || id === this.state.hovered)
    return first.length ? [...first, ...marks.filter((mark) => !first.includes(mark))] : marks
  }

  /** Draw one mark if it is seen; its number only where no stronger one has its own. */
  #draw({ id, group, tag, width, rects }, box, frame, taken) {
    const seen = overlap(box, { x: 0, y: 0, ...frame })
    group.classList.toggle('unseen', !seen)
    const label = { x: Math.max(box.x - 1, 1), y: Math.max(box.y - 1, 19) - TAG, width, height: TAG }
    const free = seen && !taken.some((other) => overlap(other, label))
    tag.classList.toggle('unseen', !free)
    if (!seen) return
    for (const rect of rects) for (const [name, value] of Object.entries(box)) rect.setAttribute(name, value)
    for (const element of [group, tag]) {
      element.classList.toggle('selected', id === this.state.selected)
      element.classList.toggle('hovered', id === this.state.hovered)
    }
    if (!free) return
    taken.push(label)
    tag.setAttribute('transform', `translate(${label.x} ${label.y})`)
  }

  /** The smallest shown region under a point of a pane, or null. */
  regionAt({ pane, point }) {
    if (!pane.side || this.state.marks === 'off') return null
    const { scale } = this.stage.placeIn(pane)
    const at = this.stage.at(pane, point)
    const side = pane.original ? 'after' : 'before'
    const hits = this.state.regions.filter((region) => contains(region[side], at, LEAST / 2 / scale))
    return hits.sort((a, b) => a.before.width * a.before.height - b.before.width * b.before.height)[0] ?? null
  }
}
