// Numbers and times as the page says them.

const number = new Intl.NumberFormat('en')

/** 1,234. */
export const countText = (count: number): string => number.format(Math.round(count))

/** Minor units from a decimal string, which may be longer than a number holds. */
export const amountText = (amount: string): string => (/^-?\d+$/.test(amount) ? number.format(BigInt(amount)) : amount)

/** 90 ms, 1.24 s, 12.5 s, 3 min 20 s. */
export function timeText(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)} ms`
  if (ms < 10_000) return `${(ms / 1_000).toFixed(2)} s`
  if (ms < 120_000) return `${(ms / 1_000).toFixed(1)} s`
  return `${Math.floor(ms / 60_000)} min ${Math.round((ms % 60_000) / 1_000)} s`
}

/** A digest's beginning. */
export const digestText = (digest: string): string => (digest.length > 16 ? `${digest.slice(0, 12)}…` : digest)
