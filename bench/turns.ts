// Ours and the peer's take turns in one run of the program: what else the machine does meets both.

export type Turns<Result> = { readonly ours: readonly Result[]; readonly peer: readonly Result[] }

/** A round of each that warms both up and is dropped, then `runs` of each; who begins changes with every round. */
export async function turns<Result>(
  runs: number,
  ours: (round: number) => Promise<Result>,
  peer: ((round: number) => Promise<Result>) | null,
): Promise<Turns<Result>> {
  const results: { ours: Result[]; peer: Result[] } = { ours: [], peer: [] }
  for (let round = 0; round <= runs; round++) {
    const sides = [
      { side: results.ours, measure: ours },
      ...(peer ? [{ side: results.peer, measure: peer }] : []),
    ]
    if (round % 2 === 1) sides.reverse()
    for (const { side, measure } of sides) {
      const result = await measure(round)
      if (round > 0) side.push(result)
    }
  }
  return results
}
