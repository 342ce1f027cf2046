import type { Runtime } from "../../runtime/index.ts";
import type { Matrix, MatrixInput } from "../matrix.ts";
import {
  type Fft2Options,
  type FftOptions,
  type FftShiftOptions,
  fft,
  fft2,
  fftShift,
  type IrfftOptions,
  ifft,
  ifft2,
  ifftShift,
  irfft,
  rfft,
} from "./fft.ts";

/** Fourier transforms. Complex numbers are a last dimension of 2: real, imaginary. */
export interface Transforms {
  /** See `fft`. */
  fft(x: MatrixInput, options?: FftOptions): Promise<Matrix>;
  /** See `ifft`. */
  ifft(x: MatrixInput, options?: FftOptions): Promise<Matrix>;
  /** See `rfft`. */
  rfft(x: MatrixInput, options?: FftOptions): Promise<Matrix>;
  /** See `irfft`. */
  irfft(x: MatrixInput, options?: IrfftOptions): Promise<Matrix>;
  /** See `fft2`. */
  fft2(x: MatrixInput, options?: Fft2Options): Promise<Matrix>;
  /** See `ifft2`. */
  ifft2(x: MatrixInput, options?: Fft2Options): Promise<Matrix>;
  /** See `fftShift`. */
  fftShift(x: MatrixInput, options?: FftShiftOptions): Promise<Matrix>;
  /** See `ifftShift`. */
  ifftShift(x: MatrixInput, options?: FftShiftOptions): Promise<Matrix>;
}

export function bindTransforms(runtime: Runtime): Transforms {
  return {
    fft: (x, options) => fft(runtime, x, options),
    ifft: (x, options) => ifft(runtime, x, options),
    rfft: (x, options) => rfft(runtime, x, options),
    irfft: (x, options) => irfft(runtime, x, options),
    fft2: (x, options) => fft2(runtime, x, options),
    ifft2: (x, options) => ifft2(runtime, x, options),
    fftShift: (x, options) => fftShift(runtime, x, options),
    ifftShift: (x, options) => ifftShift(runtime, x, options),
  };
}
