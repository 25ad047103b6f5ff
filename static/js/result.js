// The result page.
import './forms.js'
import * as histograms from './histograms.js'
import * as outline from './outline.js'
import * as recent from './recent.js'
import * as share from './share.js'
import * as address from './viewer/address.js'
import * as controls from './viewer/controls.js'
import * as ignore from './viewer/ignore.js'
import * as inspector from './viewer/inspector.js'
import * as keys from './viewer/keys.js'
import * as regions from './viewer/regions.js'
import { load } from './viewer/settings.js'
import { Viewer } from './viewer/viewer.js'

const byId = (id) => document.getElementById(id)
const evaluation = JSON.parse(byId('evaluation').textContent)

const viewer = new Viewer(evaluation, byId('stage'))
viewer.state.marks = load().marks ?? 'boxes'
for (const part of [controls, regions, ignore, inspector, keys, address]) part.connect(viewer)
viewer.setMarks(viewer.state.marks)

share.connect(evaluation)
byId('delete-form').addEventListener('submit', () => recent.remove(evaluation.id))

// What is further down the page waits until the pictures are on the screen.
const later = async () => {
  if (byId('outline')) outline.show(evaluation, byId('outline'))
  const quietly = (work) => work.catch(() => { /* a picture is gone: the page works without */ })
  await quietly(recent.add(evaluation, document.querySelector('h1').textContent))
  await quietly(histograms.show(evaluation, byId('histograms')))
}
const whenIdle = () => ('requestIdleCallback' in window ? requestIdleCallback(later, { timeout: 2000 }) : setTimeout(later, 200))
if (document.readyState === 'complete') whenIdle()
else window.addEventListener('load', whenIdle)
