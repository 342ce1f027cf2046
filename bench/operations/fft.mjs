import { randomFloats } from "../harness.mjs";
import { tensorflowRivals } from "../peers/tensorflow.mjs";
import { versionOf } from "../peers/version.mjs";

const count = 2 ** 20;

/** Complex to complex. @param {import("../index.mjs").Bench} bench @returns {Promise<import("../contest.mjs").Contest>} */
export async function fft({ gpu }) {
  const x = randomFloats(2 * count, 11);
  const real = Array.from({ length: count }, (_, at) => x[2 * at]);
  const imaginary = Array.from({ length: count }, (_, at) => x[2 * at + 1]);
  const { create, fftDependencies, complexDependencies } = await import("mathjs");
  const math = create({ fftDependencies, complexDependencies });
  const complex = real.map((value, at) => math.complex(value, imaginary[at]));
  const [expected] = [recursive(real, imaginary)].map(([re, im]) =>
    Float64Array.from({ length: 2000 }, (_, at) => (at % 2 === 0 ? re[at >> 1] : im[at >> 1])),
  );
  return {
    family: "matrix",
    operation: "matrix.fft",
    title: "2^20 complex f32",
    ours: async (placement, report) => {
      const input = gpu.matrix.from(x, [count, 2]);
      const result = await gpu.matrix.fft(input, { placement, strict: placement === "gpu", report });
      const values = await result.read();
      for (const each of [result, input]) each.dispose();
      return { values, report: result.report };
    },
    rivals: [
      {
        name: "mathjs",
        version: versionOf("mathjs"),
        run: () => math.fft(complex),
        values: (result) =>
          result.slice(0, 1000).flatMap((/** @type {{ re: number, im: number }} */ { re, im }) => [re, im]),
      },
      ...(await tensorflowRivals(
        (tf) => {
          const input = tf.complex(tf.tensor1d(real), tf.tensor1d(imaginary));
          return () => {
            const result = tf.spectral.fft(input);
            return tf.stack([tf.real(result), tf.imag(result)], 1);
          };
        },
        ["cpu"],
      )),
    ],
    plain: [
      {
        name: "plain TypeScript",
        version: process.version,
        run: () => recursive(real, imaginary),
        values: ([re, im]) =>
          re.slice(0, 1000).flatMap((/** @type {number} */ r, /** @type {number} */ at) => [r, im[at]]),
      },
    ],
    expected,
    tolerance: 5e-2,
    limit: ({ copyBytesPerSecond }, ms) => ({
      kind: "bandwidth",
      unit: "GB/s",
      measured: copyBytesPerSecond / 1e9,
      share: (x.byteLength * 2) / (ms / 1000) / copyBytesPerSecond,
    }),
  };
}

/** Cooley and Tukey's, in halves. @param {number[]} re @param {number[]} im @returns {[number[], number[]]} */
function recursive(re, im) {
  const size = re.length;
  if (size === 1) return [re, im];
  const half = (/** @type {number[]} */ values, /** @type {number} */ odd) =>
    Array.from({ length: size / 2 }, (_, at) => values[2 * at + odd]);
  const [evenRe, evenIm] = recursive(half(re, 0), half(im, 0));
  const [oddRe, oddIm] = recursive(half(re, 1), half(im, 1));
  const outRe = new Array(size);
  const outIm = new Array(size);
  for (let k = 0; k < size / 2; k++) {
    const angle = (-2 * Math.PI * k) / size;
    const [c, s] = [Math.cos(angle), Math.sin(angle)];
    const turnedRe = c * oddRe[k] - s * oddIm[k];
    const turnedIm = c * oddIm[k] + s * oddRe[k];
    outRe[k] = evenRe[k] + turnedRe;
    outIm[k] = evenIm[k] + turnedIm;
    outRe[k + size / 2] = evenRe[k] - turnedRe;
    outIm[k + size / 2] = evenIm[k] - turnedIm;
  }
  return [outRe, outIm];
}
