// Vendors that join a local network after it was made: certified by its authority, with an account, a folder and a process of their own.
import * as path from 'node:path'
import { issue } from '../cli/authority/authority.ts'
import { openAccounts } from './accounts.ts'
import { actorConfig } from './create.ts'
import { actorNamed, type NetworkFiles, withVendor, writeJson, writeNetworkFile } from './folders.ts'
import { type Progress, startServices } from './network.ts'

/** Days that a vendor's certificate holds. */
const certificateDays = 730

/** The network with these vendors as well, each running. Throws what making and starting them throws. */
export async function addVendors(
  network: NetworkFiles,
  names: readonly string[],
  trusting: readonly string[],
  progress: Progress,
): Promise<NetworkFiles> {
  let grown = network
  for (const name of names) {
    grown = withVendor(grown, name)
    const actor = actorNamed(grown, name)
    progress(`making the vendor ${name}`)
    await issue({ dir: grown.dir }, name, { role: 'vendor', out: actor.folder, days: certificateDays })
    const shared = path.relative(actor.folder, grown.dir)
    const listening = { http: { host: '127.0.0.1', port: 0 } }
    const auditors = grown.auditors.map(auditor => auditor.name)
    writeJson(actor.configFile, actorConfig('vendor', shared, listening, { auditors, trustingVendors: trusting }, name))
  }
  const added = names.map(name => actorNamed(grown, name))
  await openAccounts(grown, added)
  await startServices(grown, added, progress)
  writeNetworkFile(grown)
  return grown
}
