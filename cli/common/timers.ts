// Waiting for a time that may be far away.

/** The longest that one timer waits, in milliseconds: Node's own take no more than 2^31 - 1. */
const timerMsMax = 86_400_000

/** How long a timer waits for a time (milliseconds since 1970); where that is far away, whoever it wakes waits again. */
export const timerMsUntil = (time: number): number => Math.min(timerMsMax, Math.max(0, time - Date.now()))
