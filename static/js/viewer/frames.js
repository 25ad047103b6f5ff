// How places of before and of after as given belong together: by a matrix, after a bend where paper or a lens bows,
// or band by band where rows moved.
import { growth, inverse, project } from './geometry.js'

/** Places count from the corner of a picture; the matrix, as the analysis gives it, from the middle of its first pixel. */
function mapped(matrix, { x, y }) {
  const there = project(matrix, { x: x - 0.5, y: y - 0.5 })
  return { x: there.x + 0.5, y: there.y + 0.5 }
}

const DEGREE = 4 // of the polynomial that describes a bend
const ROUNDS = 5 // of the search for the place that a bend moves to another; each is ten times closer or more

export class Frames {
  constructor({ before, alignment }) {
    this.size = before
    this.matrix = alignment.matrix
    this.back = inverse(alignment.matrix)
    this.bands = alignment.bands
    this.bend = alignment.bend ?? [] // results of an older version have none
  }

  get hasBands() {
    return this.bands.length > 0
  }

  /** Rows that were removed lie where they were cut out. */
  toAfter(point) {
    return this.hasBands ? shifted(this.bands, point, 'before', 'after') : mapped(this.matrix, this.#bent(point, point))
  }

  /** Rows that were inserted lie where they were put in. */
  toBefore(point) {
    if (this.hasBands) return shifted(this.bands, point, 'after', 'before')
    const there = mapped(this.back, point)
    let place = there
    for (let round = 0; round < ROUNDS && this.bend.length; round++) place = this.#bent(there, place, -1)
    return place
  }

  /** A point moved as the bend moves `place`, or back. */
  #bent(point, place, sign = 1) {
    if (!this.bend.length) return point
    const { width, height } = this.size
    const [u, v] = [(2 * place.x) / width - 1, (2 * place.y) / height - 1]
    let [x, y, term] = [0, 0, 0]
    for (let i = 0; i <= DEGREE; i++) {
      for (let j = 0; i + j <= DEGREE; j++, term++) {
        x += this.bend[term][0] * u ** i * v ** j
        y += this.bend[term][1] * u ** i * v ** j
      }
    }
    return { x: point.x + sign * x * width, y: point.y + sign * y * height }
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
