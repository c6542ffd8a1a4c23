/** Between two looks, milliseconds: a test that looks as often as it can takes the processor from what it waits for. */
const PAUSE_MS = 10

/** Looks until it holds. A test that waits for ever is ended by the runner's own time limit. */
export async function until(holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise(resolve => setTimeout(resolve, PAUSE_MS))
}
