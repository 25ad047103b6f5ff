// Areas as text, "x,y,width,height" joined by ";": in the address, in forms, and as curl and the command line take them.

export function write(list) {
  return list.map(({ x, y, width, height }) => [x, y, width, height].join(',')).join(';')
}

/** Read areas; what is no rectangle inside the picture is left out. */
export function read(text, size) {
  return text.split(';')
    .map((part) => part.split(',').map(Number))
    .filter((numbers) => numbers.length === 4 && numbers.every(Number.isInteger))
    .map(([x, y, width, height]) => inside({ x, y, width, height }, size))
    .filter((box) => box.width > 0 && box.height > 0)
}

/** Cut a box to whole pixels of the picture. */
export function inside(box, size) {
  const left = Math.max(0, Math.round(box.x))
  const top = Math.max(0, Math.round(box.y))
  const right = Math.min(size.width, Math.round(box.x + box.width))
  const bottom = Math.min(size.height, Math.round(box.y + box.height))
  return { x: left, y: top, width: Math.max(0, right - left), height: Math.max(0, bottom - top) }
}
