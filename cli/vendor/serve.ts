// `vendor serve`: the till as a process of its own.
import { MupibError } from '../../proto/errors.ts'
import { identityOf } from '../common/actor-home.ts'
import { CertificateChecks } from '../common/identity.ts'
import type { Output } from '../common/output.ts'
import { readRunFile } from '../common/run-file.ts'
import { openVendorHome } from './home.ts'

/** Runs the till until SIGINT or SIGTERM. Throws `already_running` and why it could not start or go on. */
export async function serveVendor(output: Output, name: string | undefined): Promise<void> {
  const home = openVendorHome(output.dir, name)
  const running = readRunFile(home.runFile)
  if (running)
    throw new MupibError('already_running', `this vendor runs already (process ${running.pid})`, {
      hint: `it answers at ${running.http}`,
    })
  const [{ createLog }, { checkPort, runService }, { Till }, { createVendorServer }] = await Promise.all([
    import('../../node/events.ts'),
    import('../common/server.ts'),
    import('./till.ts'),
    import('./service.ts'),
  ])
  await checkPort(home.http)
  const log = createLog('info', home.name)
  const till = await Till.open({
    home,
    log: ({ kind, ...fields }) => log.info({ event: kind, ...fields }, kind),
  })
  const server = createVendorServer(till, { identity: identityOf(home), checks: new CertificateChecks(home.roots) })
  const service = { server, peerId: '', failed: till.failed, close: () => till.close() }
  await runService(service, home, http => {
    log.info({ event: 'ready', http }, 'ready')
    output.progress(`the vendor ${home.name} answers at ${http}; Ctrl-C stops it`)
  })
}
