// I13 over machines and versions of Node: these seeds give these traces, wherever they run. Whoever changes what a seed draws or what the
// core does rewrites the list with `npx vitest run consensus/simulator/determinism.test.ts -u`; nothing else may change it.
import { expect, test } from 'vitest'
import { runSchedule } from './simulation.ts'

/** Small networks, and some of the larger ones. */
const sizes = [undefined, undefined, undefined, 10, 13]

test('pinned traces', { timeout: 120_000 }, () => {
  const traces = Array.from({ length: 20 }, (_, at) => {
    const validators = sizes[at % sizes.length]
    const { outcome, height, view, events, traceHash } = runSchedule(at + 1, { wish: { validators } })
    return `${at + 1}: ${outcome}, height ${height}, view ${view}, ${events} events, ${traceHash}`
  })
  expect(traces).toMatchInlineSnapshot(`
    [
      "1: pass, height 10, view 14, 968 events, c130e9766d578aca",
      "2: pass, height 9, view 10, 675 events, 57a965ec6d0b8573",
      "3: pass, height 12, view 14, 1142 events, e1d28c836e15983c",
      "4: pass, height 11, view 13, 5816 events, d710b2518b78db3f",
      "5: pass, height 9, view 11, 7780 events, 49cf6627a93964fc",
      "6: pass, height 16, view 17, 1418 events, 510ffccd1dc8478e",
      "7: pass, height 9, view 11, 775 events, 2d4cd926046d529e",
      "8: pass, height 10, view 13, 2752 events, 0e9b8e9a4c2723f5",
      "9: pass, height 14, view 16, 6386 events, e544f8ecfe6896b6",
      "10: pass, height 6, view 7, 8130 events, 011a50f0c8ad077d",
      "11: pass, height 5, view 7, 855 events, 2d0ad7197b601c91",
      "12: pass, height 11, view 14, 952 events, c61ba2462ce21a7f",
      "13: pass, height 12, view 15, 2989 events, 19d73716a9b2ce90",
      "14: pass, height 18, view 19, 10923 events, d265eecd28c777bd",
      "15: pass, height 14, view 16, 9817 events, b788c0110a508882",
      "16: unknown, height 5, view 7, 1066 events, 556a17b4137e65cf",
      "17: pass, height 5, view 6, 2372 events, a0fd4fc19c34aa2e",
      "18: pass, height 18, view 19, 1307 events, 06badff48b460e93",
      "19: pass, height 10, view 11, 5928 events, 4e7d60bc8304cb93",
      "20: pass, height 9, view 11, 11670 events, 8962d8266a31dbb1",
    ]
  `)
})
