// A worker for the pool's test: doubles a number after so many milliseconds.
process.on('message', ({ value, afterMs }: { value: number; afterMs: number }) => {
  setTimeout(() => process.send!(2 * value), afterMs)
})
