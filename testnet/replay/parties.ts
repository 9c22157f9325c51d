// The parties of a network as a replay meets them: the bank and the auditors called as their operators, vendors that cheat on purpose.
import * as path from 'node:path'
import { openAuditorHome } from '../../cli/auditor/home.ts'
import { identityOf } from '../../cli/common/actor-home.ts'
import { ownService, signedCall } from '../../cli/common/http.ts'
import { CertificateChecks, certificateToText } from '../../cli/common/identity.ts'
import { type UserPayment, userPaymentToJson } from '../../cli/common/payment.ts'
import { serviceNamed } from '../../cli/common/services.ts'
import { openVendorHome } from '../../cli/vendor/home.ts'
import { readGenesis } from '../../node/config.ts'
import { toHex } from '../../proto/bytes.ts'
import type { Certificate } from '../../proto/certificates.ts'
import { assert } from '../../proto/errors.ts'
import type { Digest } from '../../proto/hash.ts'
import { type Presentation, signStatement, statementToJson } from '../../proto/statements.ts'
import type { Verdict } from '../../proto/verdict.ts'
import { bankOperator } from '../accounts.ts'
import type { Actor, NetworkFiles } from '../folders.ts'

/** A decided token block as the auditor lists it. */
export interface DecidedBlock {
  readonly user: string
  readonly digest: Digest
  readonly state: string
  readonly latencyMs: number
  readonly tokens: readonly DecidedToken[]
}

export interface DecidedToken {
  readonly serial: string
  readonly payload: Digest
  readonly verdict: Verdict
  readonly charged: boolean
}

/** How far a user is trusted, as the auditor tells it. */
export interface UserTrust {
  readonly user: string
  readonly gamma: number
  readonly trust: string
  readonly blockSize: number
}

export type Operator = ReturnType<typeof ownService>

/** A running network, and the calls that its operator makes. */
export interface ReplayedNetwork {
  readonly files: NetworkFiles
  readonly network: Digest
  /** What a token is worth, in minor units. */
  readonly tokenValue: bigint
  readonly bank: Operator
  readonly auditor: Operator
}

const auditorOperator = ({ servicesFile }: NetworkFiles, { folder, name }: Actor): Operator => {
  const home = openAuditorHome(folder)
  return ownService(identityOf(home), serviceNamed(servicesFile, name, 'auditor').base)
}

/** Finds the services of a running network. Throws `unreachable`. */
export function connectNetwork(files: NetworkFiles): ReplayedNetwork {
  const bank = readGenesis(files.genesisFile).members.find(({ role }) => role === 'bank')
  assert(bank, 'a network of ours has a bank')
  const { network } = openAuditorHome(files.auditor.folder)
  return {
    files,
    network,
    tokenValue: bank.tokenValue,
    bank: bankOperator(files),
    auditor: auditorOperator(files, files.auditor),
  }
}

/** Opens a user's account and puts money into it; `reference` makes the deposit count once. */
export async function fundUser(
  { bank }: ReplayedNetwork,
  certificate: Certificate,
  amount: bigint,
  reference: string,
): Promise<void> {
  await bank('POST', '/accounts', { certificate: certificateToText(certificate) })
  await bank('POST', '/deposits', { account: toHex(certificate.facts.publicKey), amount, reference })
}

/** A vendor that sells twice: presents a payment that it had delivered for once more, under a signature of now. */
export async function sellAgain({ files }: ReplayedNetwork, given: UserPayment, payload: Digest): Promise<void> {
  const { vendor, auditor } = given.payment.details
  const home = openVendorHome(path.join(files.dir, 'vendors', vendor))
  const presentation: Presentation = {
    kind: 'presentation',
    network: home.network,
    signer: home.fingerprint,
    payload,
    time: Date.now(),
    auditor,
    holderSignature: given.payment.signature,
  }
  const caller = { identity: identityOf(home), checks: new CertificateChecks(home.roots) }
  const body = {
    ...userPaymentToJson(given),
    presentation: statementToJson(signStatement(presentation, home.key)),
  }
  await signedCall(caller, serviceNamed(files.servicesFile, auditor, 'auditor'), 'POST', '/payments', body)
}
