// A process of its own that runs simulated seeds: started by simulate-consensus.ts, ends with it.
import { runSeeds, type SeedsOrder } from './simulated-seeds.ts'

process.on('message', (order: SeedsOrder) => process.send?.(runSeeds(order)))
process.on('disconnect', () => process.exit(0))
