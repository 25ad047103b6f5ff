// The pixel inspector: both colours under the cursor, their difference, and a magnified neighbourhood.
import { project } from './geometry.js'

const TILE = 128
const LOUPE = 11
const byId = (id) => document.getElementById(id)

/** Reads pixels of one picture through a small tile, so that a large picture is never copied whole. */
class Sampler {
  constructor(picture) {
    this.picture = picture
    this.canvas = Object.assign(document.createElement('canvas'), { width: TILE, height: TILE })
    this.context = this.canvas.getContext('2d', { willReadFrequently: true })
    this.origin = null
  }

  async around(point) {
    const image = await this.picture.loadFull()
    const { width, height } = this.picture.size
    const x = Math.floor(point.x)
    const y = Math.floor(point.y)
    if (x < 0 || y < 0 || x >= width || y >= height) return null
    const margin = (LOUPE - 1) / 2
    const { origin } = this
    const held = origin && x - margin >= origin.x && y - margin >= origin.y && x + margin < origin.x + TILE && y + margin < origin.y + TILE
    if (!held) {
      this.origin = { x: x - TILE / 2, y: y - TILE / 2 }
      this.context.clearRect(0, 0, TILE, TILE)
      this.context.drawImage(image, -this.origin.x, -this.origin.y)
    }
    const left = x - margin - this.origin.x
    const top = y - margin - this.origin.y
    const loupe = this.context.getImageData(left, top, LOUPE, LOUPE)
    const at = 4 * (margin * LOUPE + margin)
    return { loupe, color: [...loupe.data.slice(at, at + 4)] }
  }
}

export function connect(viewer) {
  const panel = byId('inspector')
  const lock = byId('inspect-lock')
  const inputs = { x: byId('inspect-x'), y: byId('inspect-y') }
  const samplers = new Map()
  let busy = false
  let next = null

  const sampler = (name) => {
    if (!samplers.has(name)) samplers.set(name, new Sampler(viewer.stage.picture(name)))
    return samplers.get(name)
  }
  const isLocked = () => lock.getAttribute('aria-pressed') === 'true'
  const setLocked = (locked) => {
    lock.setAttribute('aria-pressed', locked)
    lock.textContent = locked ? 'Unlock' : 'Lock'
  }

  /** Show the newest point asked for; points that come while one is read replace each other. */
  async function show(point) {
    next = point
    if (busy) return
    busy = true
    while (next) {
      const at = next
      next = null
      const { original } = viewer.state
      const centre = { x: at.x + 0.5, y: at.y + 0.5 }
      const there = original ? project(viewer.evaluation.alignment.matrix, at) : at
      const place = original ? { x: Math.round(there.x), y: Math.round(there.y) } : centre
      try {
        draw(panel, at, await sampler('before').around(centre), await sampler(original ? 'after' : 'aligned').around(place))
      } catch { /* a picture that cannot be read leaves the last values */ }
    }
    busy = false
  }

  const set = (inspecting) => {
    viewer.inspecting = inspecting
    panel.hidden = !inspecting
    byId('inspect').setAttribute('aria-pressed', inspecting)
    viewer.stage.element.classList.toggle('inspecting', inspecting)
    setLocked(false)
    if (inspecting) show({ x: Math.floor(viewer.stage.view.x), y: Math.floor(viewer.stage.view.y) })
  }
  viewer.toggleInspector = () => set(!viewer.inspecting)
  viewer.toggleLock = () => viewer.inspecting && setLocked(!isLocked())
  byId('inspect').addEventListener('click', viewer.toggleInspector)
  lock.addEventListener('click', viewer.toggleLock)
  for (const input of Object.values(inputs)) {
    input.addEventListener('input', () => {
      setLocked(true)
      show({ x: Number(inputs.x.value), y: Number(inputs.y.value) })
    })
  }
  viewer.addEventListener('original', () => {
    if (viewer.inspecting) show({ x: Number(inputs.x.value), y: Number(inputs.y.value) })
  })
  viewer.addEventListener('point', ({ detail: { hit, clicked } }) => {
    if (!viewer.inspecting || !hit?.pane.side || (isLocked() && !clicked)) return
    const { x, y } = hit.view.toPicture(hit.point) // both panes show the same place
    const size = viewer.stage.size
    if (x < 0 || y < 0 || x >= size.width || y >= size.height) return
    if (clicked) setLocked(!isLocked())
    show({ x: Math.floor(x), y: Math.floor(y) })
  })
}

function draw(panel, at, before, after) {
  byId('inspect-x').value = at.x
  byId('inspect-y').value = at.y
  drawSample(panel.querySelector('[data-sample=before]'), before)
  drawSample(panel.querySelector('[data-sample=after]'), after)
  byId('inspect-delta').textContent = before && after && before.color[3] && after.color[3] ? delta(before.color, after.color) : 'no pixel of after here'
}

function drawSample(element, sample) {
  const context = element.querySelector('canvas').getContext('2d')
  context.clearRect(0, 0, LOUPE, LOUPE)
  const [red, green, blue, alpha] = sample?.color ?? [0, 0, 0, 0]
  if (sample) context.putImageData(sample.loupe, 0, 0)
  element.querySelector('.swatch').style.backgroundColor = sample ? `rgb(${red} ${green} ${blue} / ${alpha / 255})` : ''
  element.querySelector('.hex').textContent = sample ? `#${[red, green, blue].map((value) => value.toString(16).padStart(2, '0')).join('')}` : '–'
  element.querySelector('.rgb').textContent = sample ? `${red}, ${green}, ${blue}${alpha < 255 ? `, alpha ${alpha}` : ''}` : 'outside'
}

function delta(before, after) {
  const signed = [0, 1, 2].map((channel) => after[channel] - before[channel])
  const words = signed.map((value) => (value > 0 ? `+${value}` : value < 0 ? `−${-value}` : '0')).join(', ')
  return `${words} (largest ${Math.max(...signed.map(Math.abs))})`
}
