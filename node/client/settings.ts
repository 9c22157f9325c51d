// Times and bounds of a ledger client. Local settings: nobody else has to agree with them.

export const clientSettings = {
  /** Submissions under way at once, and their bytes; further ones wait for their turn. Below what a validator's pool takes of one client. */
  inFlightRecords: 4_096,
  inFlightBytes: 32 * 1024 * 1024,
  /** Bytes that may wait on one session before more is handed to it. */
  sessionBytes: 4 * 1024 * 1024,
  /** A validator that owes an answer and says nothing for this long is not waited for alone. */
  silenceMs: 1_000,
  /** One answer that does not come from a validator which does speak. */
  answerMs: 5_000,
  /** First and longest pause before an undecided record is sent to everybody again. */
  repeatFirstMs: 10_000,
  repeatCapMs: 60_000,
  /** First and longest pause after a validator's refusal that may pass (a full pool, a full disk). */
  retryFirstMs: 100,
  retryCapMs: 5_000,
  /** How often waiting requests are looked at; nothing is sent for it while all goes well. */
  tickMs: 200,
  /** How long a question to all waits for more than f+1 answers. */
  gatherMs: 2_000,
  /** Verified signatures that are remembered. */
  signatures: 8_192,
} as const
