// The report: the viewer in one file that needs no server, with copies of the pictures in it.
import * as histograms from './histograms.js'
import * as outline from './outline.js'
import * as address from './viewer/address.js'
import * as controls from './viewer/controls.js'
import * as inspector from './viewer/inspector.js'
import * as keys from './viewer/keys.js'
import * as regions from './viewer/regions.js'
import { load } from './viewer/settings.js'
import { Viewer } from './viewer/viewer.js'

const byId = (id) => document.getElementById(id)
const evaluation = JSON.parse(byId('evaluation').textContent)

// These two are drawn on the page without scripts, too, and lie there; after as given only where it is not the same.
for (const name of ['preview-before', 'preview-aligned']) evaluation.images[name] = byId(name).getAttribute('href')
evaluation.images['preview-after'] ??= evaluation.images['preview-aligned']

const viewer = new Viewer(evaluation, byId('stage'))
viewer.state.marks = load().marks ?? 'boxes'
for (const part of [controls, regions, inspector, keys, address]) part.connect(viewer)
viewer.setMarks(viewer.state.marks)

if (byId('outline')) outline.show(evaluation, byId('outline'))
histograms.show(evaluation, byId('histograms')).catch(() => { /* a damaged file: the page works without */ })
