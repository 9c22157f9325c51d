// Whom a bank issues tokens to: anybody with an account and the money, or only whom an auditor trusts.
import { MupibError } from '../../proto/errors.ts'
import { identityOf } from '../common/actor-home.ts'
import { signedCall } from '../common/http.ts'
import type { CertificateChecks } from '../common/identity.ts'
import { serviceNamed } from '../common/services.ts'
import type { AccountId } from './accounts.ts'
import type { BankHome } from './home.ts'

/** Asked before tokens are issued for a new order. */
export interface IssuePolicy {
  /** Why this account gets no tokens; undefined where it does. */
  refusalOf(account: AccountId): Promise<MupibError | undefined>
}

export const openPolicy: IssuePolicy = { refusalOf: () => Promise.resolve(undefined) }

/** Users get tokens while an auditor trusts them with blocks of so many tokens. An auditor that does not answer is asked in vain. */
export function createTrustPolicy(
  home: BankHome,
  checks: CertificateChecks,
  { auditor, minimumBlockSize }: { readonly auditor: string; readonly minimumBlockSize: number },
): IssuePolicy {
  const caller = { identity: identityOf(home), checks }
  return {
    async refusalOf(account) {
      const blockSize = await askBlockSize(account)
      if (blockSize instanceof MupibError || blockSize >= minimumBlockSize)
        return blockSize instanceof MupibError ? blockSize : undefined
      return new MupibError('blocked', `${auditor} trusts this user with blocks of ${blockSize} tokens only`, {
        blockSize,
        minimumBlockSize,
      })
    },
  }

  async function askBlockSize(account: AccountId): Promise<number | MupibError> {
    try {
      const peer = serviceNamed(home.servicesFile, auditor, 'auditor')
      const { blockSize } = await signedCall<{ blockSize?: unknown }>(caller, peer, 'GET', `/trust/${account}`)
      if (typeof blockSize === 'number' && Number.isSafeInteger(blockSize)) return blockSize
      throw new MupibError('refused', `${auditor} did not say how far it trusts this user`)
    } catch (error) {
      if (!(error instanceof MupibError)) throw error
      return new MupibError(error.code, `no tokens without the word of ${auditor}: ${error.message}`, {
        hint: error.hint ?? `the bank's policy asks ${auditor}; try again when it answers`,
        cause: error,
      })
    }
  }
}

/** The policy of a bank's config. */
export const issuePolicyOf = (home: BankHome, checks: CertificateChecks): IssuePolicy => {
  const { policy } = home.own
  return policy === undefined ? openPolicy : createTrustPolicy(home, checks, policy)
}
