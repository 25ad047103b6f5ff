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
let wanted = null // the side whose "Choose" button or area was used last

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
  addedfile: place,
  removedfile: () => {},
  error: refuse,
})

/** Put a new file into the wanted place if it is free, else into the first free one. */
function place(file) {
  problem.clear()
  const side = [wanted, ...SIDES].find((name) => name && !chosen[name])
  wanted = null
  if (!side) {
    problem.show('Two images are here already. Remove one to choose another.')
    file.surplus = true
    queueMicrotask(() => dropzone.removeFile(file))
    return
  }
  const used = slots[side].contains(document.activeElement)
  chosen[side] = file
  file.address = URL.createObjectURL(file)
  draw()
  if (used) (form.querySelector('.slot-empty:not([hidden]) .choose') ?? submit).focus() // the used button is gone
  say(`${file.name} is ${name(side)}.`)
}

/** A file that Dropzone refuses itself (type, size) leaves its place again. */
function refuse(file, message) {
  if (file.surplus || file.xhr) return
  const side = SIDES.find((name) => chosen[name] === file)
  if (side) remove(side)
  problem.show(`${file.name} ${message}.`)
}

function remove(side) {
  const file = chosen[side]
  chosen[side] = null
  URL.revokeObjectURL(file.address)
  dropzone.removeFile(file)
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
  slots[side].addEventListener('drop', () => { wanted = side }, { capture: true })
  slots[side].querySelector('.remove').addEventListener('click', () => {
    remove(side)
    say(`${name(side)} is empty.`)
    slots[side].querySelector('.choose').focus()
  })
}

swapButton.addEventListener('click', () => {
  [chosen.before, chosen.after] = [chosen.after, chosen.before]
  draw()
  say('Before and after are swapped.')
})

// Dropping beside the area counts too, and never makes the browser leave the page.
document.addEventListener('dragover', (event) => event.preventDefault())
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

function fail(body, code) {
  busy.close()
  problem.markField(body?.error?.field)
  problem.show(problem.sentence(body, code))
}

draw()

const recentSection = document.getElementById('recent')
document.getElementById('recent-clear').addEventListener('click', () => {
  recent.clear()
  recent.show(recentSection)
})
recent.show(recentSection)
