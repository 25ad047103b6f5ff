// The one place on a page where a problem is told.
const box = document.getElementById('problem')
const text = box.querySelector('p')

/** Say what went wrong and bring it into view. */
export function show(message) {
  text.textContent = message.replace(/^(before|after)\b/, (side) => (side === 'before' ? 'Before' : 'After'))
  box.hidden = false
  box.focus()
}

export function clear() {
  box.hidden = true
  text.textContent = ''
}

/** Open the folds around the option that was refused and mark it; no name clears the mark. */
export function markField(name) {
  for (const field of document.querySelectorAll('.field-wrong')) field.classList.remove('field-wrong')
  const input = name && document.querySelector(`form [name="${CSS.escape(name)}"]`)
  if (!input) return
  input.closest('.field')?.classList.add('field-wrong')
  unfold(input)
}

function unfold(input) {
  for (let fold = input.closest('details'); fold; fold = fold.parentElement.closest('details')) fold.open = true
}

// The browser points at a field that it refuses only where that can be seen: in a closed fold it would do nothing at all.
document.addEventListener('invalid', (event) => unfold(event.target), { capture: true })

/** Turn the answer of a failed request into a sentence. */
export function sentence(body, status) {
  if (body?.error?.message) return body.error.message
  if (status === 413) return 'The images are larger than this server takes.'
  if (!status) return 'The server cannot be reached. Check the connection and try again.'
  return `The server answered with an error (${status}). Try again in a moment.`
}
