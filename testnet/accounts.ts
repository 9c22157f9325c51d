// Accounts of a local network's parties at its bank, opened in the operator's name: for auditors with the money from which they pay vendors.

import { openBankHome } from '../cli/bank/home.ts'
import { identityOf, readOwnCertificate } from '../cli/common/actor-home.ts'
import { ownService } from '../cli/common/http.ts'
import { certificateToText } from '../cli/common/identity.ts'
import { serviceNamed } from '../cli/common/services.ts'
import { toHex } from '../proto/bytes.ts'
import type { Actor, NetworkFiles } from './folders.ts'

/** What an auditor starts with, in minor units: it pays vendors before the bank pays it. */
const auditorFloat = 10n ** 12n

type Party = Pick<Actor, 'kind' | 'certificateFile'>

/** The bank's service, called as its operator. */
export function bankOperator(network: NetworkFiles): ReturnType<typeof ownService> {
  const { base } = serviceNamed(network.servicesFile, network.bank.name, 'bank')
  return ownService(identityOf(openBankHome(network.dir)), base)
}

/** Opens the parties' accounts; safe to repeat. */
export async function openAccounts(network: NetworkFiles, parties: readonly Party[]): Promise<void> {
  const call = bankOperator(network)
  for (const { kind, certificateFile } of parties) {
    const certificate = readOwnCertificate(certificateFile)
    await call('POST', '/accounts', { certificate: certificateToText(certificate) })
    if (kind !== 'auditor') continue
    const account = toHex(certificate.facts.publicKey)
    await call('POST', '/deposits', { account, amount: auditorFloat, reference: `float of ${certificate.name}` })
  }
}
