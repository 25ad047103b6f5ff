// Wheel, drag, pinch and double click on the stage, told to one view.

const CLICK_PX = 4

/**
 * Listen on `stage`. `pick(event)` gives `{ view, point }` for the pane under the pointer, or null.
 * `tool(hit)` may give an object with `move`, `end` and `cancel` that takes a drag over, such as drawing.
 */
export function listen(stage, { pick, tool, clicked, hovered }) {
  const pointers = new Map()
  let drag = null

  stage.addEventListener('wheel', (event) => {
    const hit = pick(event)
    if (!hit) return
    const outward = event.deltaY > 0
    if (outward && hit.view.fitted) return // nothing to zoom out of: let the page scroll
    event.preventDefault()
    const lines = event.deltaMode === 1 ? 16 : 1
    const step = Math.max(-240, Math.min(240, event.deltaY * lines))
    hit.view.zoomBy(Math.exp(-step * (event.ctrlKey ? 0.01 : 0.0022)), hit.point)
  }, { passive: false })

  stage.addEventListener('pointerdown', (event) => {
    if (event.button !== 0 || event.target.closest('button, input, a')) return
    const hit = pick(event)
    if (!hit) return
    pointers.set(event.pointerId, { x: event.clientX, y: event.clientY })
    if (pointers.size === 1) drag = { hit, moved: false, tool: tool?.(hit), x: event.clientX, y: event.clientY }
    else if (drag) {
      drag.tool?.cancel()
      drag = { ...drag, tool: null, moved: true }
    }
  })

  stage.addEventListener('pointermove', (event) => {
    const last = pointers.get(event.pointerId)
    if (!last) {
      if (event.pointerType !== 'touch') hovered?.(pick(event))
      return
    }
    const dx = event.clientX - last.x
    const dy = event.clientY - last.y
    if (!drag.moved && Math.hypot(event.clientX - drag.x, event.clientY - drag.y) < CLICK_PX) return
    if (!drag.moved) {
      drag.moved = true
      stage.setPointerCapture(event.pointerId)
      stage.classList.add('grabbing')
    }
    const before = spread(pointers)
    pointers.set(event.pointerId, { x: event.clientX, y: event.clientY })
    if (pointers.size === 2) pinch(before, spread(pointers))
    else if (drag.tool) drag.tool.move(pointIn(event, drag.hit))
    else drag.hit.view.panBy(dx, dy)
  })

  function pinch(before, after) {
    const { hit } = drag
    const point = { x: after.x - hit.left, y: after.y - hit.top }
    hit.view.panBy(after.x - before.x, after.y - before.y)
    if (before.distance > 0) hit.view.zoomBy(after.distance / before.distance, point)
  }

  function release(event) {
    if (!pointers.delete(event.pointerId)) return
    if (pointers.size > 0) return
    stage.classList.remove('grabbing')
    const ended = drag
    drag = null
    if (ended.tool) ended.tool.end()
    else if (!ended.moved && event.type === 'pointerup') clicked?.(ended.hit)
  }
  stage.addEventListener('pointerup', release)
  stage.addEventListener('pointercancel', release)
  stage.addEventListener('pointerleave', () => hovered?.(null))

  stage.addEventListener('dblclick', (event) => {
    if (event.target.closest('button, input, a')) return
    const hit = pick(event)
    if (!hit) return
    if (hit.view.fitted) hit.view.zoomTo(Math.max(1, hit.view.fitScale * 2.5), hit.point, { fly: true })
    else hit.view.fit()
  })
}

function pointIn(event, hit) {
  return { x: event.clientX - hit.left, y: event.clientY - hit.top }
}

function spread(pointers) {
  const [a, b = a] = [...pointers.values()]
  return { x: (a.x + b.x) / 2, y: (a.y + b.y) / 2, distance: Math.hypot(a.x - b.x, a.y - b.y) }
}
