// The members as the authority knows them: those of genesis, and those of its own records.
import { type Certificate, parseCertificate } from '../../proto/certificates.ts'
import { MupibError } from '../../proto/errors.ts'
import type { AuthorityHome } from './home.ts'
import { decidedMemberships } from './records.ts'

export interface KnownMember {
  readonly name: string
  readonly role: 'bank' | 'auditor'
  readonly tokenValue: bigint
  /** Oldest first. */
  readonly certificates: readonly Certificate[]
}

/** A member by name. Throws `not_found`. */
export function memberNamed(home: AuthorityHome, name: string): KnownMember {
  let member: KnownMember | undefined = home.genesis.members
    .filter(known => known.name === name)
    .map(({ role, tokenValue, certificateDer }) => ({
      name,
      role,
      tokenValue,
      certificates: [parseCertificate(certificateDer)],
    }))[0]
  for (const { record, certificate } of decidedMemberships(home)) {
    if (record.name !== name || record.action !== 'admit' || !certificate) continue
    const { role, tokenValue } = record
    member = { name, role, tokenValue, certificates: [...(member?.certificates ?? []), certificate] }
  }
  if (!member)
    throw new MupibError('not_found', `no member is called ${name}`, {
      hint: "members of genesis and of this authority's own records are known here",
    })
  return member
}
