// Faults of clocks: off by a constant, jumping once, going too fast or too slow.
import { type ClockShift, setClock } from '../../../clock/clock.ts'
import { type ActionOf, type Begun, type FaultContext, named, nothingToEnd } from './fault.ts'

const onClocks =
  <A extends { readonly nodes: readonly string[] }>(
    setting: (action: A) => ClockShift,
    textOf: (action: A) => string,
    isHeld: boolean,
  ) =>
  async ({ field }: FaultContext, action: A): Promise<Begun> => {
    const nodes = await field.resolve(action.nodes)
    const set = async (shift: ClockShift): Promise<void> => {
      for (const name of nodes) setClock(field.actor(name), shift)
    }
    await set(setting(action))
    return { nodes, text: `clocks of ${named(nodes)} ${textOf(action)}`, end: isHeld ? () => set({}) : nothingToEnd }
  }

const signed = (milliseconds: number): string => `${milliseconds < 0 ? '−' : '+'}${Math.abs(milliseconds)} ms`

export const clockSkew = onClocks<ActionOf<'clockSkew'>>(
  ({ by }) => ({ offsetMs: by }),
  ({ by }) => `${signed(by)} off`,
  true,
)
export const clockJump = onClocks<ActionOf<'clockJump'>>(
  ({ by }) => ({ offsetMs: by }),
  ({ by }) => `jump by ${signed(by)}`,
  false,
)
export const clockDrift = onClocks<ActionOf<'clockDrift'>>(
  ({ rate }) => ({ driftRate: rate }),
  ({ rate }) => `drift by ${signed(Math.round(rate * 1_000))} each second`,
  true,
)
