// Forms that start a comparison without uploading: a sample pair, or the same pair again.
import * as busy from './busy.js'
import * as problem from './problem.js'

/** Post a form to the API; gives the evaluation, or throws an Error with `message` and maybe `field`. */
async function post(url, data, signal) {
  let response
  let body = null
  try {
    response = await fetch(url, { method: 'POST', body: data, headers: { Accept: 'application/json' }, signal })
    body = await response.json()
  } catch (error) {
    if (error.name === 'AbortError') throw error
  }
  if (response?.ok && body) return body
  throw Object.assign(new Error(problem.sentence(body, response?.status)), { field: body?.error?.field })
}

async function start(form, submitter) {
  const abort = new AbortController()
  problem.clear()
  problem.markField()
  busy.open(() => abort.abort())
  try {
    const evaluation = await post(form.dataset.url, new FormData(form, submitter), abort.signal)
    location.assign(evaluation.url)
  } catch (error) {
    busy.close()
    if (error.name === 'AbortError') return
    problem.markField(error.field)
    problem.show(error.message)
  }
}

for (const form of document.querySelectorAll('form[data-busy]')) {
  form.addEventListener('submit', (event) => {
    event.preventDefault()
    start(form, event.submitter)
  })
}

for (const output of document.querySelectorAll('output[data-of]')) {
  const input = output.closest('.field').querySelector('input')
  input.addEventListener('input', () => { output.value = input.value })
}
