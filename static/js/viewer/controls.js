// The bars around the stage: mode tabs, zoom, and what each mode lets one set.
import { load, save } from './settings.js'

const byId = (id) => document.getElementById(id)
const checked = (name) => document.querySelector(`input[name=${name}]:checked`).value

export function connect(viewer) {
  connectTabs(viewer)
  connectZoom(viewer)
  connectChoices(viewer)
  connectSliders(viewer)
  connectSwipe(viewer)
  connectBlink(viewer)
}

function connectTabs(viewer) {
  const tabs = [...document.querySelectorAll('[role=tab][data-mode]')]
  const bars = document.querySelectorAll('[data-for]')
  for (const tab of tabs) {
    tab.addEventListener('click', () => viewer.setMode(tab.dataset.mode))
    tab.addEventListener('keydown', (event) => {
      const at = tabs.indexOf(tab)
      const next = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: tabs.length - 1 }[event.key]
      if (next === undefined) return
      event.preventDefault()
      const target = tabs[(next + tabs.length) % tabs.length]
      viewer.setMode(target.dataset.mode)
      target.focus()
    })
  }
  viewer.addEventListener('mode', () => {
    const { mode } = viewer.state
    for (const tab of tabs) {
      const active = tab.dataset.mode === mode
      tab.setAttribute('aria-selected', active)
      tab.tabIndex = active ? 0 : -1
      if (active) viewer.stage.element.setAttribute('aria-labelledby', tab.id)
    }
    for (const bar of bars) bar.classList.toggle('away', bar.dataset.for !== mode)
  })
}

function connectZoom(viewer) {
  const level = byId('zoom-level')
  byId('zoom-in').addEventListener('click', () => viewer.view.zoomBy(1.5, undefined, { fly: true }))
  byId('zoom-out').addEventListener('click', () => viewer.view.zoomBy(1 / 1.5, undefined, { fly: true }))
  byId('zoom-fit').addEventListener('click', () => viewer.view.fit())
  byId('zoom-real').addEventListener('click', () => viewer.view.zoomTo(1, undefined, { fly: true }))
  const show = () => { level.value = `${Math.round(viewer.view.scale * 100)} %` }
  viewer.stage.drawn.addEventListener('draw', () => {
    if (document.activeElement !== level) show()
    viewer.stage.element.classList.toggle('fitted', viewer.view.fitted)
  })
  level.addEventListener('focus', () => level.select())
  level.addEventListener('blur', show)
  level.addEventListener('change', () => {
    const percent = Number.parseFloat(level.value.replace(',', '.'))
    if (percent > 0) viewer.view.zoomTo(percent / 100)
    show()
  })
}

function connectChoices(viewer) {
  const each = (name, act) => {
    for (const input of document.querySelectorAll(`input[name=${name}]`)) input.addEventListener('change', () => act(checked(name)))
  }
  const reflect = (name, value) => { document.querySelector(`input[name=${name}][value=${value}]`).checked = true }
  each('after-shown', (value) => viewer.setOriginal(value === 'given'))
  each('difference-base', (value) => viewer.setBase(value))
  each('marks', (value) => viewer.setMarks(value))
  viewer.addEventListener('original', () => reflect('after-shown', viewer.state.original ? 'given' : 'aligned'))
  viewer.addEventListener('marks', () => {
    const { marks } = viewer.state
    reflect('marks', marks)
    if (marks !== 'off') save({ marks }) // the next result must not look as if it had none
  })
}

/** A slider sets a custom property of the stage, speaks its value, and is remembered when it has a `name`. */
function slider(viewer, id, { property, value, spoken, name }) {
  const input = byId(id)
  const remembered = name && load()[name]
  if (remembered) input.value = remembered
  const apply = () => {
    viewer.stage.element.style.setProperty(property, value(input.value))
    if (spoken) input.setAttribute('aria-valuetext', spoken(input.value))
  }
  input.addEventListener('input', () => {
    apply()
    if (name) save({ [name]: input.value })
  })
  apply()
}

function connectSliders(viewer) {
  const percent = (value) => `${value} %`
  slider(viewer, 'swipe-at', { property: '--split', value: (at) => `${at}%`, spoken: (at) => `${at} % before, ${100 - at} % after` })
  slider(viewer, 'fade-at', { property: '--fade', value: (at) => at / 100, spoken: (at) => `${100 - at} % before, ${at} % after` })
  slider(viewer, 'mask-strength', { property: '--mask-strength', value: (at) => at / 100, spoken: percent, name: 'maskStrength' })
  slider(viewer, 'mask-color', { property: '--mask-color', value: (color) => color, name: 'maskColor' })
  slider(viewer, 'heat-strength', { property: '--heat', value: (at) => at / 100, spoken: percent, name: 'heatStrength' })
}

/** The divider on the picture is a handle for the slider below; the slider is what the keyboard and readers use. */
function connectSwipe(viewer) {
  const input = byId('swipe-at')
  const line = document.createElement('div')
  line.className = 'swipe-line'
  const drag = (event) => {
    const box = line.parentElement.getBoundingClientRect()
    input.value = ((event.clientX - box.left) / box.width) * 100
    input.dispatchEvent(new Event('input'))
  }
  line.addEventListener('pointerdown', (event) => {
    event.stopPropagation()
    line.setPointerCapture(event.pointerId)
  })
  line.addEventListener('pointermove', (event) => {
    if (line.hasPointerCapture(event.pointerId)) drag(event)
  })
  viewer.addEventListener('rebuilt', () => {
    if (viewer.state.mode === 'swipe') viewer.stage.panes[0].element.append(line)
  })
}

function connectBlink(viewer) {
  const play = byId('blink-play')
  const every = byId('blink-every')
  const still = matchMedia('(prefers-reduced-motion: reduce)')
  let timer = 0
  const showAfter = (after) => {
    viewer.stage.element.classList.toggle('showing-after', after)
    const label = viewer.stage.panes[0]?.element.querySelector('.pane-label')
    if (label && viewer.state.mode === 'blink') label.textContent = after ? viewer.stage.panes[0].words : 'Before'
  }
  const run = (playing) => {
    clearInterval(timer)
    play.setAttribute('aria-pressed', playing)
    play.textContent = playing ? 'Pause' : 'Play'
    if (playing) timer = setInterval(() => showAfter(!viewer.stage.element.classList.contains('showing-after')), Number(every.value))
  }
  const isPlaying = () => play.getAttribute('aria-pressed') === 'true'
  const speak = () => every.setAttribute('aria-valuetext', `${every.value} milliseconds`)
  play.addEventListener('click', () => run(!isPlaying()))
  every.addEventListener('input', () => {
    speak()
    if (isPlaying()) run(true)
  })
  speak()
  viewer.blink = { toggle: () => run(!isPlaying()), show: (after) => { run(false); showAfter(after) } }
  viewer.addEventListener('mode', () => {
    showAfter(false)
    run(viewer.state.mode === 'blink' && !still.matches)
  })
  viewer.addEventListener('rebuilt', () => showAfter(viewer.stage.element.classList.contains('showing-after')))
}
