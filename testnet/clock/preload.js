// Preloaded into the processes of a local network (node --import): their wall clock goes wrong by as much as clock.json says, which is
// watched. Timers and the monotonic clock stay right, as on a machine whose time is set wrongly. Plain JavaScript, since it comes before
// what strips types. The file is written in place: whoever replaced it would not be heard.
import * as fs from 'node:fs'

const file = new URL(import.meta.url).searchParams.get('file') ?? ''
const TrueDate = Date
const trueNow = Date.now
let isTrue = true
let offsetMs = 0
let driftRate = 0
let since = 0

const now = () => {
  const real = trueNow()
  return isTrue ? real : Math.round(real + offsetMs + driftRate * (real - since))
}

function read() {
  try {
    const told = JSON.parse(fs.readFileSync(file, 'utf8'))
    offsetMs = Number(told.offsetMs ?? 0)
    driftRate = Number(told.driftRate ?? 0)
    since = Number(told.since ?? 0)
    isTrue = offsetMs === 0 && driftRate === 0
  } catch {
    // half written: the other half comes with the next change
  }
}

function ShiftedDate(...parts) {
  if (new.target === undefined) return new TrueDate(now()).toString()
  return Reflect.construct(TrueDate, parts.length === 0 ? [now()] : parts, new.target)
}
Object.setPrototypeOf(ShiftedDate, TrueDate)
Object.defineProperties(ShiftedDate, {
  name: { value: 'Date' },
  length: { value: TrueDate.length },
  // one prototype for both, so that dates made before are dates still
  prototype: { value: TrueDate.prototype },
  now: { value: now, writable: true, configurable: true },
})
TrueDate.prototype.constructor = ShiftedDate
TrueDate.now = now
globalThis.Date = ShiftedDate

read()
// not what keeps a process alive
fs.watch(file, { persistent: false }, read)
