// Draws what alignment did: the frame of after as it lies over before.
import { corners, inverse, project } from './viewer/geometry.js'

const NS = 'http://www.w3.org/2000/svg'

export function show(evaluation, figure) {
  const { before, after, alignment } = evaluation
  const back = inverse(alignment.matrix)
  const frame = corners(after).map((corner) => project(back, corner))
  const all = [...frame, ...corners(before)]
  const [left, top] = ['x', 'y'].map((axis) => Math.min(...all.map((point) => point[axis])))
  const [right, bottom] = ['x', 'y'].map((axis) => Math.max(...all.map((point) => point[axis])))
  if (![left, top, right, bottom].every(Number.isFinite)) return
  const margin = 0.03 * Math.max(right - left, bottom - top)
  const svg = figure.querySelector('svg')
  svg.setAttribute('viewBox', [left - margin, top - margin, right - left + 2 * margin, bottom - top + 2 * margin].join(' '))
  const add = (name, attributes) => {
    const element = document.createElementNS(NS, name)
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value)
    svg.append(element)
  }
  add('image', { href: evaluation.images['preview-before'], width: before.width, height: before.height, preserveAspectRatio: 'none' })
  add('rect', { class: 'frame-before', width: before.width, height: before.height })
  add('path', { class: 'frame-after', d: `M${frame.map(({ x, y }) => `${x} ${y}`).join('L')}Z` })
  add('circle', { class: 'frame-corner', cx: frame[0].x, cy: frame[0].y, r: margin / 2.5 })
  figure.hidden = false
}
