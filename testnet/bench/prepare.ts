// Signs the load of a benchmark on all cores.
import { runOnCores } from '../worker-pool.ts'
import type { PreparedUser, UserOrder } from './prepared-user.ts'

/** Prepares all users; tells after each how many are done. */
export async function prepareUsers(
  orders: readonly UserOrder[],
  onDone?: (count: number) => void,
): Promise<PreparedUser[]> {
  const file = new URL('./prepare-worker.ts', import.meta.url)
  const prepared = await runOnCores<UserOrder, PreparedUser>(file, orders, onDone)
  return prepared.sort((a, b) => a.publication - b.publication)
}
