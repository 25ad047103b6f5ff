// The viewer's state and the actions on it; the modules beside this one show it and let people change it.
import { listen } from './gestures.js'
import { matchesView, modesFor, panesOf } from './modes.js'
import { Overlay } from './overlay.js'
import { Stage } from './stage.js'

/** Dispatches `mode`, `select`, `hover`, `marks`, `original`, `regions`, `areas`, `point` and `open`. */
export class Viewer extends EventTarget {
  constructor(evaluation, element) {
    super()
    this.evaluation = evaluation
    this.modes = modesFor(evaluation)
    this.stage = new Stage(element, evaluation)
    this.state = {
      mode: 'side',
      base: 'before',
      original: false,
      marks: 'boxes',
      regions: evaluation.regions,
      selected: null,
      hovered: null,
      ignored: [...evaluation.options.ignore],
      drawing: null,
    }
    this.overlay = new Overlay(this.stage, this.state)
    this.tool = null // takes drags on the stage over, see ignore.js
    this.said = document.getElementById('viewer-status')
    listen(element, {
      pick: (event) => this.stage.pick(event),
      tool: (hit) => this.tool?.(hit),
      clicked: (hit) => this.#clicked(hit),
      hovered: (hit) => this.#hovered(hit),
    })
  }

  /** The view that the stage shows now; that of the matches is one of its own. */
  get view() {
    return this.stage.current
  }

  say(text) {
    this.said.textContent = text
  }

  setMode(mode) {
    this.state.mode = this.modes.includes(mode) ? mode : 'side'
    this.rebuild()
    this.#tell('mode')
  }

  /** Lay the panes anew for the state. */
  rebuild() {
    const { mode } = this.state
    if (mode === 'matches') this.matches ??= matchesView(this.stage)
    this.stage.element.dataset.mode = mode
    this.stage.show(panesOf(mode, this.stage, this.state), mode === 'matches' ? this.matches : this.stage.view)
    this.overlay.build()
    this.#tell('rebuilt')
  }

  setOriginal(original) {
    this.state.original = original
    this.rebuild()
    this.#tell('original')
    this.say(original ? 'After is shown as given.' : 'After is shown aligned.')
  }

  setMarks(marks) {
    this.state.marks = marks
    this.overlay.build()
    this.#tell('marks')
  }

  setBase(base) {
    this.state.base = base
    this.rebuild()
  }

  /** Show only some regions; the selected one stays selected while it is shown. */
  setRegions(regions) {
    this.state.regions = regions
    if (!regions.some(({ id }) => id === this.state.selected)) this.select(null)
    this.overlay.build()
    this.#tell('regions')
  }

  /** Select a region by number (null selects none) and go there. */
  select(id, { fly = true } = {}) {
    const region = this.state.regions.find((one) => one.id === id)
    this.state.selected = region ? id : null
    this.stage.selected = region ?? null
    this.overlay.place()
    if (region) {
      if (this.state.mode === 'matches') this.setMode('side')
      // Inserted rows are one row of before: only after as given shows them.
      if (this.stage.frames.hasBands && region.after.height > region.before.height && !this.state.original) this.setOriginal(true)
      this.stage.view.show(region.before, { fly })
      if (fly) this.stage.bringIntoView()
      const { width, height, x, y } = region.before
      this.say(`Difference ${id}: ${region.kind}, ${width} by ${height} pixels at ${x}, ${y}.`)
    }
    this.#tell('select')
  }

  /** Go to the next (1) or previous (-1) region that is shown, around the end. */
  step(by) {
    const { regions, selected } = this.state
    if (!regions.length) return
    const at = regions.findIndex(({ id }) => id === selected)
    const next = at < 0 ? (by > 0 ? 0 : regions.length - 1) : (at + by + regions.length) % regions.length
    this.select(regions[next].id)
  }

  hover(id) {
    if (this.state.hovered === id) return
    this.state.hovered = id
    this.stage.element.classList.toggle('pointing', id !== null)
    this.overlay.place()
    this.#tell('hover')
  }

  setAreas(areas) {
    this.state.ignored = areas
    this.overlay.build()
    this.#tell('areas')
  }

  #clicked(hit) {
    this.dispatchEvent(new CustomEvent('point', { detail: { hit, clicked: true } }))
    if (this.inspecting) return
    const region = this.overlay.regionAt(hit)
    if (region) this.select(region.id)
    else if (this.state.selected !== null) this.select(null)
  }

  #hovered(hit) {
    this.dispatchEvent(new CustomEvent('point', { detail: { hit, clicked: false } }))
    this.hover(hit && !this.inspecting && !this.tool ? (this.overlay.regionAt(hit)?.id ?? null) : null)
  }

  #tell(name) {
    this.dispatchEvent(new Event(name))
  }
}
