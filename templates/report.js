// Ways to look, and going to a difference, inside the one file.
(() => {
  const byId = (id) => document.getElementById(id)
  const views = [...document.querySelectorAll('.view')]
  const whole = views[0].getAttribute('viewBox')
  const [, , width, height] = whole.split(' ').map(Number)
  const pair = [...document.querySelectorAll('#pictures figure:not(.over)')]
  const top = byId('top')
  const BLINK_MS = 700
  const CAPTIONS = {
    swipe: 'Before left of the divider, after right of it',
    fade: 'After laid over before',
    blink: 'Before and after in turn',
    difference: 'Black where both are equal, brighter where they differ',
  }
  const still = matchMedia('(prefers-reduced-motion: reduce)')
  let seen = [0, 0, width, height]
  let mode = 'pair'
  let blinking = 0

  const adjust = () => {
    const value = Number(byId('at').value)
    const x = seen[0] + (seen[2] * value) / 100
    document.querySelector('#split rect').setAttribute('x', x)
    byId('divider').setAttribute('x1', x)
    byId('divider').setAttribute('x2', x)
    top.style.opacity = mode === 'fade' ? value / 100 : 1
    byId('at').setAttribute('aria-valuetext', mode === 'fade' ? `${value} % after` : `${value} % before`)
  }
  const turn = () => { top.style.visibility = top.style.visibility === 'hidden' ? 'visible' : 'hidden' }
  const look = (box, id) => {
    seen = box
    for (const view of views) view.setAttribute('viewBox', box.join(' '))
    for (const mark of document.querySelectorAll('.mark')) mark.classList.toggle('on', mark.dataset.region === id)
    byId('whole').hidden = !id
    adjust()
  }
  const setMode = (chosen) => {
    mode = chosen
    for (const button of byId('modes').querySelectorAll('[data-mode]')) button.setAttribute('aria-pressed', button.dataset.mode === mode)
    for (const figure of pair) figure.hidden = mode !== 'pair'
    byId('over').hidden = mode === 'pair'
    byId('over').dataset.mode = mode
    byId('over-caption').textContent = CAPTIONS[mode] ?? ''
    byId('slider').hidden = mode !== 'swipe' && mode !== 'fade'
    byId('slider-name').textContent = mode === 'fade' ? 'Before to after' : 'Divider'
    if (mode === 'swipe') top.setAttribute('clip-path', 'url(#split)')
    else top.removeAttribute('clip-path')
    clearInterval(blinking)
    top.style.visibility = 'visible'
    if (mode === 'blink' && !still.matches) blinking = setInterval(turn, BLINK_MS)
    adjust()
  }
  for (const button of byId('modes').querySelectorAll('[data-mode]')) {
    button.addEventListener('click', () => {
      if (still.matches && mode === 'blink' && button.dataset.mode === mode) turn() // each press, instead of by itself
      else setMode(button.dataset.mode)
    })
  }
  for (const button of document.querySelectorAll('[data-go]')) {
    button.addEventListener('click', () => {
      const mark = document.querySelector(`.mark[data-region="${button.dataset.go}"]`)
      const [x, y, w, h] = ['x', 'y', 'width', 'height'].map((name) => Number(mark.getAttribute(name)))
      const scale = Math.min(1, Math.max((w * 2.4) / width, (h * 2.4) / height, 120 / width))
      look([x + w / 2 - (width * scale) / 2, y + h / 2 - (height * scale) / 2, width * scale, height * scale], button.dataset.go)
      byId('modes').scrollIntoView({ block: 'start' })
    })
  }
  byId('at').addEventListener('input', adjust)
  byId('over').addEventListener('pointermove', (event) => {
    if (!event.buttons || mode !== 'swipe') return
    const box = event.currentTarget.getBoundingClientRect()
    byId('at').value = (100 * (event.clientX - box.left)) / box.width
    adjust()
  })
  byId('whole').addEventListener('click', () => look([0, 0, width, height], null))
  byId('modes').hidden = false
  adjust()
})()
