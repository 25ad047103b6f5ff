// How places of before and of after as given belong together: by a matrix, or band by band where rows moved.
import { growth, inverse, project } from './geometry.js'

/** Places count from the corner of a picture; the matrix, as the analysis gives it, from the middle of its first pixel. */
function mapped(matrix, { x, y }) {
  const there = project(matrix, { x: x - 0.5, y: y - 0.5 })
  return { x: there.x + 0.5, y: there.y + 0.5 }
}

export class Frames {
  constructor({ matrix, bands }) {
    this.matrix = matrix
    this.back = inverse(matrix)
    this.bands = bands
  }

  get hasBands() {
    return this.bands.length > 0
  }

  /** Rows that were removed lie where they were cut out. */
  toAfter(point) {
    return this.hasBands ? shifted(this.bands, point, 'before', 'after') : mapped(this.matrix, point)
  }

  /** Rows that were inserted lie where they were put in. */
  toBefore(point) {
    return this.hasBands ? shifted(this.bands, point, 'after', 'before') : mapped(this.back, point)
  }

  /** Whether the row of a place exists in both. */
  isInBoth({ y }, side) {
    return !this.hasBands || this.bands.some((band) => y >= band[side] && y < band[side] + band.length)
  }

  /** How many pixels of after one pixel of before becomes, along a side. */
  growth(point) {
    return this.hasBands ? 1 : growth(this.matrix, point)
  }

  /** The corners of a box of before in after: what ends where rows were inserted does not reach over them. */
  cornersInAfter(corners) {
    if (!this.hasBands) return corners.map((corner) => this.toAfter(corner))
    const bottom = Math.max(...corners.map(({ y }) => y))
    return corners.map(({ x, y }) => {
      if (y < bottom) return this.toAfter({ x, y })
      const last = this.toAfter({ x, y: y - 1 })
      return { x, y: last.y + 1 }
    })
  }
}

function shifted(bands, { x, y }, from, to) {
  const band = bands.findLast((one) => one[from] <= y) ?? bands[0]
  const isLast = band === bands.at(-1)
  return { x, y: band[to] + (isLast ? y - band[from] : Math.min(y - band[from], band.length)) }
}
