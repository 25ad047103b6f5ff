// Recent comparisons, kept in this browser only: where they are, what came out, and two small pictures.
import { reduced } from './reduced.js'

const KEY = 'image-diff-recent'
const MOST = 12
const SIDE = 160

/** Give the comparisons that have not expired, newest first; nothing stays of the others. */
export function list() {
  try {
    const all = JSON.parse(localStorage.getItem(KEY)) ?? []
    const lasting = all.filter((entry) => new Date(entry.expires) > new Date())
    if (lasting.length < all.length) keep(lasting)
    return lasting
  } catch {
    return []
  }
}

function keep(entries) {
  try {
    localStorage.setItem(KEY, JSON.stringify(entries.slice(0, MOST)))
  } catch { /* full or forbidden: the list stays as it was */ }
}

export function remove(id) {
  keep(list().filter((entry) => entry.id !== id))
}

export function clear() {
  keep([])
}

async function thumbnail(url) {
  return (await reduced(url, SIDE)).toDataURL('image/webp', 0.7)
}

/** Remember an evaluation. */
export async function add(evaluation, headline) {
  const { id, url, expires, verdict, images } = evaluation
  const pictures = await Promise.all([thumbnail(images['preview-before']), thumbnail(images['preview-after'])])
  const entry = { id, url, expires, verdict, headline, names: [evaluation.before.name, evaluation.after.name], pictures }
  keep([entry, ...list().filter((other) => other.id !== id)])
}

/** Fill the section of the upload page. */
export function show(section) {
  const entries = list()
  section.hidden = entries.length === 0
  const template = section.querySelector('template')
  section.querySelector('.cards').replaceChildren(...entries.map((entry) => card(entry, template, section)))
}

function card(entry, template, section) {
  const item = template.content.firstElementChild.cloneNode(true)
  const link = item.querySelector('a')
  link.href = new URL(entry.url, location.origin).pathname // never another site, whatever was stored
  item.querySelectorAll('img').forEach((image, index) => {
    if (entry.pictures[index]?.startsWith('data:image/')) image.src = entry.pictures[index]
  })
  item.querySelector('.sample-title').textContent = entry.headline
  item.querySelector('.sample-text').textContent = entry.names.join(' and ')
  const button = item.querySelector('button')
  button.setAttribute('aria-label', `Remove ${entry.headline}: ${entry.names.join(' and ')}`)
  button.addEventListener('click', () => {
    remove(entry.id)
    show(section)
    section.querySelector('.recent-remove, .link')?.focus()
  })
  return item
}
