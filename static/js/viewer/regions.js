// The list of differences beside the stage: select, hover, step, filter.
const byId = (id) => document.getElementById(id)

export function connect(viewer) {
  if (!viewer.evaluation.regions.length) return
  const items = [...document.querySelectorAll('[data-region-item]')]
  const links = new Map(items.map((item) => [Number(item.dataset.regionItem), item.querySelector('a')]))
  for (const [id, link] of links) {
    link.addEventListener('click', (event) => {
      if (event.metaKey || event.ctrlKey || event.shiftKey) return // a new tab is a new tab
      event.preventDefault()
      viewer.select(id)
    })
    link.addEventListener('pointerenter', () => viewer.hover(id))
    link.addEventListener('pointerleave', () => viewer.hover(null))
    link.addEventListener('focus', () => viewer.hover(id))
    link.addEventListener('blur', () => viewer.hover(null))
  }
  viewer.addEventListener('hover', () => {
    for (const [id, link] of links) link.classList.toggle('hovered', id === viewer.state.hovered)
  })
  viewer.addEventListener('select', () => {
    for (const [id, link] of links) {
      const selected = id === viewer.state.selected
      if (selected) {
        link.setAttribute('aria-current', 'true')
        reveal(link)
      } else link.removeAttribute('aria-current')
    }
  })
  if (items.length < 2) return // nothing to step through or to filter
  byId('region-next').addEventListener('click', () => viewer.step(1))
  byId('region-previous').addEventListener('click', () => viewer.step(-1))
  connectFilter(viewer, items)
}

/** Scroll the list, and never the page, so that an entry is seen. */
function reveal(link) {
  const list = link.closest('.regions')
  const top = link.offsetTop - list.offsetTop
  if (list.scrollHeight <= list.clientHeight) return
  if (top < list.scrollTop || top + link.offsetHeight > list.scrollTop + list.clientHeight) {
    list.scrollTop = top - (list.clientHeight - link.offsetHeight) / 2
  }
}

function connectFilter(viewer, items) {
  const filter = byId('filter')
  const strength = byId('least-strength')
  const all = viewer.evaluation.regions
  const apply = () => {
    const kinds = new Set([...filter.querySelectorAll('[name=kind]:checked')].map((input) => input.value))
    const least = Number(strength.value)
    byId('least-strength-value').value = least.toFixed(2)
    const shown = all.filter((region) => kinds.has(region.kind) && region.strength >= least)
    const ids = new Set(shown.map(({ id }) => id))
    for (const item of items) item.hidden = !ids.has(Number(item.dataset.regionItem))
    byId('region-count').textContent = shown.length === all.length ? `${all.length} in all` : `${shown.length} of ${all.length}`
    byId('none-shown').hidden = shown.length > 0
    viewer.setRegions(shown)
  }
  filter.addEventListener('input', apply)
}
