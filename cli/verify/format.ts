// What the formats of files that can be verified have in common.
import { MupibError } from '../../proto/errors.ts'
import type { Genesis } from '../../proto/genesis.ts'

/** What a file proves; each format adds its own fields. */
export interface VerifiedFile {
  readonly holds: true
  /** One sentence. */
  readonly statement: string
  readonly network: string
}

/** The same with what people are shown. */
export interface Verified<T extends VerifiedFile = VerifiedFile> {
  readonly result: T
  readonly lines: readonly (readonly [string, unknown])[]
}

/** Checks the text of a file of one format. Throws `bad_proof` where it does not hold, `bad_input` where its form is wrong. */
export type FileCheck = (text: string, file: string, genesis: Genesis) => Verified

/** What has not the form of its format is bad input; what has it is held to what it says. */
export function readForm<T>(parse: (text: string) => T, text: string, file: string): T {
  try {
    return parse(text)
  } catch (cause) {
    if (!(cause instanceof MupibError) || cause.code !== 'bad_proof') throw cause
    throw new MupibError('bad_input', `${file} cannot be read: ${cause.message}`, { ...cause.fields, cause })
  }
}
