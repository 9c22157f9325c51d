// What a planted bug of a simulated run may switch: ledger and its storage, bank, auditor, till.
import type { Manifest } from '../manifest.ts'
import type { AuditorSwitches } from './auditor.ts'
import type { BankSwitches } from './bank.ts'
import type { LedgerSwitches } from './ledger-application.ts'
import type { TillSwitches } from './session-till.ts'

export interface PlantedBug {
  readonly name: string
  /** One line: what is wrong. */
  readonly summary: string
  readonly ledger?: LedgerSwitches
  readonly bank?: BankSwitches
  readonly auditor?: AuditorSwitches
  readonly till?: TillSwitches
  /** Makes a schedule one that brings it out. */
  readonly wish?: (manifest: Manifest) => Manifest
  /** Tokens that expire soon. */
  readonly isShortLived?: boolean
}
