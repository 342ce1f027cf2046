/** Who pays for an allocation: a budget, or a reservation in it. */
export interface Account {
  /** Throws OUT_OF_MEMORY where the bytes are not to be had at once. */
  take(bytes: number, label: string): void;
  give(bytes: number): void;
}

export const unlimited: Account = {
  take: () => {},
  give: () => {},
};
