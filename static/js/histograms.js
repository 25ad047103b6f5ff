// Histograms of both images, counted from the previews and drawn as plots with a sentence for each channel.
import { reduced } from './reduced.js'

const NS = 'http://www.w3.org/2000/svg'
const BINS = 64
const SIDE = 400 // enough pixels for 64 bins
const CHANNELS = ['Red', 'Green', 'Blue']

/** Count the levels of a picture, as shares per bin and channel, and their means. */
async function count(url) {
  const canvas = await reduced(url, SIDE)
  const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height)
  const bins = CHANNELS.map(() => new Float64Array(BINS))
  const sums = [0, 0, 0]
  let pixels = 0
  for (let at = 0; at < data.length; at += 4) {
    if (data[at + 3] < 128) continue // nothing is there
    pixels += 1
    for (let channel = 0; channel < 3; channel += 1) {
      const level = data[at + channel]
      bins[channel][Math.floor((level * BINS) / 256)] += 1
      sums[channel] += level
    }
  }
  const share = Math.max(pixels, 1)
  return { bins: bins.map((row) => row.map((value) => value / share)), means: sums.map((sum) => sum / share) }
}

function path(row, top, closed) {
  const points = [...row].map((share, bin) => `${(100 * (bin + 0.5)) / BINS} ${40 - 38 * Math.sqrt(share / top)}`)
  return closed ? `M0 40L${points.join('L')}L100 40Z` : `M${points.join('L')}`
}

function plot(channel, before, after) {
  const top = Math.max(...before.bins[channel], ...after.bins[channel])
  const figure = document.createElement('figure')
  const svg = document.createElementNS(NS, 'svg')
  svg.setAttribute('viewBox', '0 0 100 40')
  svg.setAttribute('preserveAspectRatio', 'none')
  svg.setAttribute('aria-hidden', 'true')
  for (const [name, row, closed] of [['before', before.bins[channel], true], ['after', after.bins[channel], false]]) {
    const line = document.createElementNS(NS, 'path')
    line.setAttribute('class', `histogram-${name}`)
    line.setAttribute('d', path(row, top, closed))
    svg.append(line)
  }
  const caption = document.createElement('figcaption')
  caption.textContent = `${CHANNELS[channel]}: mean ${before.means[channel].toFixed(0)} before, ${after.means[channel].toFixed(0)} after`
  figure.append(svg, caption)
  return figure
}

export async function show(evaluation, section) {
  const [before, after] = await Promise.all([count(evaluation.images['preview-before']), count(evaluation.images['preview-after'])])
  section.querySelector('.histograms').replaceChildren(...CHANNELS.map((_, channel) => plot(channel, before, after)))
  section.hidden = false
}
