// A process of its own that runs simulations: started by figure.ts through the pool of workers, ends with it.
import { runSetting } from './model.ts'
import type { RunResult, Setting } from './setting.ts'

/** One setting with seeds 1 to `seeds`. */
export interface RunOrder {
  readonly setting: Setting
  readonly slots: number
  readonly seeds: number
}

/** One result for each seed. */
export const runOrder = ({ setting, slots, seeds }: RunOrder): RunResult[] =>
  Array.from({ length: seeds }, (_, at) => runSetting(setting, slots, at + 1))

process.on('message', (order: RunOrder) => process.send?.(runOrder(order)))
process.on('disconnect', () => process.exit(0))
