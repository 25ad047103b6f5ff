// The result page.
import './forms.js'
import './share.js'
import * as address from './viewer/address.js'
import * as controls from './viewer/controls.js'
import * as ignore from './viewer/ignore.js'
import * as inspector from './viewer/inspector.js'
import * as keys from './viewer/keys.js'
import * as regions from './viewer/regions.js'
import { load } from './viewer/settings.js'
import { Viewer } from './viewer/viewer.js'

const evaluation = JSON.parse(document.getElementById('evaluation').textContent)

document.getElementById('workbench').hidden = false
const viewer = new Viewer(evaluation, document.getElementById('stage'))
viewer.state.marks = load().marks ?? 'boxes'
for (const part of [controls, regions, ignore, inspector, keys, address]) part.connect(viewer)
viewer.setMarks(viewer.state.marks)
