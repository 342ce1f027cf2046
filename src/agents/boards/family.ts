import type { Runtime } from "../../runtime/index.ts";
import { type Circles, type CirclesOptions, circles } from "./circles.ts";
import { arrayBoard, bruteForceBoard, bucketBoard, graphBoard, spatialBoard } from "./kinds.ts";
import { population } from "./population.ts";
import { type Simulation, type SimulationOptions, simulation } from "./simulation.ts";
import { change, post, react } from "./stages.ts";

/** Agents that exchange messages over boards, on one runtime. */
export interface BoardsFamily {
  /** See `population`. */
  readonly population: typeof population;
  /** See `bruteForceBoard`. */
  readonly bruteForce: typeof bruteForceBoard;
  /** See `bucketBoard`. */
  readonly bucket: typeof bucketBoard;
  /** See `spatialBoard`. */
  readonly spatial: typeof spatialBoard;
  /** See `arrayBoard`. */
  readonly array: typeof arrayBoard;
  /** See `graphBoard`. */
  readonly graph: typeof graphBoard;
  /** See `post`. */
  readonly post: typeof post;
  /** See `react`. */
  readonly react: typeof react;
  /** See `change`. */
  readonly change: typeof change;
  /** See `Simulation`. */
  simulation(options: SimulationOptions): Simulation;
  /** See `circles`. */
  circles(options: CirclesOptions): Promise<Circles>;
}

export function bindBoards(runtime: Runtime): BoardsFamily {
  return {
    population,
    bruteForce: bruteForceBoard,
    bucket: bucketBoard,
    spatial: spatialBoard,
    array: arrayBoard,
    graph: graphBoard,
    post,
    react,
    change,
    simulation: (options) => simulation(runtime, options),
    circles: (options) => circles(runtime, options),
  };
}
