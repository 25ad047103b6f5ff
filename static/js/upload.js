// The upload page: exactly two images, Before and After, sent in one request with Dropzone.
import * as busy from './busy.js'
import './forms.js'
import * as problem from './problem.js'
import * as recent from './recent.js'

/* global Dropzone */
Dropzone.autoDiscover = false

const SIDES = ['before', 'after']
const form = document.getElementById('compare')
const slots = Object.fromEntries(SIDES.map((side) => [side, form.querySelector(`[data-side=${side}]`)]))
const swapButton = document.getElementById('swap')
const submit = document.getElementById('submit')
const status = document.getElementById('status')
const chosen = { before: null, after: null }
let wanted = null // the side whose "Choose" button or area is used just now
let batch = null // the files of one gesture: they come one by one, but are placed together

for (const slot of Object.values(slots)) {
  slot.querySelector('.slot-plain').remove() // else its empty inputs would be sent as well
  slot.querySelector('.slot-empty').hidden = false
}

const dropzone = new Dropzone(form, {
  url: form.dataset.url,
  paramName: (index) => SIDES[index],
  uploadMultiple: true,
  parallelUploads: 2,
  autoProcessQueue: false,
  maxFilesize: Number(form.dataset.maxBytes) / 1024 ** 2,
  acceptedFiles: form.dataset.accept,
  clickable: [...form.querySelectorAll('.choose')],
  createImageThumbnails: false,
  timeout: 0,
  headers: { Accept: 'application/json' },
  dictInvalidFileType: 'is not an image of a kind that can be compared',
  dictFileTooBig: `is larger than ${form.dataset.maxMegabytes} MB`,
  addedfile: gather,
  removedfile: () => {},
  error: refuse,
})

function gather(file) {
  if (!batch) {
    batch = { files: [], refused: [] }
    queueMicrotask(settle)
  }
  batch.files.push(file)
}

/** Dropzone refuses a file itself (type, size) right after it came. */
function refuse(file, message) {
  if (file.xhr) return
  batch.files = batch.files.filter((other) => other !== file)
  batch.refused.push(file)
  file.why = `${file.name} ${message}.`
}

/** Place what one gesture brought: one image where it was meant to go, two as before and after. */
function settle() {
  const { files, refused } = batch
  const place = wanted ?? SIDES.find((side) => !chosen[side])
  const sides = files.length > 1 ? SIDES : files.length && place ? [place] : []
  const surplus = files.slice(sides.length)
  const used = document.activeElement.closest('.slot-empty')
  for (const file of surplus) {
    file.why = sides.length ? `${file.name} was left out: two images are compared.`
      : 'Two images are here already. Remove one to choose another.'
  }
  batch = wanted = null
  problem.clear()
  sides.forEach((side, index) => put(side, files[index]))
  draw()
  say(sides.map((side) => `${chosen[side].name} is ${name(side)}.`).join(' '))
  const unplaced = [...refused, ...surplus]
  for (const file of unplaced) dropzone.removeFile(file)
  if (unplaced.length) problem.show(unplaced.map(({ why }) => why).join(' '))
  else if (used?.hidden) (form.querySelector('.slot-empty:not([hidden]) .choose') ?? submit).focus() // the used button is gone
}

function put(side, file) {
  if (chosen[side]) discard(side)
  chosen[side] = file
  file.address = URL.createObjectURL(file)
}

function discard(side) {
  const file = chosen[side]
  chosen[side] = null
  URL.revokeObjectURL(file.address)
  dropzone.removeFile(file)
}

/** Empty a place; what was wrong with its image is no longer of interest. */
function remove(side) {
  discard(side)
  problem.clear()
  draw()
}

function name(side) {
  return side === 'before' ? 'Before' : 'After'
}

function say(text) {
  status.textContent = text
}

function written(bytes) {
  return bytes >= 1e6 ? `${(bytes / 1e6).toFixed(1)} MB` : `${Math.max(1, Math.round(bytes / 1e3))} kB`
}

function draw() {
  for (const side of SIDES) drawSlot(slots[side], chosen[side], side)
  const complete = Boolean(chosen.before && chosen.after)
  swapButton.hidden = !(chosen.before || chosen.after)
  swapButton.disabled = swapButton.hidden
  submit.disabled = !complete
}

function drawSlot(slot, file, side) {
  slot.querySelector('.slot-empty').hidden = Boolean(file)
  slot.querySelector('.slot-full').hidden = !file
  const image = slot.querySelector('img')
  const type = slot.querySelector('.slot-type')
  if (!file) {
    image.removeAttribute('src')
    return
  }
  image.hidden = false
  type.hidden = true
  image.onerror = () => { // TIFF and HEIC: the server reads them, most browsers do not
    image.hidden = true
    type.hidden = false
    type.textContent = file.name.includes('.') ? file.name.split('.').pop().toUpperCase() : 'Image'
  }
  image.src = file.address
  image.alt = `${name(side)}: ${file.name}`
  slot.querySelector('.slot-name').textContent = file.name
  slot.querySelector('.slot-name').title = file.name
  slot.querySelector('.slot-size').textContent = written(file.size)
}

for (const side of SIDES) {
  // Before Dropzone's own click handler opens the file picker.
  slots[side].querySelector('.choose').addEventListener('click', () => { wanted = side }, { capture: true })
  slots[side].querySelector('.remove').addEventListener('click', () => {
    remove(side)
    say(`${name(side)} is empty.`)
    slots[side].querySelector('.choose').focus()
  })
}

document.addEventListener('cancel', () => { wanted = null }, { capture: true }) // of the file picker: nothing was chosen

swapButton.addEventListener('click', () => {
  [chosen.before, chosen.after] = [chosen.after, chosen.before]
  problem.clear()
  draw()
  say('Before and after are swapped.')
})

// Dropping beside the area counts too, and never makes the browser leave the page.
document.addEventListener('dragover', (event) => event.preventDefault())
document.addEventListener('drop', (event) => { wanted = event.target.closest('[data-side]')?.dataset.side ?? null }, { capture: true })
document.addEventListener('drop', (event) => {
  event.preventDefault()
  form.classList.remove('dragging')
  if (!form.contains(event.target)) for (const file of event.dataTransfer.files) dropzone.addFile(file)
})
document.addEventListener('dragenter', () => form.classList.add('dragging'))
document.addEventListener('dragleave', (event) => {
  if (!event.relatedTarget) form.classList.remove('dragging')
})

document.addEventListener('paste', (event) => {
  wanted = null
  for (const file of event.clipboardData?.files ?? []) {
    if (file.type.startsWith('image/')) dropzone.addFile(file)
  }
})

form.addEventListener('submit', (event) => {
  event.preventDefault()
  if (!chosen.before || !chosen.after) return
  problem.clear()
  problem.markField()
  dropzone.files = [chosen.before, chosen.after] // their order gives them their names
  for (const file of dropzone.files) file.status = Dropzone.QUEUED
  busy.open(() => dropzone.files.forEach((file) => dropzone.cancelUpload(file)))
  dropzone.processQueue()
})

dropzone.on('totaluploadprogress', (percent) => {
  if (percent < 100) busy.uploading(percent)
  else busy.comparing()
})
dropzone.on('successmultiple', (_files, body) => {
  if (body?.url) location.assign(body.url)
  else fail(null, 200)
})
dropzone.on('errormultiple', (_files, body, xhr) => {
  if (xhr) fail(body, xhr.status) // else refused before sending, see `refuse`
})
dropzone.on('canceledmultiple', () => busy.close())

async function fail(body, code) {
  busy.close()
  const changed = code ? [] : await unreadable()
  if (changed.length) {
    const words = changed.map((side) => `${chosen[side].name} has changed since it was chosen. Choose it again.`)
    changed.forEach(remove)
    problem.show(words.join(' '))
    return
  }
  problem.markField(body?.error?.field)
  problem.show(problem.sentence(body, code))
}

/** Give the sides whose file is no longer the one that was chosen: a browser never sends it, and does not say why. */
async function unreadable() {
  const read = (side) => chosen[side].slice(0, 1).arrayBuffer()
  const reads = await Promise.allSettled(SIDES.map(read))
  return SIDES.filter((_, index) => reads[index].status === 'rejected')
}

draw()

const recentSection = document.getElementById('recent')
document.getElementById('recent-clear').addEventListener('click', () => {
  recent.clear()
  recent.show(recentSection)
})
recent.show(recentSection)
