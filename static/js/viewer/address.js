// Mode, region and drawn areas live in the address, so that a link opens where the sender was.
import * as boxes from './boxes.js'

/** Put the state into the address without adding to the history. */
function write(viewer) {
  const { mode, selected, original, ignored } = viewer.state
  const url = new URL(location.href)
  const set = (name, value) => (value ? url.searchParams.set(name, value) : url.searchParams.delete(name))
  set('mode', mode === 'side' ? null : mode)
  set('region', selected)
  set('after', original ? 'given' : null)
  const drawn = boxes.write(ignored)
  set('ignore', drawn === boxes.write(viewer.evaluation.options.ignore) ? null : drawn)
  history.replaceState(null, '', url)
}

/** Start from the address, then keep it up to date. */
export function connect(viewer) {
  const asked = new URL(location.href).searchParams
  viewer.state.original = asked.get('after') === 'given'
  viewer.setMode(asked.get('mode'))
  if (asked.has('ignore')) viewer.setAreas(boxes.read(asked.get('ignore'), viewer.stage.size))
  if (asked.has('region')) viewer.select(Number(asked.get('region')), { fly: false })
  for (const name of ['mode', 'select', 'original', 'areas', 'regions']) viewer.addEventListener(name, () => write(viewer))
}
