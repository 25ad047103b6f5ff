// Swipe, and going to a difference, inside the one file.
(() => {
  const byId = (id) => document.getElementById(id)
  const views = [...document.querySelectorAll('.view')]
  const whole = views[0].getAttribute('viewBox')
  const [, , width, height] = whole.split(' ').map(Number)
  const pair = [...document.querySelectorAll('#pictures figure:not(.swipe)')]
  let seen = [0, 0, width, height]

  const divide = () => {
    const x = seen[0] + (seen[2] * byId('at').value) / 100
    document.querySelector('#split rect').setAttribute('x', x)
    byId('divider').setAttribute('x1', x)
    byId('divider').setAttribute('x2', x)
    byId('at').setAttribute('aria-valuetext', `${byId('at').value} % before`)
  }
  const look = (box, id) => {
    seen = box
    for (const view of views) view.setAttribute('viewBox', box.join(' '))
    for (const mark of document.querySelectorAll('.mark')) mark.classList.toggle('on', mark.dataset.region === id)
    byId('whole').hidden = !id
    divide()
  }
  const setMode = (mode) => {
    for (const button of byId('modes').querySelectorAll('[data-mode]')) button.setAttribute('aria-pressed', button.dataset.mode === mode)
    for (const figure of pair) figure.hidden = mode !== 'pair'
    byId('swipe').hidden = mode !== 'swipe'
    byId('slider').hidden = mode !== 'swipe'
  }
  for (const button of byId('modes').querySelectorAll('[data-mode]')) button.addEventListener('click', () => setMode(button.dataset.mode))
  for (const button of document.querySelectorAll('[data-go]')) {
    button.addEventListener('click', () => {
      const mark = document.querySelector(`.mark[data-region="${button.dataset.go}"]`)
      const [x, y, w, h] = ['x', 'y', 'width', 'height'].map((name) => Number(mark.getAttribute(name)))
      const scale = Math.min(1, Math.max((w * 2.4) / width, (h * 2.4) / height, 120 / width))
      look([x + w / 2 - (width * scale) / 2, y + h / 2 - (height * scale) / 2, width * scale, height * scale], button.dataset.go)
      byId('modes').scrollIntoView({ block: 'start' })
    })
  }
  byId('at').addEventListener('input', divide)
  byId('swipe').addEventListener('pointermove', (event) => {
    if (!event.buttons) return
    const box = event.currentTarget.getBoundingClientRect()
    byId('at').value = (100 * (event.clientX - box.left)) / box.width
    divide()
  })
  byId('whole').addEventListener('click', () => look([0, 0, width, height], null))
  byId('modes').hidden = false
  divide()
})()
