// A process of its own that runs stretches of seeds, or shrinks what failed: started by campaign.ts, ends with it.
import type { Reproduction } from './scenario-file.ts'
import { shrink } from './shrink.ts'
import { type RunOrder, runStretch } from './stretch.ts'

export interface ShrinkOrder {
  readonly type: 'shrink'
  readonly failing: Reproduction
}

process.on('message', (order: RunOrder | ShrinkOrder) =>
  process.send?.(order.type === 'run' ? runStretch(order) : shrink(order.failing)),
)
process.on('disconnect', () => process.exit(0))
// Ctrl-C reaches the whole group of processes: the one that started this one ends it, once it has its figures.
process.on('SIGINT', () => {})
