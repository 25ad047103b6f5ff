// Copy the link, and say in the reader's own time when the page expires.
const copyButton = document.getElementById('copy-link')

/** Copy text; older browsers and plain http without localhost have no clipboard API. */
export async function copy(text) {
  try {
    await navigator.clipboard.writeText(text)
    return
  } catch { /* fall through */ }
  const field = document.createElement('textarea')
  field.value = text
  field.className = 'visually-hidden'
  document.body.append(field)
  field.select()
  document.execCommand('copy')
  field.remove()
}

/** Copy on click and say so on the button for a moment. */
export function copies(button, text) {
  const label = button.querySelector('span')
  const usual = label.textContent
  label.setAttribute('role', 'status')
  let timer
  button.hidden = false
  button.addEventListener('click', async () => {
    await copy(text())
    label.textContent = 'Copied'
    clearTimeout(timer)
    timer = setTimeout(() => { label.textContent = usual }, 1800)
  })
}

copies(copyButton, () => {
  const link = new URL(copyButton.dataset.link)
  link.search = location.search
  return link.href
})

for (const time of document.querySelectorAll('time[data-expires]')) {
  const when = new Date(time.dateTime)
  const minutes = Math.round((when - Date.now()) / 60000)
  const relative = new Intl.RelativeTimeFormat('en', { numeric: 'auto' })
  const words = minutes < 90 ? relative.format(minutes, 'minute')
    : minutes < 48 * 60 ? relative.format(Math.round(minutes / 60), 'hour') : relative.format(Math.round(minutes / 1440), 'day')
  time.textContent = `${words}, on ${when.toLocaleString('en', { dateStyle: 'medium', timeStyle: 'short' })}`
}
