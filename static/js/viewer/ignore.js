// Draw rectangles on the picture that a new comparison leaves out.
import { boxAround } from './geometry.js'
import * as boxes from './boxes.js'

const byId = (id) => document.getElementById(id)

export function connect(viewer) {
  const button = byId('ignore')
  const panel = byId('areas')
  const setDrawing = (drawing) => {
    button.setAttribute('aria-pressed', drawing)
    viewer.stage.element.classList.toggle('drawing', drawing)
    viewer.tool = drawing ? (hit) => (hit.pane.side ? drawTool(viewer, hit) : null) : null
    showPanel()
  }
  const showPanel = () => { panel.hidden = !viewer.tool && !viewer.state.ignored.length }
  viewer.toggleDrawing = () => setDrawing(!viewer.tool)
  viewer.stopDrawing = () => setDrawing(false)
  button.addEventListener('click', viewer.toggleDrawing)
  byId('areas-clear').addEventListener('click', () => viewer.setAreas([]))
  byId('areas-apply').addEventListener('click', () => byId('again-form').requestSubmit())
  viewer.addEventListener('areas', () => {
    list(viewer)
    showPanel()
    byId('again-ignore').value = boxes.write(viewer.state.ignored)
  })
  byId('again-ignore').addEventListener('change', (event) => viewer.setAreas(boxes.read(event.target.value, viewer.stage.size)))
  list(viewer)
  showPanel()
}

function list(viewer) {
  const { ignored } = viewer.state
  byId('areas-list').replaceChildren(...ignored.map((box, index) => {
    const item = document.createElement('li')
    item.textContent = `${box.width} × ${box.height} px at ${box.x}, ${box.y} `
    const remove = document.createElement('button')
    remove.type = 'button'
    remove.className = 'link'
    remove.textContent = 'remove'
    remove.setAttribute('aria-label', `Remove area ${index + 1}`)
    remove.addEventListener('click', () => viewer.setAreas(ignored.filter((one) => one !== box)))
    item.append(remove)
    return item
  }))
  const changed = boxes.write(ignored) !== boxes.write(viewer.evaluation.options.ignore)
  byId('areas-apply').disabled = !changed
  byId('areas-apply').textContent = ignored.length ? 'Compare again without these' : 'Compare again'
  byId('areas-clear').disabled = !ignored.length
}

/** One drag that draws a rectangle, always in pixels of before. */
function drawTool(viewer, hit) {
  const { stage, state } = viewer
  const place = (point) => stage.inBefore(hit.pane, point)
  const from = place(hit.point)
  const stop = () => {
    state.drawing = null
    viewer.overlay.build()
  }
  return {
    move(point) {
      const box = boxAround(from, place(point))
      if (stage.frames.hasBands) box.height = Math.max(1, box.height) // inserted rows are one row of before
      state.drawing = boxes.inside(box, stage.size)
      viewer.overlay.build()
    },
    end() {
      const box = state.drawing
      stop()
      if (box?.width && box.height) {
        viewer.setAreas([...state.ignored, box])
        viewer.say(`Area of ${box.width} by ${box.height} pixels added.`)
      }
    },
    cancel: stop,
  }
}
