// The dialog shown while a comparison is on its way.
const dialog = document.getElementById('busy')
const title = document.getElementById('busy-title')
const bar = document.getElementById('busy-progress')
const cancel = document.getElementById('busy-cancel')
let onCancel = () => {}

cancel.addEventListener('click', () => onCancel())
dialog.addEventListener('cancel', (event) => {
  event.preventDefault()
  onCancel()
})

/** Open the dialog; `cancelled` is called when the person gives up waiting. */
export function open(cancelled) {
  onCancel = cancelled
  if (!dialog.open) dialog.showModal()
  comparing()
}

/** Show how much of the upload is done, in percent. */
export function uploading(percent) {
  title.textContent = `Uploading… ${Math.floor(percent)} %`
  bar.value = percent
}

/** The bytes are there; how long comparing takes is not known. */
export function comparing() {
  title.textContent = 'Comparing…'
  bar.removeAttribute('value')
}

export function close() {
  dialog.close()
}

// Coming back with the browser's Back button must not show a page that still waits.
window.addEventListener('pageshow', (event) => {
  if (event.persisted && dialog.open) dialog.close()
})
