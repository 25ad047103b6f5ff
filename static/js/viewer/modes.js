// The ways to look at two pictures. Each gives the panes for the stage; all share one view and one frame.
import { Viewport } from './viewport.js'

const MODES = ['side', 'swipe', 'fade', 'blink', 'difference', 'heat', 'matches']

/** The modes for which there are pictures: a report has no drawn matches. */
export function modesFor({ images }) {
  return MODES.filter((mode) => mode !== 'matches' || images.matches)
}

/** Panes of one mode; `original` shows after as given instead of aligned. */
export function panesOf(mode, stage, { original, base }) {
  const before = () => ({ name: 'before', picture: stage.picture('before') })
  const after = () => ({ name: 'after', picture: stage.picture(original ? 'after' : 'aligned') })
  const words = original ? 'After, as given' : 'After, aligned'
  switch (mode) {
    case 'swipe':
    case 'fade':
      return [{ side: 'before', labels: ['Before', words], sheets: [before(), after()] }]
    case 'blink':
      return [{ side: 'before', labels: ['Before'], words, sheets: [before(), after()] }]
    case 'difference':
      return [{ side: 'before', sheets: differenceSheets(base, before, after, stage) }]
    case 'heat':
      return [{ side: 'before', sheets: [before(), { name: 'heat', picture: stage.picture('heatmap') }] }]
    case 'matches':
      return [{ sheets: [{ name: 'matches', picture: stage.picture('matches') }] }]
    default:
      return [
        { side: 'before', labels: ['Before'], sheets: [before()] },
        { side: 'after', labels: [words], original, sheets: [after()] },
      ]
  }
}

function differenceSheets(base, before, after, stage) {
  if (base === 'pixels') return [before(), { ...after(), name: 'after-difference' }]
  return [base === 'after' ? after() : before(), { name: 'mask', picture: stage.picture('mask') }]
}

/** The drawn matches are a picture of another size: they have a view of their own. */
export function matchesView(stage) {
  const picture = stage.picture('matches')
  const view = new Viewport({ width: stage.size.width + stage.afterSize.width, height: Math.max(stage.size.height, stage.afterSize.height) })
  view.addEventListener('change', () => stage.draw())
  picture.image.addEventListener('load', () => {
    picture.size = { width: picture.image.naturalWidth, height: picture.image.naturalHeight }
    view.resize(view.pane, picture.size)
  })
  return view
}
