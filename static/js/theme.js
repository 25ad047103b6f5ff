// Loaded before the page is drawn, so that a chosen theme never flashes: no choice means the system's.
(() => {
  const key = 'image-diff-theme'
  const order = ['system', 'light', 'dark']
  const read = () => {
    try {
      const saved = localStorage.getItem(key)
      return order.includes(saved) ? saved : 'system'
    } catch {
      return 'system'
    }
  }
  const apply = (theme) => {
    if (theme === 'system') delete document.documentElement.dataset.theme
    else document.documentElement.dataset.theme = theme
  }
  let theme = read()
  apply(theme)
  document.documentElement.classList.add('js')

  document.addEventListener('DOMContentLoaded', () => {
    const button = document.getElementById('theme')
    const show = () => {
      button.querySelector('[data-theme-name]').textContent = theme
      button.title = `Theme: ${theme}`
    }
    button.hidden = false
    show()
    button.addEventListener('click', () => {
      theme = order[(order.indexOf(theme) + 1) % order.length]
      try {
        localStorage.setItem(key, theme)
      } catch { /* private window: the choice lasts for this page */ }
      apply(theme)
      show()
    })
  })
})()
