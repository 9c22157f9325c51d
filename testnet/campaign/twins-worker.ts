// A process of its own that runs Twins cases: started by run-twins.ts, ends with it.
import { runTwinsStretch, type TwinsOrder } from './twins-stretch.ts'

process.on('message', (order: TwinsOrder) => process.send?.(runTwinsStretch(order)))
process.on('disconnect', () => process.exit(0))
// Ctrl-C reaches the whole group of processes: the one that started this one ends it, once it has its figures.
process.on('SIGINT', () => {})
