// The rows of engine.start_batch serve rescue only. When nothing of a batch runs any more, its row is deleted with the next
// heartbeat. A row whose delete failed is deleted together with the next ones.

import type { Context } from '../context.ts'
import { sql } from '../statements.ts'

export class FinishedBatches {
  private readonly context: Pick<Context, 'db'>
  private startIds: string[] = []

  constructor(context: Pick<Context, 'db'>) {
    this.context = context
  }

  add(startId: string): void {
    this.startIds.push(startId)
  }

  async forget(): Promise<void> {
    if (this.startIds.length === 0) return
    const startIds = this.startIds
    this.startIds = []
    try {
      await this.context.db.query(sql('forget-batches'), [startIds])
    } catch (error) {
      this.startIds.push(...startIds)
      throw error
    }
  }
}
