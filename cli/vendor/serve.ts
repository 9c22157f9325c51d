// `vendor serve`: the till as a process of its own.
import { MupibError } from '../../proto/errors.ts'
import { identityOf } from '../common/actor-home.ts'
import { CertificateChecks } from '../common/identity.ts'
import type { Output } from '../common/output.ts'
import { readRunFile } from '../common/run-file.ts'
import { openVendorHome, type VendorHome } from './home.ts'
import type { VendorSessions, VendorSessionsOptions } from './sessions.ts'

/**
 * Runs the till until SIGINT or SIGTERM; `step` decides in its sessions where it is given. Throws `already_running` and why it could not start or go on.
 */
export async function serveVendor(
  output: Output,
  name: string | undefined,
  step?: VendorSessionsOptions['step'],
): Promise<void> {
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
  const tell = ({ kind, ...fields }: { readonly kind: string }): void => log.info({ event: kind, ...fields }, kind)
  const till = await Till.open({ home, log: tell })
  const sessions = await openSessions(home, tell, step).catch(async (error: unknown) => {
    await till.close()
    throw error
  })
  const options = { identity: identityOf(home), checks: new CertificateChecks(home.roots) }
  const service = {
    server: createVendorServer(till, options, sessions),
    peerId: '',
    failed: sessions ? Promise.race([till.failed, sessions.failed]) : till.failed,
    async close() {
      await sessions?.close()
      await till.close()
    },
  }
  await runService(service, home, http => {
    log.info({ event: 'ready', http }, 'ready')
    output.progress(`the vendor ${home.name} answers at ${http}; Ctrl-C stops it`)
  })
}

/** What a vendor without sessions need not load is loaded here. */
async function openSessions(
  home: VendorHome,
  log: (event: { readonly kind: string }) => void,
  step: VendorSessionsOptions['step'],
): Promise<VendorSessions | undefined> {
  const settings = home.own.sessions
  if (!settings) return undefined
  const { VendorSessions } = await import('./sessions.ts')
  return VendorSessions.open({ home, settings, log, ...(step ? { step } : {}) })
}
