// The pixel inspector: both colours under the cursor, their difference, and a magnified neighbourhood.
const PART = 128
const LOUPE = 11
const byId = (id) => document.getElementById(id)

/** Reads pixels of one picture through a small part, so that a large picture is never copied whole. */
class Sampler {
  constructor(picture) {
    this.picture = picture
    this.canvas = Object.assign(document.createElement('canvas'), { width: PART, height: PART })
    this.context = this.canvas.getContext('2d', { willReadFrequently: true })
    this.origin = null
  }

  async around(point) {
    const { width, height } = this.picture.size
    const x = Math.floor(point.x)
    const y = Math.floor(point.y)
    if (x < 0 || y < 0 || x >= width || y >= height) return null
    const margin = (LOUPE - 1) / 2
    const { origin } = this
    const held = origin && x - margin >= origin.x && y - margin >= origin.y && x + margin < origin.x + PART && y + margin < origin.y + PART
    if (!held) {
      this.origin = null
      this.context.clearRect(0, 0, PART, PART)
      const next = { x: x - PART / 2, y: y - PART / 2 }
      await this.picture.paint(this.context, next, PART)
      this.origin = next
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
  const sampleOfAfter = async (at) => {
    if (!viewer.state.original) return sampler('aligned').around(at)
    const { frames } = viewer.stage
    if (!frames.isInBoth(at, 'before')) return null
    return sampler('after').around(frames.toAfter({ x: at.x + 0.5, y: at.y + 0.5 }))
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
      try {
        draw(panel, await sampler('before').around(at), await sampleOfAfter(at))
      } catch { /* a picture that cannot be read leaves the last values */ }
    }
    busy = false
  }

  /** Write a place of before into the fields, and show it. */
  const go = ({ x, y }) => {
    inputs.x.value = Math.floor(x)
    inputs.y.value = Math.floor(y)
    showTyped()
  }
  const showTyped = () => show({ x: Number(inputs.x.value), y: Number(inputs.y.value) })

  const set = (inspecting) => {
    viewer.inspecting = inspecting
    panel.hidden = !inspecting
    byId('inspect').setAttribute('aria-pressed', inspecting)
    viewer.stage.element.classList.toggle('inspecting', inspecting)
    setLocked(false)
    if (inspecting) go(viewer.stage.view)
  }
  viewer.toggleInspector = () => set(!viewer.inspecting)
  viewer.toggleLock = () => viewer.inspecting && setLocked(!isLocked())
  byId('inspect').addEventListener('click', viewer.toggleInspector)
  lock.addEventListener('click', viewer.toggleLock)
  for (const input of Object.values(inputs)) {
    input.addEventListener('input', () => {
      setLocked(true)
      showTyped()
    })
  }
  viewer.addEventListener('original', () => {
    if (viewer.inspecting) showTyped()
  })
  viewer.addEventListener('point', ({ detail: { hit, clicked } }) => {
    if (!viewer.inspecting || !hit?.pane.side || (isLocked() && !clicked)) return
    const { pane, point } = hit
    const { size, frames } = viewer.stage
    if (pane.original && !frames.isInBoth(viewer.stage.at(pane, point), 'after')) return
    const { x, y } = viewer.stage.inBefore(pane, point)
    if (x < 0 || y < 0 || x >= size.width || y >= size.height) return
    if (clicked) setLocked(!isLocked())
    go({ x, y })
  })
}

function draw(panel, before, after) {
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
  return `${words}\nlargest ${Math.max(...signed.map(Math.abs))}`
}
