// Copy the link, and say in the reader's own time when the page expires.
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
  const label = button.querySelector('.label')
  const usual = label.textContent
  let timer
  button.addEventListener('click', async () => {
    await copy(text())
    label.textContent = 'Copied'
    document.getElementById('viewer-status').textContent = 'Copied.'
    clearTimeout(timer)
    timer = setTimeout(() => { label.textContent = usual }, 1800)
  })
}

/** Give a snippet for an issue tracker: the verdict, the marked pair and the differences. */
export function markdown(evaluation, link) {
  const cell = (text) => String(text).replace(/[|\\`*_<>[\]]/g, '\\$&').replace(/\s+/g, ' ')
  const at = (name) => new URL(evaluation.images[name], link).href
  const lines = [
    `**${cell(evaluation.summary)}** ([open](${link}))`,
    '',
    `| Before: ${cell(evaluation.before.name)} | After: ${cell(evaluation.after.name)} |`,
    '|---|---|',
    `| ![Before](${at('overlay-before')}) | ![After](${at('overlay-after')}) |`,
  ]
  if (evaluation.regions.length) {
    lines.push('', '| # | kind | x | y | width | height | strength |', '|--:|---|--:|--:|--:|--:|--:|')
    for (const { id, kind, before, strength } of evaluation.regions) {
      lines.push(`| ${id} | ${kind} | ${before.x} | ${before.y} | ${before.width} | ${before.height} | ${strength.toFixed(2)} |`)
    }
  }
  return `${lines.join('\n')}\n`
}

export function connect(evaluation) {
  const button = document.getElementById('copy-link')
  const here = () => {
    const link = new URL(button.dataset.link)
    link.search = location.search
    return link.href
  }
  copies(button, here)
  copies(document.getElementById('copy-markdown'), () => markdown(evaluation, here()))
}

for (const time of document.querySelectorAll('time[data-expires]')) {
  const when = new Date(time.dateTime)
  const minutes = Math.round((when - Date.now()) / 60000)
  const relative = new Intl.RelativeTimeFormat('en', { numeric: 'auto' })
  const words = minutes < 90 ? relative.format(minutes, 'minute')
    : minutes < 48 * 60 ? relative.format(Math.round(minutes / 60), 'hour') : relative.format(Math.round(minutes / 1440), 'day')
  time.textContent = `${words}, on ${when.toLocaleString('en', { month: 'short', day: 'numeric', hour: 'numeric', minute: '2-digit' })}`
}
