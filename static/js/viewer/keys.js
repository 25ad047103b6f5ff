// Keyboard: one key each, listed in the dialog that ? opens.
const PAN_PX = 80
const byId = (id) => document.getElementById(id)

export function connect(viewer) {
  const dialog = byId('keys')
  const press = (id) => byId(id).click()
  const actions = {
    'j': () => viewer.step(1),
    'k': () => viewer.step(-1),
    'h': () => viewer.setMarks(viewer.state.marks === 'off' ? 'boxes' : 'off'),
    'c': () => viewer.setMarks(viewer.state.marks === 'contours' ? 'boxes' : 'contours'),
    'o': () => viewer.setOriginal(!viewer.state.original),
    'd': () => viewer.setMode(viewer.state.mode === 'difference' ? 'side' : 'difference'),
    'b': () => (viewer.state.mode === 'blink' ? viewer.blink.toggle() : viewer.setMode('blink')),
    '0': () => viewer.view.fit(),
    'z': () => press('zoom-real'),
    '+': () => press('zoom-in'),
    '=': () => press('zoom-in'),
    '-': () => press('zoom-out'),
    'i': () => viewer.toggleInspector(),
    'l': () => viewer.toggleLock(),
    'x': () => viewer.toggleDrawing?.(), // a report cannot be compared again
    '?': () => dialog.showModal(),
    'Escape': () => escape(viewer),
  }
  viewer.modes.forEach((mode, index) => { actions[index + 1] = () => viewer.setMode(mode) })

  document.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return
    if (document.querySelector('dialog[open]') || isTyping(event.target)) return
    const action = actions[event.key.length === 1 ? event.key.toLowerCase() : event.key]
    if (!action) return
    event.preventDefault()
    action()
  })
  viewer.stage.element.addEventListener('keydown', (event) => arrows(viewer, event))
  byId('help').addEventListener('click', () => dialog.showModal())
}

function isTyping(target) {
  return target.matches('textarea, select, [contenteditable], input:not([type=range], [type=radio], [type=checkbox], [type=color])')
}

function escape(viewer) {
  if (viewer.tool) viewer.stopDrawing()
  else if (viewer.inspecting) viewer.toggleInspector()
  else viewer.select(null)
}

/** Arrows move the picture; in swipe, fade and blink, left and right go between before and after. */
function arrows(viewer, event) {
  if (event.target !== viewer.stage.element || event.ctrlKey || event.metaKey || event.altKey) return
  const { mode } = viewer.state
  const sideways = { ArrowLeft: -1, ArrowRight: 1 }[event.key]
  const upright = { ArrowUp: -1, ArrowDown: 1 }[event.key]
  if (!sideways && !upright) return
  if (sideways && !event.shiftKey && ['swipe', 'fade', 'blink'].includes(mode)) {
    event.preventDefault()
    if (mode === 'blink') viewer.blink.show(sideways > 0)
    else nudge(byId(`${mode}-at`), sideways * 2)
    return
  }
  if (viewer.view.fitted) return // nothing to move: let the page scroll
  event.preventDefault()
  viewer.view.panBy(-(sideways ?? 0) * PAN_PX, -(upright ?? 0) * PAN_PX)
}

function nudge(input, by) {
  input.value = Number(input.value) + by
  input.dispatchEvent(new Event('input'))
}
