// Boxes, points and the 3 × 3 matrix that maps pixels of before to pixels of after.

export function project(matrix, { x, y }) {
  const [a, b, c] = matrix.map((row) => row[0] * x + row[1] * y + row[2])
  return { x: a / c, y: b / c }
}

export function inverse([[a, b, c], [d, e, f], [g, h, i]]) {
  const A = e * i - f * h
  const B = f * g - d * i
  const C = d * h - e * g
  const determinant = a * A + b * B + c * C
  return [
    [A, c * h - b * i, b * f - c * e],
    [B, a * i - c * g, c * d - a * f],
    [C, b * g - a * h, a * e - b * d],
  ].map((row) => row.map((value) => value / determinant))
}

/** How many pixels of after one pixel of before becomes, along a side, around a point. */
export function growth(matrix, point) {
  const step = 1
  const at = project(matrix, point)
  const right = project(matrix, { x: point.x + step, y: point.y })
  const below = project(matrix, { x: point.x, y: point.y + step })
  const area = (right.x - at.x) * (below.y - at.y) - (right.y - at.y) * (below.x - at.x)
  return Math.sqrt(Math.abs(area)) || 1
}

export function corners({ width, height }) {
  return [{ x: 0, y: 0 }, { x: width, y: 0 }, { x: width, y: height }, { x: 0, y: height }]
}

export function contains(box, { x, y }, margin = 0) {
  return x >= box.x - margin && y >= box.y - margin && x <= box.x + box.width + margin && y <= box.y + box.height + margin
}

export function boxAround(a, b) {
  return { x: Math.min(a.x, b.x), y: Math.min(a.y, b.y), width: Math.abs(a.x - b.x), height: Math.abs(a.y - b.y) }
}
