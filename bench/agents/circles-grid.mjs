/**
 * Circles in plain JavaScript: typed arrays, and a uniform grid whose cells hold the agents in order, so that the three cells
 * of a row are one run.
 */
export class PlainCircles {
  /** @param {{ x: Float32Array, y: Float32Array, z: Float32Array, size: number, radius: number, strength: number }} options */
  constructor({ x, y, z, size, radius, strength }) {
    this.x = x.slice();
    this.y = y.slice();
    this.z = z.slice();
    this.radius = radius;
    this.strength = strength;
    this.side = Math.max(1, Math.floor(size / radius));
    this.perUnit = this.side / size;
    const count = x.length;
    this.cellOf = new Uint32Array(count);
    this.starts = new Uint32Array(this.side ** 3 + 1);
    this.order = new Uint32Array(count);
    this.sorted = [new Float32Array(count), new Float32Array(count), new Float32Array(count)];
  }

  /** @param {number} place */
  cellAlong(place) {
    const cell = Math.floor(place * this.perUnit);
    return cell < 0 ? 0 : cell >= this.side ? this.side - 1 : cell;
  }

  sort() {
    const { x, y, z, side, cellOf, starts, order } = this;
    const [sx, sy, sz] = this.sorted;
    starts.fill(0);
    for (let at = 0; at < x.length; at++) {
      const cell = (this.cellAlong(z[at]) * side + this.cellAlong(y[at])) * side + this.cellAlong(x[at]);
      cellOf[at] = cell;
      starts[cell]++;
    }
    let total = 0;
    for (let cell = 0; cell < starts.length; cell++) {
      const own = starts[cell];
      starts[cell] = total;
      total += own;
    }
    const next = starts.slice();
    for (let at = 0; at < x.length; at++) {
      const to = next[cellOf[at]]++;
      order[to] = at;
      sx[to] = x[at];
      sy[to] = y[at];
      sz[to] = z[at];
    }
  }

  step() {
    this.sort();
    const { x, y, z, side, starts, order, radius, strength } = this;
    const [sx, sy, sz] = this.sorted;
    const squaredRadius = radius * radius;
    const turn = (-2 * Math.PI) / radius;
    for (let place = 0; place < order.length; place++) {
      const px = sx[place];
      const py = sy[place];
      const pz = sz[place];
      const cx = this.cellAlong(px);
      const cy = this.cellAlong(py);
      const cz = this.cellAlong(pz);
      const left = Math.max(0, cx - 1);
      const right = Math.min(side - 1, cx + 1);
      let fx = 0;
      let fy = 0;
      let fz = 0;
      let others = 0;
      for (let k = Math.max(0, cz - 1); k <= Math.min(side - 1, cz + 1); k++) {
        for (let j = Math.max(0, cy - 1); j <= Math.min(side - 1, cy + 1); j++) {
          const row = (k * side + j) * side;
          const end = starts[row + right + 1];
          for (let at = starts[row + left]; at < end; at++) {
            const dx = sx[at] - px;
            const dy = sy[at] - py;
            const dz = sz[at] - pz;
            const squared = dx * dx + dy * dy + dz * dz;
            if (squared <= squaredRadius && squared > 0) {
              const distance = Math.sqrt(squared);
              const pull = (Math.sin(distance * turn) * strength) / distance;
              fx += dx * pull;
              fy += dy * pull;
              fz += dz * pull;
              others++;
            }
          }
        }
      }
      const share = Math.max(1, others);
      const agent = order[place];
      x[agent] = px + fx / share;
      y[agent] = py + fy / share;
      z[agent] = pz + fz / share;
    }
  }
}
