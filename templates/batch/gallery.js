// A list of any length: only the rows in sight are in the page, so that 10,000 pairs scroll like ten.
(() => {
  const { rows, verdicts, again } = window.batch
  const byId = (id) => document.getElementById(id)
  const body = byId('body')
  const AROUND = 8 // rows kept above and below those in sight
  const [NAME, VERDICT, OUTCOME, REGIONS, SHARE, SECONDS, SUMMARY, FILES, ACCEPTED] = Array(9).keys()
  const ACCEPTABLE = ['different', 'equivalent', 'extra']
  const columns = [
    { key: '', label: '' },
    { key: '', label: 'Pair', wide: false },
    { key: 'name', label: 'Name', at: NAME },
    { key: 'verdict', label: 'Verdict', at: VERDICT },
    { key: 'regions', label: 'Differences', at: REGIONS, wide: true, number: true },
    { key: 'changed', label: 'Changed', at: SHARE, wide: true, number: true },
    { key: 'time', label: 'Time', at: SECONDS, wide: true, number: true },
  ]
  const collator = new Intl.Collator('en', { numeric: true })
  const plain = new Intl.NumberFormat('en')
  const state = { show: 'all', q: '', sort: '' }
  const drawn = new Map()
  const chosen = new Set()
  let shown = rows

  const make = (tag, className, text) => {
    const element = document.createElement(tag)
    if (className) element.className = className
    if (text !== undefined) element.textContent = text
    return element
  }
  const cell = (className, ...children) => {
    const element = make('div', className)
    element.setAttribute('role', 'cell')
    element.append(...children)
    return element
  }
  const fits = (row) =>
    (state.show === 'all' || (state.show === 'failing' ? row[OUTCOME] !== 'pass' : verdicts[row[VERDICT]] === state.show)) &&
    row[NAME].toLowerCase().includes(state.q.toLowerCase())

  const order = () => {
    const descending = state.sort.startsWith('-')
    const column = columns.find((one) => one.key && one.key === state.sort.replace('-', ''))
    if (!column) return null
    const sign = descending ? -1 : 1
    if (column.at === NAME) return (a, b) => sign * collator.compare(a[NAME], b[NAME])
    return (a, b) => sign * (a[column.at] - b[column.at]) || collator.compare(a[NAME], b[NAME])
  }

  const thumbnail = (row) => {
    if (!row[FILES]) return make('span', 'thumb')
    const image = make('img', 'thumb')
    Object.assign(image, { src: `${row[FILES]}.webp`, alt: '', width: 160, height: 80, loading: 'lazy', decoding: 'async' })
    return image
  }
  const title = (row) => {
    const name = make(row[FILES] ? 'a' : 'div', 'name', row[NAME])
    name.title = row[NAME]
    if (row[FILES]) name.href = `${row[FILES]}.html`
    const summary = make('div', 'summary', row[SUMMARY])
    summary.title = row[SUMMARY]
    return [name, summary]
  }
  const box = (row) => {
    if (row[ACCEPTED] || !ACCEPTABLE.includes(verdicts[row[VERDICT]])) return []
    const label = make('label', 'choose')
    const input = make('input')
    input.type = 'checkbox'
    input.checked = chosen.has(row[NAME])
    input.setAttribute('aria-label', `Accept ${row[NAME]}`)
    input.addEventListener('change', () => {
      chosen[input.checked ? 'add' : 'delete'](row[NAME])
      showChosen()
    })
    label.append(input)
    return [label]
  }
  // What a glob and a shell would take for their own is put into brackets and quotes; what is no text fits any sign.
  const quote = (name) => `'${name.replace(/[*?[]/g, '[$&]').replaceAll('\ufffd', '?').replaceAll("'", `'"'"'`)}'`
  const showChosen = () => {
    byId('accept').hidden = !chosen.size
    byId('chosen').textContent = `${plain.format(chosen.size)} chosen`
    byId('command').value = [again, ...[...chosen].map((name) => `--accept=${quote(name)}`)].join(' ')
    byId('copy').textContent = 'Copy command'
  }
  const draw = (index) => {
    const row = shown[index]
    const element = make('div', 'row')
    element.setAttribute('role', 'row')
    element.setAttribute('aria-rowindex', index + 2)
    element.style.transform = `translateY(calc(${index} * var(--row)))`
    const chip = make('span', 'chip', row[ACCEPTED] ? 'accepted' : verdicts[row[VERDICT]])
    chip.dataset.outcome = row[OUTCOME]
    element.append(
      cell('', ...box(row)),
      cell('', thumbnail(row)),
      cell('', ...title(row)),
      cell('', chip),
      cell('number wide', plain.format(row[REGIONS])),
      cell('number wide', row[SHARE] ? `${(100 * row[SHARE]).toFixed(2)} %` : '–'),
      cell('number wide', `${row[SECONDS].toFixed(2)} s`),
    )
    return element
  }

  const paint = () => {
    const height = parseFloat(getComputedStyle(document.documentElement).fontSize) * 6
    const above = -body.getBoundingClientRect().top
    const first = Math.max(0, Math.floor(above / height) - AROUND)
    const last = Math.min(shown.length, Math.ceil((above + window.innerHeight) / height) + AROUND)
    for (const [index, element] of drawn) {
      if ((index < first || index >= last) && !element.contains(document.activeElement)) {
        element.remove()
        drawn.delete(index)
      }
    }
    for (let index = first; index < last; index += 1) {
      if (drawn.has(index)) continue
      const element = draw(index)
      drawn.set(index, element)
      const next = [...drawn.keys()].filter((other) => other > index).sort((a, b) => a - b)[0]
      body.insertBefore(element, next === undefined ? null : drawn.get(next))
    }
  }

  const refresh = () => {
    shown = rows.filter(fits)
    const compare = order()
    if (compare) shown.sort(compare)
    body.replaceChildren()
    drawn.clear()
    body.style.height = `calc(${shown.length} * var(--row))`
    byId('table').setAttribute('aria-rowcount', shown.length + 1)
    byId('table').hidden = !shown.length
    byId('none').hidden = shown.length > 0
    byId('shown').textContent = shown.length === rows.length ? '' : `${plain.format(shown.length)} of ${plain.format(rows.length)} pairs`
    for (const button of byId('filters').children) button.setAttribute('aria-pressed', button.dataset.show === state.show)
    for (const head of byId('head').children) {
      const direction = { [head.dataset.key]: 'ascending', [`-${head.dataset.key}`]: 'descending' }[state.sort]
      if (head.dataset.key) head.setAttribute('aria-sort', direction ?? 'none')
    }
    paint()
  }
  const change = (values) => {
    Object.assign(state, values)
    const kept = Object.entries(state).filter(([key, value]) => value && !(key === 'show' && value === 'all'))
    history.replaceState(null, '', `#${new URLSearchParams(kept)}`)
    refresh()
  }

  const filter = (show, label, count) => {
    const button = make('button', '', `${label} ${plain.format(count)}`)
    button.type = 'button'
    button.dataset.show = show
    button.addEventListener('click', () => change({ show }))
    byId('filters').append(button)
  }
  filter('all', 'All', rows.length)
  filter('failing', 'Not passing', rows.filter((row) => row[OUTCOME] !== 'pass').length)
  for (const [index, verdict] of verdicts.entries()) {
    const count = rows.filter((row) => row[VERDICT] === index).length
    if (count) filter(verdict, verdict[0].toUpperCase() + verdict.slice(1), count)
  }
  for (const column of columns) {
    const head = make('div', `${column.wide ? 'wide' : ''} ${column.number ? 'number' : ''}`)
    head.setAttribute('role', 'columnheader')
    if (column.key) {
      head.dataset.key = column.key
      const button = make('button', '', column.label)
      button.type = 'button'
      // Numbers are sorted downwards first: the largest is what one looks for.
      const ways = column.number ? [`-${column.key}`, column.key] : [column.key, `-${column.key}`]
      button.addEventListener('click', () => change({ sort: state.sort === ways[0] ? ways[1] : ways[0] }))
      head.append(button)
    } else head.append(make('span', column.label ? '' : 'visually-hidden', column.label || 'Accept'))
    byId('head').append(head)
  }
  const recall = () => {
    const saved = new URLSearchParams(location.hash.slice(1))
    Object.assign(state, { show: saved.get('show') || 'all', q: saved.get('q') || '', sort: saved.get('sort') || '' })
    byId('search').value = state.q
    refresh()
  }
  byId('copy').addEventListener('click', async () => {
    byId('command').select()
    await navigator.clipboard.writeText(byId('command').value)
    byId('copy').textContent = 'Copied'
  })
  byId('clear').addEventListener('click', () => {
    chosen.clear()
    showChosen()
    refresh()
  })
  byId('search').addEventListener('input', (event) => change({ q: event.target.value }))
  window.addEventListener('scroll', paint, { passive: true })
  window.addEventListener('resize', paint)
  window.addEventListener('hashchange', recall)
  byId('tools').hidden = false
  byId('table').hidden = false
  recall()
})()
