// Where a vendor command's work is done: at the running till, or in this process on the vendor's own store.
import { identityOf, runningService } from '../common/actor-home.ts'
import { ownService } from '../common/http.ts'
import { openVendorHome, type VendorHome, vendorFolder } from './home.ts'
import type { VendorStore } from './store.ts'

type Json = Record<string, unknown>

/** Looks at the store where no till runs; nothing that is open is presented from here. */
async function inStore<T>(home: VendorHome, work: (store: VendorStore) => Promise<T>): Promise<T> {
  const [{ openLevelDatabase }, { bytesOfHex }, { VendorStore }] = await Promise.all([
    import('../../node/store/level-database.ts'),
    import('../../proto/bytes.ts'),
    import('./store.ts'),
  ])
  const database = await openLevelDatabase(home.store, { genesisHash: bytesOfHex(home.network) })
  const store = new VendorStore(database, home.network)
  try {
    return await work(store)
  } finally {
    await store.close()
  }
}

/** The newest sales of a vendor, newest first: at most `limit`, or all. */
export async function salesOf(dir: string, name: string | undefined, limit?: number): Promise<readonly Json[]> {
  const running = runningService(dir, 'vendor', vendorFolder(name))
  const home = openVendorHome(dir, name)
  if (running)
    return ownService(identityOf(home), running.http)('GET', limit === undefined ? '/sales' : `/sales?limit=${limit}`)
  const { saleToJson } = await import('./json.ts')
  return inStore(home, async store => (await store.newest(limit)).map(saleToJson))
}

/** One sale with all that was signed about it. Throws `bad_input`, `not_found`. */
export async function saleOf(dir: string, name: string | undefined, payment: string): Promise<Json> {
  const running = runningService(dir, 'vendor', vendorFolder(name))
  const home = openVendorHome(dir, name)
  if (running) return ownService(identityOf(home), running.http)('GET', `/sales/${encodeURIComponent(payment)}`)
  const [{ evidenceToJson }, { notTaken }, { checkDigest }] = await Promise.all([
    import('./json.ts'),
    import('./till.ts'),
    import('../common/payment.ts'),
  ])
  const digest = checkDigest(payment)
  return inStore(home, async store => {
    const sale = store.sale(digest)
    if (!sale) throw notTaken(digest)
    return evidenceToJson(sale)
  })
}
